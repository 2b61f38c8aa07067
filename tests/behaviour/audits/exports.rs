//! The audit log as FHIR R4 AuditEvents (IHE BALP).

use integration_tests::on_both;
use integration_tests::records::{BORN, number, permission};
use reqwest::Method;
use serde_json::{Value, json};

use super::{push, signed_in};

const PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

fn agent<'a>(event: &'a Value, code: &str) -> &'a Value {
    event["agent"].as_array().unwrap().iter().find(|agent| agent["type"]["coding"][0]["code"] == code).unwrap()
}

fn entity<'a>(event: &'a Value, code: &str) -> &'a Value {
    event["entity"].as_array().unwrap().iter().find(|entity| entity["type"]["code"] == code).unwrap()
}

on_both! {
    async fn every_entry_is_a_fhir_audit_event(world: World) {
        push(&world).await;
        let council = signed_in(&world, "council-herts").await;
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        council.get(&waits).await.expect_status(404);
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_status(201);
        council.get(&waits).await.expect_status(200);
        council.get("/v1/ehcp/cases").await.expect_status(200);
        let log = world.audit_log().await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let get = async |path: &str, accept: &str| auditor.call(Method::GET, path).header("accept", accept).send().await;
        let answer = get("/v1/audit/events", "application/fhir+json").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/fhir+json")));
        let bundle = answer.json();
        assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("searchset")));
        let events: Vec<_> = bundle["entry"].as_array().unwrap().iter().map(|entry| entry["resource"].clone()).collect();
        assert_eq!(events.len(), log.len());
        for (event, entry) in events.iter().zip(&log) {
            assert_eq!((&event["resourceType"], &event["recorded"], &event["id"]), (&json!("AuditEvent"), &entry["at"], &json!(entry["id"].to_string())));
            assert_eq!(event["subtype"][1]["code"], entry["event"]);
            assert_eq!(event["purposeOfEvent"][0]["coding"][0]["code"], entry["purpose"]);
            assert_eq!(entity(event, "XrequestId")["what"]["identifier"]["value"], entry["request_id"]);
            let details = entity(event, "2")["detail"].as_array().unwrap();
            for name in ["agreements", "consents"] {
                let told: Vec<_> = details.iter().filter(|detail| detail["type"] == name).map(|detail| detail["valueString"].clone()).collect();
                assert_eq!(&Value::Array(told), &entry[name]);
            }
            assert!(event["source"]["observer"]["identifier"]["value"].is_string());
        }
        let [refused, recorded, read, listed] = events.as_slice() else { panic!("{bundle:#}") };
        assert_eq!((&refused["outcome"], &refused["outcomeDesc"], &refused["meta"]), (&json!("4"), &json!("consent-missing"), &Value::Null));
        let profile = |name: &str| json!([format!("{PROFILE}{name}")]);
        assert_eq!((&recorded["meta"]["profile"], &recorded["action"]), (&profile("PatientCreate"), &json!("C")));
        assert_eq!((&read["meta"]["profile"], &read["action"], &read["outcome"]), (&profile("PatientRead"), &json!("R"), &json!("0")));
        assert_eq!((&listed["meta"]["profile"], listed["entity"].as_array().unwrap().len()), (&profile("Read"), 2));
        assert_eq!(agent(read, "110152")["who"]["identifier"]["value"], "council-herts");
        assert_eq!(agent(recorded, "110153")["who"]["identifier"]["value"], "council-herts");
        let user = agent(read, "IRCP");
        assert_eq!((&user["who"]["identifier"]["value"], &user["role"][0]["text"], &user["requestor"]), (&json!("kt-204"), &json!("ehc-coordinator"), &json!(true)));
        assert_eq!(user["purposeOfUse"][0]["text"], "assessment C-1");
        // A hash stands for the patient, without a number or birthday.
        assert_eq!(entity(read, "1")["what"]["identifier"]["value"], log[2]["leaf"]["child"]);
        assert!(!answer.text.contains(&number(0)) && !answer.text.contains(BORN));
    }

    async fn fhir_pages_and_lines_and_scope_are_those_of_the_log(world: World) {
        let council = signed_in(&world, "council-herts").await;
        for _ in 0..3 {
            council.get("/v1/ehcp/cases").await.expect_status(200);
        }
        let trust = signed_in(&world, "provider-hct").await;
        trust.get("/v1/waiting-list/entries").await.expect_status(200);
        world.audit_log().await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let get = async |persona: &integration_tests::Persona, path: &str, accept: &str| persona.call(Method::GET, path).header("accept", accept).send().await;
        let page = get(&auditor, "/v1/audit/events?limit=2", "application/fhir+json").await.expect(200);
        let next = page["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next").unwrap()["url"].as_str().unwrap().to_owned();
        let next = &next[next.find("/v1").unwrap()..];
        let page = get(&auditor, next, "application/fhir+json").await.expect(200);
        assert_eq!(page["entry"][0]["resource"]["id"], "3");
        let lines = get(&auditor, "/v1/audit/events?limit=2", "application/fhir+ndjson").await;
        assert_eq!(lines.header("content-type"), Some("application/fhir+ndjson"));
        assert_eq!(lines.header("link"), Some("</v1/audit/events?after=2&limit=2>; rel=\"next\""));
        let read: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.iter().map(|event| event["id"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "2"]);
        get(&auditor, "/v1/audit/events", "text/csv").await.expect_problem(406, "not-acceptable");
        world.grant("provider-hct", "audit:read waiting-list:read").await;
        let trust = signed_in(&world, "provider-hct").await;
        let seen = get(&trust, "/v1/audit/events", "application/fhir+json").await.expect(200);
        assert_eq!(seen["entry"].as_array().unwrap().len(), 1, "what it took part in: {seen}");
    }
}
