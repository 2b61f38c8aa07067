use std::io::Cursor;

use adapters::{Adapter, Context, Fault, InMemory, Row, Sink, Stop};
use domain::dates::parse_day;
use domain::issues::{Issue, IssueCode};
use domain::recognition::Rules;
use domain::referrals::{Referral, Status};
use domain::submissions::{Dataset, Entry};

use super::*;

/// What an adapter made of a file.
#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    file_issues: Vec<Issue>,
}

impl Sink for Kept {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.rows.push(row);
        Ok(())
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        Err(Stop)
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        self.file_issues.push(issue);
        Ok(())
    }
}

fn provider() -> OrganisationCode {
    "RY4".parse().unwrap()
}

fn as_of() -> NaiveDate {
    parse_day("2026-11-20").unwrap()
}

fn native() -> &'static dyn Adapter {
    adapters::find(Dataset::WaitingList, "csv").unwrap()
}

fn read(format: &str, bytes: &[u8]) -> Kept {
    let adapter = adapters::find(Dataset::WaitingList, format).unwrap();
    let context = Context { organisation: provider(), today: as_of(), rules: Rules::built_in() };
    let mut kept = Kept::default();
    adapters::read(adapter, &mut Cursor::new(bytes), &InMemory, &context, &mut kept).unwrap();
    kept
}

fn files() -> Vec<PackFile> {
    let columns: Vec<_> =
        native().fields().iter().map(|it| Described { name: it.name, required: it.required, meaning: it.meaning }).collect();
    pack(&columns, provider(), as_of()).unwrap()
}

fn file(name: &str) -> Vec<u8> {
    files().into_iter().find(|file| file.name == name).unwrap().bytes
}

#[test]
fn the_columns_that_are_written_are_those_that_are_read() {
    let read: Vec<_> = native().fields().iter().map(|field| field.name).collect();
    assert_eq!(crate::formats::COLUMNS, read);
}

#[test]
fn all_ten_rows_are_accepted_in_each_format() {
    let written = examples(provider(), as_of());
    assert_eq!(written.len(), 10);
    for (format, name, _) in EXAMPLES {
        let kept = read(format, &file(name));
        let records: Vec<_> = kept.rows.iter().filter_map(|row| row.record.clone()).collect();
        assert_eq!(records, written, "{name}");
        assert!(kept.file_issues.is_empty(), "{name}: {:?}", kept.file_issues);
        let issues: Vec<Fault> = kept.rows.iter().flat_map(|row| &row.issues).map(|issue| (issue.field, issue.code)).collect();
        assert_eq!(issues, [("nhs_number_status", IssueCode::TraceStatusNotVerified)], "{name}: of the child without a number alone");
    }
}

#[test]
fn an_empty_template_is_a_nil_return() {
    for (format, name) in [("csv", "waiting-list-template.csv"), ("xlsx", "waiting-list-template.xlsx")] {
        let kept = read(format, &file(name));
        assert!(kept.rows.is_empty() && kept.file_issues.is_empty(), "{name}");
    }
}

#[test]
fn the_rows_show_what_they_are_there_for() {
    let records = examples(provider(), as_of());
    let referrals: Vec<(&Record, &Referral)> = records
        .iter()
        .map(|record| match &record.entry {
            Entry::Referral(referral) => (record, &**referral),
            _ => panic!("a list holds referrals"),
        })
        .collect();
    let some = |shows: &dyn Fn(&(&Record, &Referral)) -> bool| referrals.iter().any(shows);
    assert!(some(&|(_, it)| it.pathways.to_string() == "autism|adhd"));
    assert!(some(&|(_, it)| it.status == Status::OnHold && it.details.hold.is_some()));
    assert!(some(&|(record, rejected)| {
        let turned_away =
            rejected.status == Status::Rejected && rejected.details.rejected_date.is_some() && rejected.details.rejection_reason.is_some();
        turned_away && some(&|(other, again)| other.child == record.child && again.status.is_open() && again.details.previous.is_none())
    }));
    assert!(some(&|(record, _)| record.child.nhs_number().is_none()));
    assert!(some(&|(_, it)| it.details.responsible_la.as_deref() != Some("E10000015")));
    assert!(some(&|(_, it)| it.details.date_of_death.is_some() && it.status == Status::Closed));
    assert!(some(&|(_, it)| it.status == Status::Closed && it.details.closure_reason.as_deref() == Some("02")));
    assert!(some(&|(_, it)| it.details.onward.is_some()) && some(&|(_, it)| it.details.previous.is_some()));
    assert!(some(&|(_, it)| it.details.right_to_choose == Some(true) && it.details.subcontracted_by.is_some()));
    assert!(records.iter().all(|record| record.child.nhs_number().is_none_or(|number| number.is_test())));
}

#[test]
fn the_template_offers_the_codes() {
    let template = file("waiting-list-template.xlsx");
    let mut zip = zip::ZipArchive::new(Cursor::new(template)).unwrap();
    let sheet = std::io::read_to_string(zip.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
    for list in [
        "waiting,on-hold,seen,closed,rejected",
        "01,02,03,04,05,06,07,08",
        "autism,adhd,speech-and-language,audiology,mental-health",
        "1,2,9,X",
    ] {
        assert!(sheet.contains(&format!("\"{list}\"")), "{list}");
    }
    assert!(sheet.matches("type=\"list\"").count() == 13 && sheet.matches("type=\"date\"").count() == 13, "{}", sheet.len());
    assert_eq!(sheet.matches("errorStyle=\"warning\"").count(), 10, "codes that a list does not know yet may be typed");
}

#[test]
fn the_same_day_gives_the_same_bytes() {
    assert_eq!(files(), files());
}
