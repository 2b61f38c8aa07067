//! How bundles are read.

mod round_trips;

use domain::{IssueCode, Referral, ReferralStatus, Severity, SubmittedEntry};
use proptest::prelude::*;

use super::Fhir;
use crate::contract::kept::{Kept, read};
use crate::contract::{Format, Row};

fn sample(name: &str) -> &'static [u8] {
    crate::formats::find(domain::Dataset::WaitingList, "fhir").unwrap().samples().iter().find(|it| it.name == name).unwrap().bytes
}

fn rows(bytes: &[u8]) -> Kept {
    let (kept, end) = read(Format::Records(&Fhir), "RY4", bytes);
    assert!(end.is_ok(), "{end:?}");
    kept
}

fn referral(row: &Row) -> &Referral {
    match row.record.as_ref().map(|record| &record.entry) {
        Some(SubmittedEntry::Referral(referral)) => referral,
        _ => panic!("no referral: {:?}", row.issues),
    }
}

#[test]
fn every_element_finds_its_column() {
    let kept = rows(sample("every-field.json"));
    let first = referral(&kept.rows[0]);
    let details = &first.details;
    assert_eq!((first.referral_id.as_str(), first.status), ("REF-1", ReferralStatus::OnHold));
    assert_eq!(first.pathways.to_string(), "autism|speech-and-language");
    assert_eq!(first.referral_received_date.to_string(), "2026-07-01", "half past midnight in London, of half past six at +07:00");
    assert_eq!(kept.rows[0].record.as_ref().unwrap().child.date_of_birth.to_string(), "2018-03-04");
    let rules: Vec<_> = first.recognised.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(rules, ["fhir-autism", "fhir-speech-and-language"]);
    assert_eq!(details.nhs_number_status.as_deref(), Some("01"));
    assert_eq!(details.local_patient_id.as_deref(), Some("L-77"));
    assert_eq!((details.sex.as_deref(), details.ethnic_category.as_deref()), (Some("2"), Some("A")));
    assert_eq!((details.district.as_deref(), details.gp_practice.as_deref()), (Some("E07000240"), Some("E82001")));
    assert_eq!((details.ubrn.as_deref(), details.priority.as_deref()), (Some("000000070000"), Some("2")));
    assert_eq!((details.source_of_referral.as_deref(), details.referred_by.as_deref()), (Some("01"), Some("E82001")));
    let previous = details.previous.as_ref().unwrap();
    assert_eq!((previous.referral_id.as_str(), previous.provider.unwrap().as_str()), ("OLD-1", "RWR"));
    assert_eq!(details.stage.unwrap().as_str(), "triage");
    assert_eq!(details.hold.as_ref().unwrap().from.to_string(), "2026-09-01");
    assert_eq!(details.first_contact_date.unwrap().to_string(), "2026-08-01");
    assert_eq!(details.next_appointment_date.unwrap().to_string(), "2026-12-01");
    assert_eq!((details.not_brought_count, details.date_of_death.unwrap().to_string().as_str()), (Some(2), "2026-11-01"));

    let second = referral(&kept.rows[1]);
    assert_eq!((second.pathways.to_string().as_str(), second.status), ("adhd|audiology", ReferralStatus::Seen));
    assert!(second.recognised.is_empty(), "the writer stated them");
    assert_eq!(kept.rows[0].record.as_ref().unwrap().child, kept.rows[1].record.as_ref().unwrap().child);
}

#[test]
fn a_bundle_in_xml_is_read_as_one_in_json_is() {
    let kept = rows(sample("message.xml"));
    assert_eq!(kept.out_of_scope, 0);
    let (first, second) = (referral(&kept.rows[0]), referral(&kept.rows[1]));
    assert_eq!((first.pathways.to_string().as_str(), first.status), ("audiology", ReferralStatus::Waiting));
    assert_eq!((second.pathways.to_string().as_str(), second.status), ("autism|adhd", ReferralStatus::Closed));
    assert_eq!(second.details.previous.as_ref().unwrap().referral_id, "X-1", "the id of the referral in the message");
}

