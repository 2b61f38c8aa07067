//! What a provider's informatics team starts from: empty templates, ten rows that show how each thing
//! is said, and views to begin its own export with.

mod examples;
mod templates;
#[cfg(test)]
mod tests;

use std::io::{self, Cursor};

use adapters::Field;
use chrono::{Datelike, NaiveDate};
use domain::organisations::OrganisationCode;
use domain::submissions::{Dataset, Record};

use crate::cases::one_of_each;
use crate::formats::{Period, csds, csv, fhir, hl7v2, mhsds, ndjson, xlsx};
use crate::returns;
pub use examples::examples;

/// A file of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// Writes rows, whose they are, and as on which day.
type Writer = fn(&[Record], OrganisationCode, NaiveDate, &mut Cursor<Vec<u8>>) -> io::Result<()>;

/// A file that is written anew for each pack: its format, its name, and how.
type Written = (&'static str, &'static str, Writer);

/// What is filled in by people, or by an export table by table, without a row. Messages are not filled in.
const TEMPLATES: &[Written] = &[
    ("csv", "waiting-list-template.csv", |_, _, _, out| templates::header(native(), out)),
    ("xlsx", "waiting-list-template.xlsx", |_, _, _, out| templates::workbook(native(), out)),
    ("csds", "csds-template.zip", |none, provider, as_of, out| csds::write(none, provider, &month_before(as_of), out)),
    ("mhsds", "mhsds-template.zip", |none, provider, as_of, out| mhsds::write(none, provider, &month_before(as_of), out)),
];

/// The ten rows in each format: as many of them as it can carry. A council's return has ten children of its own.
const EXAMPLES: &[Written] = &[
    ("csv", "waiting-list-examples.csv", |records, _, _, out| csv::write(records, out)),
    ("xlsx", "waiting-list-examples.xlsx", |records, _, _, out| xlsx::write(records, out)),
    ("ndjson", "waiting-list-examples.ndjson", |records, _, _, out| ndjson::write(records, out)),
    ("csds", "csds-examples.zip", |records, provider, as_of, out| csds::write(records, provider, &month_before(as_of), out)),
    ("mhsds", "mhsds-examples.zip", |records, provider, as_of, out| mhsds::write(records, provider, &month_before(as_of), out)),
    ("fhir", "fhir-examples.json", |records, _, _, out| fhir::write(records, out)),
    ("fhir-ndjson", "fhir-examples.ndjson", |records, _, _, out| fhir::write_lines(records, out)),
    ("hl7v2", "hl7v2-examples.hl7", |records, provider, as_of, out| hl7v2::write(records, provider, as_of, out)),
    ("sen2-xml", "sen2-examples.xml", |_, _, as_of, out| returns::write(out, as_of, &one_of_each(SEED, as_of))),
];

/// From which the council's children are drawn.
const SEED: u64 = 1;

/// The columns of the native formats.
fn native() -> &'static [Field] {
    adapters::find(Dataset::WaitingList, "csv").map_or(&[], |adapter| adapter.fields())
}

/// The month that a data set of that day reports.
fn month_before(day: NaiveDate) -> Period {
    let last = day - chrono::Days::new(u64::from(day.day()));
    last - chrono::Days::new(u64::from(last.day0()))..=last
}

const VIEWS: &[(&str, &str)] = &[
    ("systmone-waiting-list.sql", include_str!("../../../../deploy/onboarding/systmone-waiting-list.sql")),
    ("rio-waiting-list.sql", include_str!("../../../../deploy/onboarding/rio-waiting-list.sql")),
];

/// The whole pack, for the provider on that day.
pub fn pack(provider: OrganisationCode, as_of: NaiveDate) -> io::Result<Vec<PackFile>> {
    let records = examples(provider, as_of);
    let mut files = vec![PackFile { name: "README.md", bytes: include_bytes!("README.md").to_vec() }];
    let written = TEMPLATES.iter().map(|it| (it, &[][..])).chain(EXAMPLES.iter().map(|it| (it, &*records)));
    for ((_, name, write), records) in written {
        let mut out = Cursor::new(Vec::new());
        write(records, provider, as_of, &mut out)?;
        files.push(PackFile { name, bytes: out.into_inner() });
    }
    files.extend(VIEWS.iter().map(|(name, sql)| PackFile { name, bytes: sql.as_bytes().to_vec() }));
    Ok(files)
}
