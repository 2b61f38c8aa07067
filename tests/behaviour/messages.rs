//! Records as a patient system's HL7 v2 messages, sent to a running gateway.

use domain::{ChildReference, Pathway, Referral, ReferralDetails, ReferralStatus, SubmittedEntry, SubmittedRecord};
use integration_tests::records::{BORN, days_ago, number};
use integration_tests::{Answer, Persona, World, today};
use reqwest::Method;
use serde_json::Value;

/// The report on a submission, and the row and code of each issue.
pub(crate) type Sent = (Value, Vec<(i64, String)>);

pub(crate) fn reference(nth: usize) -> ChildReference {
    ChildReference::by_nhs_number(number(nth).parse().unwrap(), BORN.parse().unwrap())
}

/// A child that has waited thirty days for autism.
pub(crate) fn referral(id: &str, nth: usize) -> SubmittedRecord {
    let details =
        ReferralDetails { nhs_number_status: Some("01".into()), district: Some("E07000240".into()), ..ReferralDetails::default() };
    let referral = Referral {
        referral_id: id.into(),
        pathways: Pathway::Autism.into(),
        status: ReferralStatus::Waiting,
        referral_received_date: days_ago(30),
        recognised: Vec::new(),
        details,
    };
    SubmittedRecord { child: reference(nth), entry: SubmittedEntry::Referral(Box::new(referral)) }
}

pub(crate) async fn push(persona: &Persona, query: &str, body: impl Into<reqwest::Body>) -> Answer {
    let path = format!("/v1/waiting-list/submissions?format=hl7v2&{query}");
    persona.call(Method::POST, &path).header("content-type", "application/hl7-v2").body(body).send().await
}

/// Sends records as RY4, or only has them checked.
pub(crate) async fn send(world: &World, records: &[SubmittedRecord], validate: bool) -> Sent {
    let trust = world.persona("provider-hct").signed_in().await;
    let mut body = Vec::new();
    adapters::write_hl7v2(records, "RY4".parse().unwrap(), today(), &mut body).unwrap();
    let report = push(&trust, &format!("list=all&validate={validate}"), body).await.expect(if validate { 200 } else { 201 });
    let page = match report["issues"].as_str() {
        Some(path) => trust.get(path).await.expect(200)["items"].clone(),
        None => report["issue_list"].clone(),
    };
    let issue = |issue: &Value| (issue["row"].as_i64().unwrap(), issue["code"].as_str().unwrap().to_owned());
    let issues = page.as_array().into_iter().flatten().map(issue).collect();
    (report, issues)
}