#[test]
fn a_resource_in_xml_is_read_whole_or_refused_by_name() {
    let xml = sample("message.xml");
    let bundle = super::from_xml(xml).unwrap();
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&"Bundle".into(), &"message".into()));
    assert!(bundle["entry"].as_array().unwrap().iter().all(|entry| entry["resource"]["resourceType"].is_string()));
    let end = xml.trim_ascii_end().len();
    for length in 0..end {
        assert!(super::from_xml(&xml[..length]).is_err(), "cut at {length}");
    }
    for at in 0..end {
        let mut flipped = xml.to_vec();
        flipped[at] ^= 0x15;
        // The result does not matter; a panic would.
        let _ = super::from_xml(&flipped);
    }
    let nested = |depth: usize| format!("<Consent>{}{}</Consent>", "<x>".repeat(depth), "</x>".repeat(depth));
    let of_fhir = |xml: &str| xml.replace("<Consent", "<Consent xmlns=\"http://hl7.org/fhir\"");
    assert!(super::from_xml(of_fhir(&nested(33)).as_bytes()).is_ok());
    assert_eq!(super::from_xml(nested(33).as_bytes()).unwrap_err().code(), "not-this-format", "it is of no namespace");
    for (xml, code) in [
        (nested(34), "too-large"),
        (nested(100_000), "too-large"),
        ("<!DOCTYPE Consent [<!ENTITY a \"b\">]><Consent/>".to_owned(), "doctype"),
        ("<Consent><status value=\"&a;\"/></Consent>".to_owned(), "malformed"),
        ("<Consent>text</Consent>".to_owned(), "malformed"),
        ("<Consent/><Consent/>".to_owned(), "malformed"),
        ("<consent/>".to_owned(), "not-this-format"),
        ("<Consent value=\"x\"/>".to_owned(), "not-this-format"),
        ("{}".to_owned(), "not-this-format"),
        ("Consent".to_owned(), "not-this-format"),
        (String::new(), "empty"),
    ] {
        assert_eq!(super::from_xml(of_fhir(&xml).as_bytes()).unwrap_err().code(), code, "{xml:.80}");
    }
}

#[test]
fn a_request_for_no_pathway_is_counted_and_not_kept() {
    let kept = rows(sample("transaction.json"));
    assert_eq!((kept.rows.len(), kept.out_of_scope), (2, 1));
    assert_eq!(referral(&kept.rows[1]).details.previous.as_ref().unwrap().referral_id, "T-1");
}

