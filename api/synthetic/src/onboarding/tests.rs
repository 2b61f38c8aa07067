use std::io::Cursor;

use adapters::Adapter;
use domain::dates::parse_day;
use domain::issues::IssueCode;
use domain::referrals::{Referral, Status};
use domain::submissions::{Dataset, Entry};

use super::*;
use crate::formats::tests::{provider, read, today as as_of};

fn native() -> &'static dyn Adapter {
    adapters::find(Dataset::WaitingList, "csv").unwrap()
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

/// What a format carries of the ten.
fn carried(format: &str) -> Vec<Record> {
    let written = examples(provider(), as_of());
    match format {
        "csds" => written.iter().filter_map(|record| csds::as_carried(record, as_of())).collect(),
        "mhsds" => written.iter().filter_map(|record| mhsds::as_carried(record, as_of())).collect(),
        _ => written,
    }
}

#[test]
fn every_example_is_accepted_in_each_format_that_carries_it() {
    assert_eq!(["csv", "csds", "mhsds"].map(|format| carried(format).len()), [10, 9, 7]);
    for (format, name, _) in EXAMPLES {
        let mut kept = read(format, &file(name));
        kept.rows.sort_by_key(|row| row.number);
        let mut records: Vec<_> = kept.rows.iter().filter_map(|row| row.record.clone()).collect();
        for record in &mut records {
            if let Entry::Referral(referral) = &mut record.entry {
                referral.recognised.clear();
            }
        }
        assert_eq!(records, carried(format), "{name}");
        assert!(kept.file_issues.is_empty(), "{name}: {:?}", kept.file_issues);
        let mut issues: Vec<_> = kept.rows.iter().flat_map(|row| &row.issues).map(|issue| issue.code).collect();
        // The national tables have no district to tell.
        issues.retain(|code| *code != IssueCode::DistrictBlank || !matches!(*format, "csds" | "mhsds"));
        let unknown = [IssueCode::TraceStatusNotVerified];
        let expected = if *format == "mhsds" { &[][..] } else { &unknown };
        assert_eq!(issues, expected, "{name}: of the child without a number alone, who waits for no mental health service");
    }
}

#[test]
fn the_data_sets_report_the_month_before() {
    for (day, first, last) in
        [("2026-11-20", "2026-10-01", "2026-10-31"), ("2026-03-01", "2026-02-01", "2026-02-28"), ("2026-01-31", "2025-12-01", "2025-12-31")]
    {
        assert_eq!(month_before(parse_day(day).unwrap()), parse_day(first).unwrap()..=parse_day(last).unwrap());
    }
}

#[test]
fn the_pack_says_of_every_file_what_it_is() {
    let guide = String::from_utf8(file("README.md")).unwrap();
    for name in files().iter().map(|file| file.name).filter(|name| *name != "README.md") {
        assert!(guide.contains(&format!("`{name}`")), "{name}");
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
