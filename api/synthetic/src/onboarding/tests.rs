use std::io::Cursor;

use adapters::{Context, Format, InMemory, Kept, Starters};
use domain::{
    Case, ChildReference, Dataset, IssueCode, RecognitionRules, Referral, ReferralStatus, RequestOutcome, SubmittedEntry, parse_day,
};

use super::*;
use crate::formats::carried::{in_csds, in_mhsds};
use crate::formats::{provider, read, today as as_of};

fn files() -> Vec<PackFile> {
    onboarding_pack(provider(), as_of()).unwrap()
}

fn file(name: &str) -> Vec<u8> {
    files().into_iter().find(|file| file.name == name).unwrap().bytes
}

/// What a format can carry of the ten examples.
fn carried(format: &str) -> Vec<SubmittedRecord> {
    let written = onboarding_examples(provider(), as_of());
    match format {
        "csds" => written.iter().filter_map(|record| in_csds(record, as_of())).collect(),
        "mhsds" => written.iter().filter_map(|record| in_mhsds(record, as_of())).collect(),
        _ => written,
    }
}

/// The formats of waiting lists among the examples.
fn of_lists() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_list = |format| adapters::find(Dataset::WaitingList, format).is_some();
    EXAMPLES.iter().map(|(format, name, _)| (*format, *name)).filter(move |(format, _)| is_list(format))
}

#[test]
fn every_format_of_records_has_its_examples() {
    for adapter in adapters::REGISTRY {
        let found = EXAMPLES.iter().filter(|(format, ..)| *format == adapter.format()).count();
        assert_eq!(found, usize::from(matches!(adapter, Format::Records(_))), "{}", adapter.format());
    }
}

#[test]
fn every_example_is_accepted_in_each_format_that_carries_it() {
    assert_eq!(["csv", "csds", "mhsds"].map(|format| carried(format).len()), [10, 9, 8]);
    for (format, name) in of_lists() {
        let mut kept = read(format, &file(name));
        kept.rows.sort_by_key(|row| row.number);
        let mut records: Vec<_> = kept.rows.iter().filter_map(|row| row.record.clone()).collect();
        for record in &mut records {
            if let SubmittedEntry::Referral(referral) = &mut record.entry {
                referral.recognised.clear();
            }
        }
        assert_eq!(records, carried(format), "{name}");
        // The national tables have no district, which is an issue.
        let of_the_file: &[IssueCode] = if matches!(format, "csds" | "mhsds") { &[IssueCode::DistrictBlank] } else { &[] };
        assert_eq!(kept.file_issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), of_the_file, "{name}");
        let issues: Vec<_> = kept.rows.iter().flat_map(|row| &row.issues).map(|issue| issue.code).collect();
        assert_eq!(issues, [IssueCode::TraceStatusNotVerified], "{name}: of the child without a number alone");
    }
}