/// A bundle of one child and one request. The request gets these members.
fn with(members: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[
        {{"resource":{{"resourceType":"Patient","id":"1","identifier":[{{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}}],"birthDate":"2018-03-04"}}}},
        {{"resource":{{"resourceType":"ServiceRequest","id":"s","authoredOn":"2026-02-03","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"401204006"}}]}}{members}}}}}]}}"#
    )
}

const ACTIVE: &str = r#","status":"active","intent":"order","subject":{"reference":"Patient/1"}"#;

#[test]
fn a_request_that_asks_for_nothing_is_no_referral() {
    for members in [
        r#","status":"draft","intent":"order","subject":{"reference":"Patient/1"}"#,
        r#","status":"active","intent":"proposal","subject":{"reference":"Patient/1"}"#,
        r#","status":"active","intent":"order","doNotPerform":true,"subject":{"reference":"Patient/1"}"#,
        r#","status":"active","intent":"order","subject":{"reference":"Group/1"}"#,
    ] {
        let kept = rows(with(members).as_bytes());
        assert_eq!((kept.rows.len(), kept.out_of_scope), (0, 1), "{members}");
    }
    assert_eq!(rows(with(ACTIVE).as_bytes()).rows.len(), 1);
}

#[test]
fn a_request_that_ended_or_was_entered_in_error_is_closed() {
    for status in ["entered-in-error", "revoked", "completed"] {
        let kept = rows(with(&ACTIVE.replace("active", status)).as_bytes());
        assert_eq!(referral(&kept.rows[0]).status, ReferralStatus::Closed, "{status}");
    }
}

#[test]
fn a_patient_that_a_modifier_changes_is_not_kept() {
    let body =
        with(ACTIVE).replace(r#""id":"1","#, r#""id":"1","modifierExtension":[{"url":"https://trust.example/not","valueBoolean":true}],"#);
    let kept = rows(body.as_bytes());
    assert_eq!(kept.rows[0].record, None);
    assert!(kept.rows[0].issues.iter().any(|issue| issue.code == IssueCode::ModifierUnknown && issue.field == "subject"));
    let kept = rows(with(ACTIVE).replace(r#""id":"1","#, r#""id":"1","active":false,"#).as_bytes());
    assert!(kept.rows[0].issues.iter().any(|issue| issue.code == IssueCode::SubjectRetired));
}

#[test]
fn the_same_patient_stated_twice_is_one_patient() {
    let patient = r#"{"resource":{"resourceType":"Patient","id":"1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"birthDate":"2018-03-04"}},"#;
    let body = with(ACTIVE);
    let twice = body.replacen(patient, &patient.repeat(2), 1);
    assert!(twice.len() > body.len());
    assert!(rows(twice.as_bytes()).rows[0].record.is_some());
}

#[test]
fn a_contact_counts_for_its_own_referral_only() {
    let contact = |kind: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"Encounter","status":"{kind}","subject":{{"reference":"Patient/1"}},"basedOn":[{{"reference":"ServiceRequest/s"}}],"period":{{"start":"2026-03-01"}}}}}},
            {{"resource":{{"resourceType":"Encounter","status":"finished","subject":{{"reference":"Patient/1"}},"basedOn":[{{"reference":"ServiceRequest/other"}}],"period":{{"start":"2026-02-20"}}}}}},
            {{"resource":{{"resourceType":"Appointment","status":"noshow","start":"2026-02-11T09:00:00Z","basedOn":[{{"reference":"ServiceRequest/s"}}],"participant":[{{"actor":{{"reference":"Patient/1"}}}}]}}}},"#
        )
    };
    let found = |kind: &str| {
        let body = with(ACTIVE).replacen(r#""entry":["#, &format!(r#""entry":[{}"#, contact(kind)), 1);
        let kept = rows(body.as_bytes());
        let details = referral(&kept.rows[0]).details.clone();
        (details.first_contact_date.map(|day| day.to_string()), details.not_brought_count)
    };
    assert_eq!(found("finished"), (Some("2026-03-01".to_owned()), Some(1)));
    assert_eq!(found("cancelled"), (None, Some(1)));
}

#[test]
fn a_large_body_gives_what_a_small_one_does() {
    use std::fmt::Write;
    let mut entries = String::new();
    const CHILDREN: u32 = 12_000;
    let numbers: Vec<_> = (0..).filter_map(|n| domain::NhsNumber::from_first_nine(999_000_000 + n)).take(CHILDREN as usize).collect();
    for (n, number) in numbers.iter().enumerate() {
        let _ = write!(
            entries,
            r#"{{"resource":{{"resourceType":"ServiceRequest","id":"s{n}","status":"active","intent":"order","authoredOn":"2026-02-03","subject":{{"reference":"Patient/{n}"}},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"401204006"}}]}}}}}},"#
        );
        let _ = write!(
            entries,
            r#"{{"resource":{{"resourceType":"Encounter","status":"finished","subject":{{"reference":"Patient/{n}"}},"basedOn":[{{"reference":"ServiceRequest/s{n}"}}],"period":{{"start":"2026-03-01"}}}}}},"#
        );
        let _ = write!(
            entries,
            r#"{{"resource":{{"resourceType":"Patient","id":"{n}","identifier":[{{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"{}"}}],"birthDate":"2018-03-04"}}}},"#,
            number.as_str()
        );
    }
    let body = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.trim_end_matches(','));
    let kept = rows(body.as_bytes());
    assert_eq!(kept.rows.len(), CHILDREN as usize);
    for row in &kept.rows {
        let n = usize::try_from((row.number - 1) / 3).unwrap();
        assert_eq!(row.record.as_ref().unwrap().child.nhs_number(), Some(&numbers[n]), "each referral has its own child");
        assert!(referral(row).details.first_contact_date.is_some());
    }
}

/// Reads each published example as it is. None is about a child on one of the pathways.
#[test]
fn the_published_examples_are_out_of_scope_or_refused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/fhir");
    let mut seen = 0;
    for origin in ["uk-core", "r4-hl7", "nhs-api"] {
        for file in std::fs::read_dir(folder.join(origin)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "PROVENANCE.md" {
                continue;
            }
            seen += 1;
            let bytes = std::fs::read(&path).unwrap();
            let (kept, end) = read(Format::Records(&Fhir), "RY4", &bytes);
            if matches!(&*name, "bundle-transaction.json") {
                // This example deletes, reads and creates under conditions.
                assert!(end.is_ok() && kept.rows.iter().all(|row| row.issues.iter().all(|issue| issue.code == IssueCode::EntryRequest)));
                assert_eq!(kept.rows.len(), 7, "{name}");
            } else if name.contains("Bundle") || name.starts_with("bundle") || name.starts_with("ers-Response") {
                assert!(end.is_ok() && kept.rows.is_empty() && kept.out_of_scope > 0, "{name}: {end:?}");
            } else {
                assert_eq!(end.unwrap_err().code(), "not-this-format", "{name}");
            }
            // The same example again, as an entry of a bundle.
            if name.ends_with(".json") && !name.contains("undle") && !name.starts_with("ers-Response") {
                let wrapped = [&br#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":"#[..], &bytes, b"}]}"].concat();
                let kept = rows(&wrapped);
                assert!(kept.rows.is_empty(), "{name}: {:?}", kept.rows);
            } else if name.ends_with(".xml") && !name.contains("Bundle") {
                let wrapped = [
                    &br#"<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource>"#[..],
                    &bytes,
                    b"</resource></entry></Bundle>",
                ]
                .concat();
                let kept = rows(&wrapped);
                assert!(kept.rows.is_empty(), "{name}: {:?}", kept.rows);
            }
        }
    }
    assert!(seen > 50, "{seen} examples");
}

/// Puts a pathway into published examples, and reads them with their own quirks.
#[test]
fn the_published_examples_are_read_once_they_are_about_a_pathway() {
    let read_fixture = |name: &str| {
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/fhir").join(name)).unwrap()
    };
    let bundle = |inner: &[&str]| {
        let entries: String = inner.iter().map(|it| format!("<entry><resource>{it}</resource></entry>")).collect();
        format!(r#"<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>{entries}</Bundle>"#)
    };
    let request = read_fixture("uk-core/UKCore-ServiceRequest-ColonoscopyRequest-Example.xml").replace("73761001", "401204006");
    let patient = read_fixture("uk-core/UKCore-Patient-BabyPatient-Example.xml")
        .replace("UKCore-Patient-BabyPatient-Example", "UKCore-Patient-RichardSmith-Example");
    // The number that the example gives the baby fails its check digit.
    let kept = rows(bundle(&[&request, &patient]).as_bytes());
    assert!(kept.rows[0].issues.iter().any(|issue| issue.code == IssueCode::NhsNumberCheckDigit));
    let patient = patient.replace("9912003890", "9912003888");
    let kept = rows(bundle(&[&request, &patient]).as_bytes());
    let read = referral(&kept.rows[0]);
    assert_eq!(read.referral_received_date.to_string(), "2021-10-13");
    assert_eq!((read.details.source_of_referral.as_deref(), read.details.ethnic_category.as_deref()), (Some("01"), Some("A")));
    // Without the patient, the request names one who is not there.
    let kept = rows(bundle(&[&request]).as_bytes());
    assert!(kept.rows[0].issues.iter().any(|issue| issue.code == IssueCode::SubjectUnresolved));
    // e-RS gives an NHS number but no day of birth.
    let ers = read_fixture("nhs-api/ers-ResponseExampleReferral.json")
        .replace(r#""code": "referral""#, r#""code": "autism""#)
        .replace("https://fhir.nhs.uk/CodeSystem/message-category-servicerequest", super::PATHWAY);
    let kept = rows(ers.as_bytes());
    let missing: Vec<_> =
        kept.rows[0].issues.iter().filter(|it| it.code.severity() == Severity::Error).map(|it| (it.field, it.code)).collect();
    assert_eq!(missing, [("birthDate", IssueCode::ValueMissing), ("authoredOn", IssueCode::ValueMissing)]);
}
