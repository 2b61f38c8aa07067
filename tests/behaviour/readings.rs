//! Reads bodies with an adapter, and checks what must hold however damaged the body is. The fuzz targets
//! check the same.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use adapters::{Context, Format, InMemory, Kept, Scratch, Unreadable};
use domain::{Dataset, RecognitionRules, Severity, parse_day};

pub(crate) fn context(dataset: Dataset) -> Context<'static> {
    // The organisation that the samples' records belong to.
    let organisation = if dataset == Dataset::Ehcp { "E10000015" } else { "RY4" };
    Context { organisation: organisation.parse().unwrap(), today: parse_day("2026-11-20").unwrap(), rules: RecognitionRules::built_in() }
}

pub(crate) fn read(format: Format, source: &mut dyn Read) -> (Kept, Result<(), Unreadable>) {
    read_with(format, source, &InMemory)
}

pub(crate) fn read_with(format: Format, source: &mut dyn Read, scratch: &dyn Scratch) -> (Kept, Result<(), Unreadable>) {
    let mut kept = Kept::default();
    let end = adapters::read(format, source, scratch, &context(format.dataset()), &mut kept);
    (kept, end)
}

/// Reads damaged bytes: whatever happens, the rows that were handed over must be consistent.
pub(crate) fn survives(format: Format, bytes: &[u8]) {
    let (kept, end) = read(format, &mut Cursor::new(bytes));
    assert_holds_together(&kept);
    if let Err(unreadable) = end {
        assert!(!unreadable.message().is_empty() && !unreadable.fix().is_empty());
    }
}

pub(crate) fn assert_holds_together(kept: &Kept) {
    let mut numbers = HashSet::new();
    for row in &kept.rows {
        assert!(row.number > 0 && numbers.insert(row.number), "rows are counted from 1, each once");
        let rejected = row.issues.iter().any(|issue| issue.code.severity() == Severity::Error);
        assert_eq!(row.record.is_none(), rejected, "a row has no record exactly where one of its issues is an error");
        assert!(row.issues.iter().all(|issue| issue.row == row.number && issue.referral_id == row.referral_id));
    }
    for row in &kept.published {
        assert!(row.number > 0 && numbers.insert(row.number), "rows are counted from 1, each once");
        let rejected = row.issues.iter().any(|issue| issue.code.severity() == Severity::Error);
        assert_eq!(row.count.is_none(), rejected, "a row has no count exactly where one of its issues is an error");
        assert!(row.issues.iter().all(|issue| issue.row == row.number));
    }
    assert!(kept.file_issues.iter().all(|issue| issue.row == 0));
}