/// What each example is meant to show must be seen in the file, or be a listed loss.
#[test]
fn what_a_format_cannot_show_is_among_its_losses() {
    // A field of the record, and whether a referral shows it.
    type Trait = (&'static str, fn(&SubmittedRecord, &Referral) -> bool);
    let traits: [Trait; 7] = [
        ("previous", |_, it| it.details.previous.is_some()),
        ("pathways", |_, it| it.pathways.to_string() == "autism|adhd"),
        ("hold", |_, it| it.details.hold.is_some()),
        ("rejected_date", |_, it| it.status == ReferralStatus::Rejected && it.details.rejected_date.is_some()),
        ("child", |record, _| record.child.nhs_number().is_none()),
        ("responsible_la", |_, it| it.details.responsible_la.as_deref().is_some_and(|code| code != "E10000015")),
        ("date_of_death", |_, it| it.details.date_of_death.is_some()),
    ];
    for (format, name) in of_lists() {
        let guide = adapters::find(Dataset::WaitingList, format).unwrap().guide();
        let (_, losses) = guide.split_once("## Losses").unwrap();
        let records: Vec<_> = read(format, &file(name)).rows.into_iter().filter_map(|row| row.record).collect();
        for (member, shows) in traits {
            let shown = records.iter().any(|record| matches!(&record.entry, SubmittedEntry::Referral(it) if shows(record, it)));
            assert!(shown || losses.contains(&format!("`{member}`")), "{name} does not show {member}");
        }
    }
}

#[test]
fn the_councils_examples_show_every_course_of_a_case() {
    let adapter = adapters::find(Dataset::Ehcp, "sen2-xml").unwrap();
    let context = Context { organisation: "E10000015".parse().unwrap(), today: as_of(), rules: RecognitionRules::built_in() };
    let mut kept = Kept::default();
    adapters::read(adapter, &mut Cursor::new(file("sen2-examples.xml")), &InMemory, &context, &mut kept).unwrap();
    assert!(kept.out_of_scope == 0 && kept.file_issues.is_empty() && kept.rows.iter().all(|row| row.issues.is_empty()), "{:?}", kept.rows);
    let cases: Vec<_> = kept
        .rows
        .iter()
        .map(|row| match row.record.as_ref().map(|record| (&record.child, &record.entry)) {
            Some((child, SubmittedEntry::Case(case))) => (child.clone(), case.clone()),
            _ => panic!("a return holds cases"),
        })
        .collect();
    assert_eq!(cases.len(), 11, "ten children, one of whom was turned down before");
    let some = |shows: &dyn Fn(&Case) -> bool| cases.iter().any(|(_, case)| shows(case));
    for outcome in [RequestOutcome::Yes, RequestOutcome::No, RequestOutcome::Awaited, RequestOutcome::Withdrawn, RequestOutcome::Historical]
    {
        assert!(some(&|case| case.request.outcome == Some(outcome)), "{outcome:?}");
    }
    assert!(some(&|case| case.person.upn.is_none()) && some(&|case| case.active_plan.is_some()));
    assert!(some(&|case| case.assessment.as_ref().and_then(|it| it.plan.as_ref()).is_some_and(|plan| plan.cease_on.is_some())));
    assert!(some(&|case| case.assessment.as_ref().is_some_and(|it| it.outcome == Some(RequestOutcome::No))));
    let asked_twice = |(child, case): &(ChildReference, Box<Case>)| {
        case.request.outcome == Some(RequestOutcome::No) && cases.iter().any(|(other, again)| other == child && again.assessment.is_some())
    };
    assert!(cases.iter().any(asked_twice));
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
    for (format, name, _) in TEMPLATES {
        let kept = read(format, &file(name));
        assert!(kept.rows.is_empty() && kept.file_issues.is_empty(), "{name}");
    }
}

#[test]
fn the_rows_show_what_they_are_there_for() {
    let records = onboarding_examples(provider(), as_of());
    let referrals: Vec<(&SubmittedRecord, &Referral)> = records
        .iter()
        .map(|record| match &record.entry {
            SubmittedEntry::Referral(referral) => (record, &**referral),
            _ => panic!("a list holds referrals"),
        })
        .collect();
    let some = |shows: &dyn Fn(&(&SubmittedRecord, &Referral)) -> bool| referrals.iter().any(shows);
    assert!(some(&|(_, it)| it.pathways.to_string() == "autism|adhd"));
    assert!(some(&|(_, it)| it.status == ReferralStatus::OnHold && it.details.hold.is_some()));
    assert!(some(&|(record, rejected)| {
        let turned_away = rejected.status == ReferralStatus::Rejected
            && rejected.details.rejected_date.is_some()
            && rejected.details.rejection_reason.is_some();
        turned_away && some(&|(other, again)| other.child == record.child && again.status.is_open() && again.details.previous.is_none())
    }));
    assert!(some(&|(record, _)| record.child.nhs_number().is_none()));
    assert!(some(&|(_, it)| it.details.responsible_la.as_deref() != Some("E10000015")));
    assert!(some(&|(_, it)| it.details.date_of_death.is_some() && it.status == ReferralStatus::Closed));
    assert!(some(&|(_, it)| it.status == ReferralStatus::Closed && it.details.closure_reason.as_deref() == Some("02")));
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

/// The parts of a file. An archive is unpacked, so that another compression makes no difference.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else { return vec![(String::new(), bytes.to_vec())] };
    (0..zip.len())
        .map(|at| {
            let mut part = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            std::io::copy(&mut part, &mut bytes).unwrap();
            (part.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn the_formats_starters_are_those_of_the_pack() {
    let files = files();
    for adapter in adapters::REGISTRY {
        let Starters { template, examples } = adapter.starters();
        for (written, starter) in [(TEMPLATES, template), (EXAMPLES, examples)] {
            let name = written.iter().find(|(format, ..)| *format == adapter.format()).map(|(_, name, _)| *name);
            assert_eq!(starter.map(|it| it.name), name, "{}", adapter.format());
            let Some((starter, name)) = starter.zip(name) else { continue };
            let ours = &files.iter().find(|file| file.name == name).unwrap().bytes;
            let place = format!("adapters/src/formats/{}/starters/{name}", adapter.format().replace('-', "_"));
            assert!(
                parts(starter.bytes) == parts(ours),
                "{place} is not what the pack has: `cargo run -- formats --out DIR --as-of {}`, and copy DIR/onboarding/{name} there",
                as_of()
            );
        }
    }
}
