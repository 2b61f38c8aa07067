//! Tests that an issue names a field as the referral's own format does, whatever the rule that found it calls
//! the column.

use std::io::Cursor;

use chrono::Duration;
use domain::{
    ChildIdentifier, ChildReference, Issue, IssueCode, OnwardReferral, Pathway, PathwaySet, Referral, ReferralDetails, ReferralStatus,
    SubmittedEntry, SubmittedRecord,
};

use super::round_trips::{WRITTEN, Written};
use super::{provider, read, today};

/// A referral with many of its columns wrong.
fn wrong() -> SubmittedRecord {
    let day = |days: i64| today() + Duration::days(days);
    let code = || Some("QQ".to_owned());
    let details = ReferralDetails {
        local_patient_id: Some("P-1".into()),
        nhs_number_status: Some("01".into()),
        sex: Some("Q".into()),
        ethnic_category: code(),
        lsoa: Some("E99999999".into()),
        school_urn: Some("1".into()),
        ubrn: Some("12".into()),
        pathway_id: Some("#".into()),
        priority: Some("3".into()),
        source_of_referral: code(),
        onward: Some(OnwardReferral { to: None, on: day(9), reason: None }),
        waiting_time_measurement_type: code(),
        rtt_status: Some("99".into()),
        first_contact_date: Some(day(-30)),
        last_contact_date: Some(day(-30)),
        closed_date: Some(day(-40)),
        closure_reason: code(),
        date_of_death: Some(day(-5_000)),
        ..ReferralDetails::default()
    };
    let referral = Referral {
        referral_id: "R-1".into(),
        pathways: PathwaySet::from(Pathway::Autism).with(Pathway::MentalHealth),
        status: ReferralStatus::Closed,
        referral_received_date: day(3),
        recognised: Vec::new(),
        details,
    };
    let child = ChildReference {
        identifier: ChildIdentifier::LocalPatient { provider: provider(), id: "P-1".into() },
        date_of_birth: today() - Duration::days(3_000),
    };
    SubmittedRecord { child, entry: SubmittedEntry::Referral(Box::new(referral)) }
}

fn issues(written: &Written, record: SubmittedRecord) -> (Vec<u8>, Vec<Issue>) {
    let mut out = Cursor::new(Vec::new());
    (written.write)(&[record], &mut out).unwrap();
    let bytes = out.into_inner();
    let issues = read(written.format, &bytes).rows.into_iter().flat_map(|row| row.issues).collect();
    (bytes, issues)
}

#[test]
fn an_issue_names_a_field_that_the_format_describes() {
    let format = |name| adapters::find(domain::Dataset::WaitingList, name).unwrap();
    let native = format("csv").fields();
    for written in WRITTEN {
        let adapter = format(written.format);
        let (bytes, issues) = issues(written, wrong());
        assert!(issues.len() > 12, "{}: {issues:?}", written.name);
        for Issue { field, code, .. } in issues {
            // HL7 describes RF1; an issue names RF1-7 in it.
            let described = adapter.fields().iter().any(|it| {
                let rest = field.strip_prefix(it.name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            });
            // A column without a field in the format is sent under its native name, or not at all.
            let text = String::from_utf8_lossy(&bytes);
            let sent = |name: &str| native.iter().any(|column| column.name == field) && text.contains(name);
            let own = match written.format {
                "fhir" | "fhir-ndjson" => sent(&format!("StructureDefinition/{}", field.replace('_', "-"))),
                "hl7v2" => sent(&format!("ZSB|{field}|")),
                _ => false,
            };
            let blank = matches!(code, IssueCode::DistrictBlank | IssueCode::PathwayIdWithoutIssuer);
            assert!(described || own || blank, "{}: {code} of {field}", written.name);
        }
    }
}

#[test]
fn each_format_has_its_own_name_for_the_day_a_referral_came() {
    let expected = [
        ("csv", "referral_received_date", "date_of_death"),
        ("xlsx", "referral_received_date", "date_of_death"),
        ("ndjson", "referral_received_date", "date_of_death"),
        ("csds", "CYP101.ReferralRequest_ReceivedDate", "CYP001.DateOfDeath"),
        ("mhsds", "MHS101.ReferralRequestReceivedDate", "MHS001.PersDeathDate"),
        ("fhir", "authoredOn", "deceasedDateTime"),
        ("fhir-ndjson", "authoredOn", "deceasedDateTime"),
        ("hl7v2", "RF1-7", "PID-29"),
    ];
    for written in WRITTEN {
        let (_, issues) = issues(written, wrong());
        let named = |wanted| issues.iter().find(|it| it.code == wanted).map(|it| it.field);
        let found = (named(IssueCode::ReceivedInFuture), named(IssueCode::DeathBeforeBirth));
        let (_, received, died) = expected.iter().find(|(format, ..)| *format == written.format).unwrap();
        assert_eq!(found, (Some(*received), Some(*died)), "{}", written.name);
    }
}

#[test]
fn a_value_that_cannot_be_read_is_not_also_called_blank_in_any_format() {
    let mut record = wrong();
    if let SubmittedEntry::Referral(referral) = &mut record.entry {
        referral.details.waiting_time_measurement_type = Some("0".repeat(21));
    }
    for written in WRITTEN {
        let (_, issues) = issues(written, record.clone());
        let has = |code| issues.iter().any(|issue| issue.code == code);
        assert!(has(IssueCode::ValueTooLong) && !has(IssueCode::RttWithoutType), "{}: {issues:?}", written.name);
    }
}

#[test]
fn an_issue_with_two_columns_that_are_one_field_is_reported_once() {
    let mut record = wrong();
    if let SubmittedEntry::Referral(referral) = &mut record.entry {
        let tomorrow = today().succ_opt();
        (referral.details.first_contact_date, referral.details.last_contact_date) = (tomorrow, tomorrow);
    }
    for written in WRITTEN {
        let (_, issues) = issues(written, record.clone());
        let told: Vec<_> = issues.iter().map(|issue| (issue.field, issue.code)).collect();
        let mut once = told.clone();
        once.sort_unstable_by_key(|(field, code)| (*field, code.as_str()));
        once.dedup();
        assert_eq!(told.len(), once.len(), "{}: {told:?}", written.name);
        assert_eq!(told.contains(&("Encounter", IssueCode::DateInFuture)), written.format.starts_with("fhir"), "{}", written.name);
    }
}
