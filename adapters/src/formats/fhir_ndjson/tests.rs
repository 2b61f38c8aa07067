//! How resources are read, one a line.

use std::cell::Cell;

use domain::{IssueCode, SubmittedEntry};

use super::FhirNdjson;
use crate::contract::kept::{Kept, context, read};
use crate::contract::{Adapter, Format, InMemory, Scratch, Spool};

#[test]
fn a_referral_finds_its_child_wherever_the_child_is() {
    let sample = FhirNdjson.about().samples.iter().find(|it| it.name == "patients-last.ndjson").unwrap();
    let (kept, end) = read(Format::Records(&FhirNdjson), "RY4", sample.bytes);
    assert!(end.is_ok());
    let children: Vec<_> = kept.rows.iter().map(|row| row.record.as_ref().unwrap().child.clone()).collect();
    assert_eq!(children[0], children[1]);
    let SubmittedEntry::Referral(second) = &kept.rows[1].record.as_ref().unwrap().entry else { panic!() };
    assert_eq!(second.details.previous.as_ref().unwrap().referral_id, "N-1");
}

#[test]
fn a_line_that_is_no_resource_is_rejected_alone() {
    let good = FhirNdjson.about().samples[1].bytes;
    let body = [good, b"\n{\"resourceType\":\"Patient\",\"birthDate\":7}\n"].concat();
    let (kept, end) = read(Format::Records(&FhirNdjson), "RY4", &body);
    assert!(end.is_ok());
    assert_eq!(kept.rows.iter().filter(|row| row.record.is_some()).count(), 2);
    let issues: Vec<_> = kept.rows.iter().flat_map(|row| &row.issues).filter(|issue| issue.code == IssueCode::ResourceShape).collect();
    assert_eq!((issues.len(), issues[0].row), (1, 4));
}

#[test]
fn references_count_towards_what_is_held_in_memory() {
    /// Counts how often scratch space is asked for.
    struct Asked(Cell<u32>);
    impl Scratch for Asked {
        fn spool(&self) -> std::io::Result<Box<dyn Spool>> {
            self.0.set(self.0.get() + 1);
            InMemory.spool()
        }
    }
    let long = "x".repeat(900_000);
    let referral = |subject: &str| {
        format!(
            r#"{{"resourceType":"ServiceRequest","id":"1","status":"active","intent":"order","authoredOn":"2026-02-03","subject":{subject},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"401204006"}}]}}}}"#
        )
    };
    let by_reference = referral(&format!(r#"{{"reference":"Patient/{long}"}}"#));
    let by_number = referral(&format!(r#"{{"identifier":{{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"{long}"}}}}"#));
    for line in [by_reference, by_number] {
        let scratch = Asked(Cell::new(0));
        let mut kept = Kept::default();
        let body = (line + "\n").repeat(12);
        crate::contract::read(Format::Records(&FhirNdjson), &mut body.as_bytes(), &scratch, &context("RY4"), &mut kept).unwrap();
        assert!(scratch.0.get() > 0, "ten megabytes are not held");
        assert!(kept.rows.len() == 12 && kept.rows.iter().all(|row| row.record.is_none()));
    }
}
