//! What becomes of resources one a line.

use domain::issues::IssueCode;
use domain::submissions::Entry;

use super::FhirNdjson;
use crate::Adapter;
use crate::kept::read;

#[test]
fn a_referral_finds_its_child_wherever_it_stands() {
    let sample = FhirNdjson.samples().iter().find(|it| it.name == "patients-last.ndjson").unwrap();
    let (kept, end) = read(&FhirNdjson, "RY4", sample.bytes);
    assert!(end.is_ok());
    let children: Vec<_> = kept.rows.iter().map(|row| row.record.as_ref().unwrap().child.clone()).collect();
    assert_eq!(children[0], children[1]);
    let Entry::Referral(second) = &kept.rows[1].record.as_ref().unwrap().entry else { panic!() };
    assert_eq!(second.details.previous.as_ref().unwrap().referral_id, "N-1");
}

#[test]
fn a_line_that_is_no_resource_is_rejected_alone() {
    let good = FhirNdjson.samples()[1].bytes;
    let body = [good, b"\n{\"resourceType\":\"Patient\",\"birthDate\":7}\n"].concat();
    let (kept, end) = read(&FhirNdjson, "RY4", &body);
    assert!(end.is_ok());
    assert_eq!(kept.rows.iter().filter(|row| row.record.is_some()).count(), 2);
    let issues: Vec<_> = kept.rows.iter().flat_map(|row| &row.issues).filter(|issue| issue.code == IssueCode::ResourceShape).collect();
    assert_eq!((issues.len(), issues[0].row), (1, 4));
}
