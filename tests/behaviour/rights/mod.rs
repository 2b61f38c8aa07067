//! Rights and retention: erased records stay away, corrections stay, expired records are deleted, records on hold stay.

mod erasures;
mod holds;
mod merges;
mod own_files;
mod rectifications;
mod restores;
mod retention;

use chrono::Duration;
use integration_tests::records::{BORN, advice_request, child, days_ago, list, number, permission, row};
use integration_tests::{Answer, Database, Persona, World, on_both, until};
use reqwest::Method;
use serde_json::{Value, json};

/// A client of the demonstration. The trust's and the council's may also decide about rights here.
async fn signed_in(world: &World, client_id: &str) -> Persona {
    let usual = match client_id {
        "provider-hct" => "waiting-list:write waiting-list:read advice:respond events:read",
        "council-herts" => "ehcp:write ehcp:read waiting-list:read advice:request advice:read consent:write consent:read events:read",
        _ => return world.persona(client_id).signed_in().await,
    };
    let file = std::fs::read_to_string(&world.configuration.partnership).unwrap();
    let own = file.split("[[client]]").find(|client| client.contains(&format!("id = \"{client_id}\""))).unwrap();
    if !own.contains("rights:write") {
        world.grant(client_id, &format!("{usual} rights:write")).await;
    }
    world.persona(client_id).signed_in().await
}

/// The trust, after sending these rows in its list.
async fn trust_with(world: &World, rows: impl IntoIterator<Item = String>) -> Persona {
    let trust = signed_in(world, "provider-hct").await;
    let report = trust.push_csv("list=all", list(rows)).await.expect(201);
    assert_eq!(report["records"]["rejected"], 0, "{report}");
    trust
}

/// A list with one row, which was closed some days ago.
fn ended(referral_id: &str, nhs_number: &str, pathway: &str, days: u64) -> String {
    const HEADER: &str = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,closed_date\n";
    format!("{HEADER}{referral_id},{nhs_number},01,{BORN},{pathway},{},closed,{}\n", days_ago(900), days_ago(days))
}

async fn of_child(persona: &Persona, nhs_number: &str, what: &str, body: &Value) -> Answer {
    let id = persona.child_id(nhs_number, BORN).await;
    persona.post(&format!("/v1/children/{id}/{what}"), body).await
}

async fn erase(persona: &Persona, nhs_number: &str) -> Value {
    let body = json!({ "reason": "the family asked", "decided_by": "data-protection-officer" });
    of_child(persona, nhs_number, "erasures", &body).await.expect(201)
}

/// How many rows of a class an erasure's answer says were erased.
fn rows_of(erasure: &Value, class: &str) -> u64 {
    let found = erasure["erased"].as_array().unwrap().iter().find(|erased| erased["data"] == class);
    found.map_or(0, |erased| erased["rows"].as_u64().unwrap())
}

/// The provider's own referral ids, in order.
async fn own_ids(trust: &Persona) -> Vec<String> {
    let page = trust.get("/v1/waiting-list/entries?limit=500").await.expect(200);
    page["items"].as_array().unwrap().iter().map(|entry| entry["referral_id"].as_str().unwrap().to_owned()).collect()
}

async fn waits(persona: &Persona, nhs_number: &str) -> Answer {
    let id = persona.child_id(nhs_number, BORN).await;
    persona.get(&format!("/v1/children/{id}/waits")).await
}

async fn permit(council: &Persona, nhs_number: &str) -> String {
    let consent = council.post("/v1/consents", &permission(nhs_number, &["autism"])).await.expect(201);
    consent["id"].as_str().unwrap().to_owned()
}

/// The errors of a submission, as code and referral id.
async fn issues(persona: &Persona, report: &Value) -> Vec<(String, Option<String>)> {
    let page = persona.get(report["issues"].as_str().unwrap()).await.expect(200);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let errors = page["items"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error");
    errors.map(|issue| (text(&issue["code"]).unwrap(), text(&issue["referral_id"]))).collect()
}

fn rejected(code: &str, id: &str) -> Vec<(String, Option<String>)> {
    vec![(code.to_owned(), Some(id.to_owned()))]
}

async fn last_leaf(world: &World, operation: &str) -> Value {
    world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == operation).expect("a leaf")
}

/// Whether some bytes are anywhere in the files of the database.
fn in_database_files(world: &World, needle: &[u8]) -> bool {
    let folder = world.dir().join("data");
    let files =
        std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("sendbridge.db"));
    files.map(|entry| std::fs::read(entry.path()).unwrap()).any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}
