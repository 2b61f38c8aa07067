//! What happens to what a partner sends: section 6 of the contract.

mod atomicity;
mod bodies;
mod comparators;
mod deltas;
mod digests;
mod durability;
mod encodings;
mod formats;
mod hl7v2;
mod idempotency;
mod issues;
mod journeys;
mod pushes;
mod refusals;
mod sen2;
mod snapshots;
mod standing;
mod validation;
mod works;

use std::collections::BTreeMap;

use domain::NhsNumber;
use integration_tests::{Persona, World, today};
use serde_json::Value;

/// The columns of [`Row`].
const HEADER: &str =
    "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage,closed_date,district\n";

/// A line of a waiting list, as a provider's system writes it.
#[derive(Clone)]
struct Row {
    id: String,
    nhs_number: String,
    born: String,
    pathway: &'static str,
    received: String,
    status: &'static str,
    stage: &'static str,
    closed: String,
}

impl Row {
    /// A row for a child, by number, that waits for autism.
    fn waiting(id: impl Into<String>, child: u32) -> Self {
        Self {
            id: id.into(),
            nhs_number: number(child),
            born: "2016-05-04".into(),
            pathway: "autism",
            received: days_ago(100),
            status: "waiting",
            stage: "referral",
            closed: String::new(),
        }
    }

    fn stage(self, stage: &'static str) -> Self {
        Self { stage, ..self }
    }

    fn closed(self) -> Self {
        Self { status: "closed", closed: days_ago(1), ..self }
    }

    /// The row with a wrong digit in its NHS number.
    fn broken(self) -> Self {
        let last = self.nhs_number.chars().last().and_then(|digit| digit.to_digit(10)).unwrap();
        let nhs_number = format!("{}{}", &self.nhs_number[..9], (last + 1) % 10);
        Self { nhs_number, ..self }
    }

    fn line(&self) -> String {
        let Self { id, nhs_number, born, pathway, received, status, stage, closed } = self;
        format!("{id},{nhs_number},01,{born},{pathway},{received},{status},{stage},{closed},E07000240\n")
    }
}

/// The NHS number of a made-up child, counted from 1.
fn number(child: u32) -> String {
    // One number in eleven has no check digit: a number from another range is used instead.
    let found = NhsNumber::from_first_nine(999_000_000 + child).or_else(|| NhsNumber::from_first_nine(999_900_000 + child));
    found.or_else(|| NhsNumber::from_first_nine(999_800_000 + child)).unwrap().as_str().to_owned()
}

fn csv<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    rows.into_iter().fold(HEADER.to_owned(), |text, row| text + &row.line())
}

/// Rows for waiting children, with ids that start with a word.
fn children(word: &str, count: u32) -> Vec<Row> {
    (1..=count).map(|child| Row::waiting(format!("{word}-{child}"), child)).collect()
}

fn days_ago(days: u64) -> String {
    (today() - chrono::Days::new(days)).to_string()
}

fn tomorrow() -> String {
    (today() + chrono::Days::new(1)).to_string()
}

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

/// The Hertfordshire Community trust.
async fn trust(world: &World) -> Persona {
    signed_in(world, "provider-hct").await
}

/// A report's record counts in their documented order, after checking that they add up.
#[track_caller]
fn counts(report: &Value) -> [u64; 9] {
    let names = ["received", "accepted", "rejected", "unchanged", "opened", "updated", "closed", "stale", "not_flowed"];
    let records = report["records"].as_object().unwrap();
    // Rows out of scope are not records, and merges have tests of their own.
    assert_eq!((records.len(), records["out_of_scope"].as_u64()), (names.len() + 2, Some(0)), "{report}");
    let counts = names.map(|name| records[name].as_u64().unwrap());
    let [received, accepted, rejected, unchanged, opened, updated, closed, ..] = counts;
    assert_eq!(received, accepted + rejected, "{report}");
    assert_eq!(accepted, unchanged + opened + updated + closed + records["merged"].as_u64().unwrap(), "{report}");
    counts
}

/// All of a provider's own entries, by referral id, read page by page.
async fn entries(persona: &Persona, query: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = persona.get(&format!("/v1/waiting-list/entries?limit=500&{query}{after}")).await.expect(200);
        for entry in page["items"].as_array().unwrap() {
            let earlier = found.insert(entry["referral_id"].as_str().unwrap().to_owned(), entry.clone());
            assert!(earlier.is_none(), "an entry stands twice: {entry}");
        }
        let Some(next) = page["next"].as_str() else { return found };
        after = format!("&after={next}");
    }
}

fn field<'a>(entries: &'a BTreeMap<String, Value>, name: &str) -> Vec<(&'a str, String)> {
    entries.iter().map(|(id, entry)| (id.as_str(), entry[name].as_str().unwrap_or("none").to_owned())).collect()
}

/// The client's reports, newest first.
async fn reports(persona: &Persona) -> Vec<Value> {
    persona.get("/v1/submissions?limit=500").await.expect(200)["items"].as_array().unwrap().clone()
}
