//! What is written as FHIR is read back the same.

use domain::{ChildIdentifier, ChildReference, SubmittedRecord};

use super::*;
use crate::columns::{Column, Values, draft};

/// A row of the native columns, as any format would give it.
#[derive(Debug, Clone)]
struct Native(Vec<(Column, String)>);

impl Values for Native {
    fn value(&self, column: Column) -> Option<Result<&str, IssueCode>> {
        self.0.iter().find(|(at, _)| *at == column).map(|(_, value)| Ok(value.trim())).filter(|value| value != &Ok(""))
    }
}

fn value(column: Column) -> BoxedStrategy<String> {
    let name = column.name();
    let known = |values: &'static [&'static str]| prop::sample::select(values).prop_map(str::to_owned).boxed();
    match column {
        Column::ReferralId => "[A-Z]{2}-[0-9]{1,6}".boxed(),
        Column::NhsNumber => (0..90_000u32)
            .prop_filter_map("no check digit", |n| domain::NhsNumber::from_first_nine(999_000_000 + n))
            .prop_map(|number| number.as_str().to_owned())
            .boxed(),
        Column::Pathway => known(&["autism", "adhd", "speech-and-language", "autism|adhd", "audiology|mental-health"]),
        Column::Status => known(&["waiting", "on-hold", "seen", "closed", "rejected"]),
        Column::Stage => known(&["referral", "triage", "first-appointment", "assessment", "treatment"]),
        Column::RightToChoose => known(&["0", "1"]),
        Column::NotBroughtCount => (0..20u32).prop_map(|count| count.to_string()).boxed(),
        Column::Sex => known(&["1", "2", "9", "X", "Q", "male"]),
        Column::Priority => known(&["1", "2", "3", "routine"]),
        Column::District => known(&["E07000240", "E07000102"]),
        Column::PreviousProvider => known(&["RWR", "S1Y5D"]),
        Column::SourceOfReferral => known(&["01", "10", "ZZ"]),
        Column::GpPractice | Column::ReferredBy | Column::Commissioner => known(&["E82001", "06K", "not a code"]),
        Column::Team | Column::HoldReason => "[A-Za-z<>&\"'|é][A-Za-z <>&\"'|é]{0,20}".boxed(),
        _ if name.ends_with("date") || name.starts_with("hold_") || name == "date_of_birth" || name == "date_of_death" => {
            (2010..2026i32, 1..13u32, 1..29u32).prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")).boxed()
        }
        _ => "[A-Z0-9]{1,9}".boxed(),
    }
}

fn native() -> impl Strategy<Value = Native> {
    let columns: Vec<_> = Column::ALL
        .iter()
        .map(|column| {
            let always = matches!(
                column,
                Column::ReferralId
                    | Column::DateOfBirth
                    | Column::Pathway
                    | Column::ReferralReceivedDate
                    | Column::Status
                    | Column::LocalPatientId
            );
            (any::<bool>(), value(*column)).prop_map(move |(there, value)| (there || always).then_some((*column, value)))
        })
        .collect();
    columns.prop_map(|columns| Native(columns.into_iter().flatten().collect()))
}

fn records(rows: &[Native]) -> Vec<SubmittedRecord> {
    let context = crate::contract::kept::context("RY4");
    rows.iter()
        .enumerate()
        .filter_map(|(at, row)| {
            let draft = draft(at as u64 + 1, row, &context);
            let identifier: ChildIdentifier = draft.child?;
            Some(SubmittedRecord { child: ChildReference { identifier, date_of_birth: draft.date_of_birth? }, entry: draft.entry? })
        })
        .collect()
}

/// The record of each row, in order.
fn read_back(format: &str, bytes: &[u8]) -> Vec<Option<SubmittedRecord>> {
    let adapter = crate::formats::find(domain::Dataset::WaitingList, format).unwrap();
    let (kept, end) = read(adapter, "RY4", bytes);
    assert!(end.is_ok(), "{end:?}");
    assert!(kept.file_issues.is_empty() && kept.out_of_scope == 0);
    let mut rows = kept.rows;
    rows.sort_by_key(|row| row.number);
    rows.into_iter().map(|row| row.record).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read_back_the_same(rows in prop::collection::vec(native(), 1..5)) {
        // Keeps only the records that the domain accepts.
        let context = crate::contract::kept::context("RY4");
        let mut sink = Kept::default();
        let mut out = crate::contract::Rows::new(context.today, &mut sink);
        for (at, row) in rows.iter().enumerate() {
            out.draft(draft(at as u64 + 1, row, &context)).unwrap();
        }
        let records: Vec<_> = sink.rows.into_iter().filter_map(|row| row.record).collect();
        let expected: Vec<_> = records.iter().cloned().map(Some).collect();
        for kind in ["collection", "transaction", "message"] {
            let node = super::super::bundle(kind, &records);
            prop_assert_eq!(&read_back("fhir", serde_json::to_string(&node).unwrap().as_bytes()), &expected, "{} json", kind);
            prop_assert_eq!(&read_back("fhir", node.to_xml().as_bytes()), &expected, "{} xml", kind);
            let whole = super::super::from_xml(node.to_xml().as_bytes()).unwrap();
            prop_assert_eq!(&read_back("fhir", whole.to_string().as_bytes()), &expected, "{} xml, read whole", kind);
        }
        let lines: String = super::super::lines(&records).map(|node| serde_json::to_string(&node).unwrap() + "\n").collect();
        if !lines.is_empty() {
            prop_assert_eq!(&read_back("fhir-ndjson", lines.as_bytes()), &expected);
        }
    }
}

#[test]
fn the_rows_of_the_round_trip_are_records() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let rows: Vec<_> = (0..64).map(|_| native().new_tree(&mut runner).unwrap().current()).collect();
    assert!(records(&rows).len() > 40);
}
