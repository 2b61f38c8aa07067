//! Made-up records as partners send them.

use chrono::{Days, NaiveDate};
use domain::{NhsNumber, Upn};
use serde_json::{Value, json};

use crate::today;

/// The birthday of every child here.
pub const BORN: &str = "2016-05-04";

const HEADER: &str =
    "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage,stage_start_date\n";

/// The NHS number of the nth made-up child, from the range kept for tests.
pub fn number(nth: usize) -> String {
    (999_000_001..).filter_map(NhsNumber::from_first_nine).nth(nth).expect("enough numbers").as_str().to_owned()
}

pub fn child(number: &str) -> Value {
    json!({ "nhs_number": number, "date_of_birth": BORN })
}

pub fn days_ago(days: u64) -> NaiveDate {
    today() - Days::new(days)
}

/// A row of a waiting list: a child, referred a hundred days ago, that waits for an assessment.
pub fn row(referral_id: &str, number: &str, number_status: &str, pathway: &str) -> String {
    let (received, began) = (days_ago(100), days_ago(50));
    format!("{referral_id},{number},{number_status},{BORN},{pathway},{received},waiting,assessment,{began}\n")
}

pub fn list(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().fold(HEADER.to_owned(), |list, row| list + &row)
}

/// The valid UPN with these digits.
pub fn upn(digits: &str) -> String {
    let valid = |letter: char| format!("{letter}{digits}").parse::<Upn>().ok();
    ('A'..='Z').find_map(valid).expect("one letter is right").as_str().to_owned()
}

/// A council's crosswalk: the UPN and the NHS number of each child.
pub fn crosswalk(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let rows = rows.into_iter().map(|(upn, number)| format!("{upn},{number},{BORN}\n"));
    rows.fold("upn,nhs_number,date_of_birth\n".to_owned(), |text, row| text + &row)
}

/// A family's permission for the council to see its child's waits.
pub fn permission(number: &str, pathways: &[&str]) -> Value {
    json!({
        "child": child(number), "decision": "permit", "purpose": "care-coordination", "data": ["waiting-list-status"],
        "pathways": pathways, "recipient": "E10000015", "decided_by": "parent", "evidence": "signed form",
        "valid_from": days_ago(20)
    })
}

/// A council's request to a health body for advice about a child.
pub fn advice_request(number: &str, addressed_to: &str) -> Value {
    json!({
        "child": child(number), "case_reference": "C-1", "addressed_to": addressed_to, "role": "designated-clinical-officer",
        "kinds": ["speech-and-language"]
    })
}

/// A SEN2 return with one person and one request for an assessment.
pub fn sen2(surname: &str, born: &str, upn: &str, postcode: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Message>
  <Header>
    <CollectionDetails><Collection>SEN2</Collection><Year>2027</Year><ReferenceDate>2027-01-21</ReferenceDate></CollectionDetails>
    <Source><SourceLevel>L</SourceLevel><LEA>919</LEA><SoftwareCode>Example</SoftwareCode><Release>1</Release><SerialNo>001</SerialNo><DateTime>2027-02-01T09:00:00</DateTime></Source>
  </Header>
  <Persons>
    <Person><Surname>{surname}</Surname><Forename>Ada</Forename><PersonBirthDate>{born}</PersonBirthDate><PostCode>{postcode}</PostCode><UPN>{upn}</UPN>
      <Requests><ReceivedDate>2026-09-28</ReceivedDate><RequestOutcome>A</RequestOutcome></Requests>
    </Person>
  </Persons>
</Message>
"#
    )
}
