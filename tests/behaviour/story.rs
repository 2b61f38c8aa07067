//! The gateway's main job, done by an outside client that knows only the contract.

use integration_tests::{Persona, World, on_both, today};
use serde_json::{Value, json};

const NUMBER: &str = "9990000018";
const BORN: &str = "2016-05-04";
const HEADER: &str = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage,stage_start_date,previous_referral_id,previous_provider,closed_date,district\n";

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

fn child() -> Value {
    json!({ "nhs_number": NUMBER, "date_of_birth": BORN })
}

fn days_ago(days: u64) -> String {
    (today() - chrono::Days::new(days)).to_string()
}

/// The child's first referral at RWR, ended, and the one at RY4 that continues it.
async fn push_two_stage_wait(world: &World) {
    let icb = signed_in(world, "icb-central-east").await;
    let first = format!("{HEADER}P-1,{NUMBER},01,{BORN},autism,{},closed,referral,,,,{},E07000240\n", days_ago(512), days_ago(290));
    icb.push_csv("organisation=RWR&list=autism", first).await.expect(201);
    let trust = signed_in(world, "provider-hct").await;
    let second =
        format!("{HEADER}A-1,{NUMBER},01,{BORN},autism,{},waiting,assessment,{},P-1,RWR,,E07000240\n", days_ago(290), days_ago(290));
    let report = trust.push_csv("list=autism&mode=snapshot", second).await.expect(201);
    assert_eq!(report["records"]["opened"], 1, "{report}");
}

fn permission() -> Value {
    json!({
        "child": child(), "decision": "permit", "purpose": "care-coordination", "data": ["waiting-list-status"], "pathways": ["autism"],
        "recipient": "E10000015", "decided_by": "parent", "evidence": "signed form", "valid_from": days_ago(20)
    })
}

on_both! {
    async fn waits_are_shown_while_the_family_permits_it_and_not_a_moment_longer(world: World) {
        push_two_stage_wait(&world).await;
        let council = signed_in(&world, "council-herts").await;
        let id = council.child_id(NUMBER, BORN).await;
        let waits = format!("/v1/children/{id}/waits");
        council.get(&waits).await.expect_problem(404, "not-found");

        let consent = council.post("/v1/consents", &permission()).await.expect(201);
        let shown = council.get(&waits).await.expect(200);
        assert_eq!(shown["waits"].as_array().unwrap().len(), 1);
        let wait = &shown["waits"][0];
        assert_eq!((&wait["pathway"], &wait["stage"], &wait["provider"]), (&json!("autism"), &json!("assessment"), &json!("RY4")));
        assert_eq!(wait["stage_wait"], json!({ "days": 290, "weeks": 41 }));
        let started_on = wait["journey_wait"]["started_on"].as_str().unwrap();
        assert_eq!(wait["journey_wait"], json!({
            "days": 512, "weeks": 73, "started_on": started_on, "known_by": "linked-referral", "linked_by": ["previous-referral"]
        }));

        let path = format!("/v1/consents/{}/withdrawal", consent["id"].as_str().unwrap());
        council.post(&path, &json!({ "reason": "changed her mind" })).await.expect(200);
        council.get(&waits).await.expect_problem(404, "not-found");
    }

    async fn a_child_that_is_not_held_looks_like_one_that_is_not_permitted(world: World) {
        push_two_stage_wait(&world).await;
        let council = signed_in(&world, "council-herts").await;
        let held = council.child_id(NUMBER, BORN).await;
        let other_birthday = council.child_id(NUMBER, "2016-05-05").await;
        let unknown = council.child_id("9990000026", BORN).await;
        let mut answers = Vec::new();
        for id in [held.as_str(), &other_birthday, &unknown, "no-such-child"] {
            let mut problem = council.get(&format!("/v1/children/{id}/waits")).await.expect_problem(404, "not-found");
            for own in ["request_id", "instance"] {
                problem.as_object_mut().unwrap().remove(own);
            }
            answers.push(problem);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        assert_eq!(held.len(), unknown.len());
    }

    async fn each_organisation_has_its_own_id_for_a_child(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let trust = signed_in(&world, "provider-hct").await;
        let (ours, theirs) = (council.child_id(NUMBER, BORN).await, trust.child_id(NUMBER, BORN).await);
        assert_ne!(ours, theirs);
        assert_eq!(council.child_id(NUMBER, BORN).await, ours);
        trust.get(&format!("/v1/children/{ours}/waits")).await.expect_problem(404, "not-found");
    }

    async fn advice_is_asked_for_answered_and_pulled(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let trust = signed_in(&world, "provider-hct").await;
        let request = json!({
            "child": child(), "case_reference": "C-1", "addressed_to": "RY4", "role": "designated-clinical-officer",
            "kinds": ["speech-and-language", "medical"], "received_on": days_ago(19), "receipt_evidence": "e-mail"
        });
        let made = council.post("/v1/advice-requests", &request).await.expect(201);
        assert_eq!(made["status"], "requested");
        assert_eq!(made["due_on"], (today() + chrono::Days::new(42 - 19)).to_string());
        let path = format!("/v1/advice-requests/{}", made["id"].as_str().unwrap());
        council.get(&format!("{path}/advice")).await.expect_problem(409, "not-yet-answered");

        let owed = trust.get("/v1/advice-requests?status=open").await.expect(200);
        assert_eq!(owed["items"][0]["id"], made["id"]);
        assert!(!owed.to_string().contains(NUMBER));
        assert_eq!(trust.get(&path).await.expect(200)["child"], child());
        let acknowledged = trust.post(&format!("{path}/acknowledgement"), &json!({})).await.expect(200);
        assert_eq!((&acknowledged["status"], &acknowledged["due_on"]), (&json!("acknowledged"), &made["due_on"]));
        let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" });
        assert_eq!(trust.put(&format!("{path}/advice"), &advice).await.expect(200)["status"], "submitted");

        let pulled = council.get(&format!("{path}/advice")).await.expect(200);
        assert_eq!((&pulled["needs"], &pulled["provision"], &pulled["outcomes"]), (&json!("n"), &json!("p"), &json!("o")));
        assert_eq!(trust.get("/v1/advice-requests?status=open").await.expect(200)["items"], json!([]));
        trust.post(&format!("{path}/acknowledgement"), &json!({})).await.expect_problem(409, "wrong-status");
        let icb = signed_in(&world, "icb-central-east").await;
        icb.get(&path).await.expect_problem(404, "not-found");
    }

    async fn a_recipient_without_an_agreement_is_refused_and_it_is_written_down(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let request = json!({
            "child": child(), "case_reference": "C-1", "addressed_to": "R1L", "role": "dco", "kinds": ["medical"]
        });
        council.post("/v1/advice-requests", &request).await.expect_problem(403, "no-agreement");
        let auditor = signed_in(&world, "auditor-herts").await;
        let events = auditor.get("/v1/audit/events").await.expect(200);
        let refusal = &events["items"][0];
        assert_eq!((&refusal["outcome"], &refusal["reason"]), (&json!("refused"), &json!("no-agreement")));
        assert_eq!((&refusal["client"], &refusal["recipient"]), (&json!("council-herts"), &json!("R1L")));
        assert_eq!(refusal["actor"], json!({ "id": "kt-204", "role": "ehc-coordinator", "reason": "assessment C-1" }));
        assert!(!events.to_string().contains(NUMBER) && refusal.get("child").is_none());
    }

    async fn a_release_is_read_as_json_and_csv_and_not_sent_twice(world: World) {
        push_two_stage_wait(&world).await;
        let dashboard = signed_in(&world, "dashboard-herts").await;
        dashboard.get("/v1/dashboard/releases/latest").await.expect_problem(404, "not-found");
        world.build_release(today()).await;
        let release = dashboard.get("/v1/dashboard/releases/latest").await.expect(200);
        let table = release["tables"][0]["name"].as_str().unwrap();
        let path = format!("/v1/dashboard/releases/latest/tables/{table}");
        let json = dashboard.get(&path).await;
        // A single child is never published as a figure.
        assert!(json.expect(200)["rows"].as_array().unwrap().iter().all(|row| row["cell"]["value"].is_null()));
        let csv = dashboard.call(reqwest::Method::GET, &path).header("accept", "text/csv").send().await;
        assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert_ne!(csv.header("etag"), json.header("etag"));
        let again = dashboard.call(reqwest::Method::GET, &path).header("if-none-match", json.header("etag").unwrap()).send().await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        let missing = dashboard.get("/v1/dashboard/releases/latest/tables/by-postcode").await.expect_problem(404, "not-found");
        assert!(missing["detail"].as_str().unwrap().contains(table), "{missing}");
    }
}
