//! The audit log: everything that was shown or refused is in it, nothing is shown without an entry, and
//! later changes to it are found.

mod exports;
mod mutations;
mod proofs;
mod refusals;
mod retention;
mod rights;

use integration_tests::records::{BORN, advice_request, list, number, permission, row};
use integration_tests::{Answer, Database, Persona, World, on_both, until};
use serde_json::{Value, json};
use store::AuditReport;

const STATUS: &str = "herts-waiting-list-status";
const ADVICE: &str = "herts-ehcna-health-advice";

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

async fn push(world: &World) {
    let rows = list([row("A-1", &number(0), "01", "autism")]);
    signed_in(world, "provider-hct").await.push_csv("list=autism", rows).await.expect(201);
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Checks the log with the operator's command.
async fn verify(world: &World) -> AuditReport {
    world.verify_audit(None).await.expect("a report")
}

/// Checks the log once everything is appended.
async fn settled(world: &World) -> AuditReport {
    until("everything is appended", async || verify(world).await.pending == 0).await;
    verify(world).await
}

/// A call of the story, and the audit entry that it must write.
struct Told {
    client: &'static str,
    request_id: String,
    leaf: Value,
}

fn told(client: &'static str, answer: &Answer, status: u16, leaf: Value) -> Told {
    answer.expect_status(status);
    Told { client, request_id: answer.header("x-request-id").unwrap().to_owned(), leaf }
}

on_both! {
    async fn every_disclosure_and_every_refusal_has_its_audit_entry(world: World) {
        push(&world).await;
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        let of_nobody = format!("/v1/children/{}/waits", council.child_id(&number(9), BORN).await);
        let own_waits = format!("/v1/children/{}/waits", trust.child_id(&number(0), BORN).await);
        let refused = |operation, reason, holder, agreements: &[&str]| json!({
            "operation": operation, "act": "disclose", "outcome": "refused", "reason": reason, "holder": holder,
            "recipient": "E10000015", "purpose": "care-coordination", "data": "waiting-list-status", "agreements": agreements, "consents": []
        });
        let permitted = |operation, act, holder, recipient, purpose, data, agreements: &[&str], consents: &[&str]| json!({
            "operation": operation, "act": act, "outcome": "permitted", "holder": holder, "recipient": recipient,
            "purpose": purpose, "data": data, "agreements": agreements, "consents": consents
        });
        let (care, ehc, status) = ("care-coordination", "ehc-needs-assessment", "waiting-list-status");
        let mut story = vec![
            told("council-herts", &council.get(&waits).await, 404, refused("get_waits", "consent-missing", "RY4", &[STATUS])),
            told("council-herts", &council.get(&of_nobody).await, 404, refused("get_waits", "not-held", "E10000015", &[])),
        ];
        let recorded = council.post("/v1/consents", &permission(&number(0), &["autism"])).await;
        let consent = id(&recorded);
        let path = format!("/v1/consents/{consent}");
        story.extend([
            told("council-herts", &recorded, 201, permitted("record_consent", "record-consent", "E10000015", "E10000015", care, status, &[STATUS], &[&consent])),
            told("council-herts", &council.get(&waits).await, 200, permitted("get_waits", "disclose", "RY4", "E10000015", care, status, &[STATUS], &[&consent])),
            told("council-herts", &council.get("/v1/waiting-list/entries?organisation=RY4").await, 200, permitted("list_entries", "disclose", "RY4", "E10000015", care, status, &[STATUS], &[&consent])),
            told("provider-hct", &trust.get("/v1/waiting-list/entries").await, 200, permitted("list_entries", "disclose", "RY4", "RY4", care, status, &[], &[])),
            told("provider-hct", &trust.get(&own_waits).await, 200, permitted("get_waits", "disclose", "RY4", "RY4", care, status, &[], &[])),
            told("provider-hct", &trust.get("/v1/waiting-list/entries?organisation=RWR").await, 403, {
                let mut leaf = refused("list_entries", "no-agreement", "RWR", &[]);
                leaf["recipient"] = "RY4".into();
                leaf
            }),
            told("council-herts", &council.get(&path).await, 200, permitted("get_consent", "read-consents", "E10000015", "E10000015", care, status, &[], &[])),
            told("council-herts", &council.post(&format!("{path}/withdrawal"), &json!({ "reason": "r" })).await, 200, permitted("withdraw_consent", "withdraw-consent", "E10000015", "E10000015", care, status, &[], &[&consent])),
        ]);
        let mut after_withdrawal = refused("get_waits", "consent-withdrawn", "RY4", &[STATUS]);
        after_withdrawal["consents"] = json!([consent]);
        story.push(told("council-herts", &council.get(&waits).await, 404, after_withdrawal));
        let made = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await;
        let path = format!("/v1/advice-requests/{}", id(&made));
        let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "r" });
        let asked = |operation, recipient| permitted(operation, "disclose", "E10000015", recipient, ehc, "advice-request", if recipient == "RY4" { &[ADVICE] } else { &[] }, &[]);
        let given = |operation| permitted(operation, "disclose", "RY4", "E10000015", ehc, "health-advice", &[ADVICE], &[]);
        story.extend([
            told("council-herts", &made, 201, asked("create_advice_request", "RY4")),
            told("council-herts", &council.get(&path).await, 200, asked("get_advice_request", "E10000015")),
            told("provider-hct", &trust.get(&path).await, 200, asked("get_advice_request", "RY4")),
            told("provider-hct", &trust.post(&format!("{path}/acknowledgement"), &json!({})).await, 200, asked("acknowledge_advice_request", "RY4")),
            told("provider-hct", &trust.put(&format!("{path}/advice"), &advice).await, 200, given("submit_advice")),
            told("council-herts", &council.get(&format!("{path}/advice")).await, 200, given("get_advice")),
            told("council-herts", &council.post("/v1/advice-requests", &advice_request(&number(0), "R1L")).await, 403, json!({
                "operation": "create_advice_request", "act": "disclose", "outcome": "refused", "reason": "no-agreement", "holder": "E10000015",
                "recipient": "R1L", "purpose": ehc, "data": "advice-request", "agreements": [], "consents": []
            })),
            told("council-herts", &council.get("/v1/ehcp/cases").await, 200, permitted("list_cases", "disclose", "E10000015", "E10000015", ehc, "ehcp-status", &[], &[])),
        ]);

        let log = world.audit_log().await;
        let of: Vec<_> = log.iter().map(|leaf| leaf["request_id"].as_str().unwrap()).collect();
        assert_eq!(of, story.iter().map(|told| told.request_id.as_str()).collect::<Vec<_>>(), "one leaf for each, in order: {log:#?}");
        for (told, leaf) in story.iter().zip(&log) {
            for (name, value) in told.leaf.as_object().unwrap() {
                assert_eq!(&leaf[name], value, "{name} of {leaf}");
            }
            assert_eq!(leaf["client"], told.client, "{leaf}");
            let personal = !["list_entries", "list_cases"].contains(&leaf["operation"].as_str().unwrap());
            let actor = json!({ "id": "kt-204", "role": "ehc-coordinator", "reason": "assessment C-1" });
            assert_eq!(leaf["actor"], if personal { actor } else { Value::Null }, "{leaf}");
            assert!(leaf["at"].is_string() && leaf.get("child").is_none(), "{leaf}");
            let text = leaf.to_string();
            assert!(!text.contains(&number(0)) && !text.contains(BORN), "{text}");
        }
        let report = settled(&world).await;
        assert!(report.is_whole(), "{report}");
        assert_eq!(report.head.size, story.len() as u64);
    }

    async fn the_log_is_whole_while_many_read_and_afterwards(world: World) {
        push(&world).await;
        let replica = match world.database() {
            Database::Sqlite => None,
            Database::Postgres => Some(world.replica().await),
        };
        let council = signed_in(&world, "council-herts").await;
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_status(201);
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        let mut readers = Vec::new();
        for nth in 0..6 {
            let reader = match &replica {
                Some(replica) if nth % 2 == 1 => world.persona_at("council-herts", replica),
                _ => world.persona("council-herts"),
            };
            let (reader, waits) = (reader.signed_in().await, waits.clone());
            readers.push(tokio::spawn(async move {
                for _ in 0..40 {
                    reader.get(&waits).await.expect_status(200);
                }
            }));
        }
        while readers.iter().any(|reader| !reader.is_finished()) {
            let report = verify(&world).await;
            assert!(report.is_whole(), "{report}");
        }
        for reader in readers {
            reader.await.unwrap();
        }
        let report = settled(&world).await;
        assert!(report.is_whole(), "{report}");
        assert_eq!(report.head.size, 6 * 40 + 1);
        drop(replica);
    }

    async fn what_cannot_be_written_down_is_not_shown_and_not_done(world: World) {
        push(&world).await;
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        let consent = id(&council.post("/v1/consents", &permission(&number(0), &["autism"])).await);
        let made = id(&council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await);
        let advice = json!({ "needs": "needs-text", "provision": "p", "outcomes": "o", "author_role": "r" });
        trust.put(&format!("/v1/advice-requests/{made}/advice"), &advice).await.expect_status(200);
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        council.get(&waits).await.expect_status(200);
        settled(&world).await;
        for table in ["audit_pending", "audit_leaf"] {
            let before = world.audit_log().await.len();
            world.meddle(&format!("ALTER TABLE {table} RENAME TO lost"));
            let paths = [
                waits.clone(),
                "/v1/waiting-list/entries?organisation=RY4".into(),
                "/v1/ehcp/cases".into(),
                format!("/v1/advice-requests/{made}"),
                format!("/v1/advice-requests/{made}/advice"),
                format!("/v1/consents/{consent}"),
            ];
            for path in paths {
                let answer = council.get(&path).await;
                answer.expect_problem(500, "internal");
                for shown in ["autism", "waits", "RY4", "needs-text", "lost", table, number(0).as_str()] {
                    assert!(!answer.text.contains(shown), "{path}: {}", answer.text);
                }
            }
            trust.get("/v1/waiting-list/entries").await.expect_problem(500, "internal");
            for (path, body) in [
                (format!("/v1/consents/{consent}/withdrawal"), json!({ "reason": "r" })),
                ("/v1/consents".into(), permission(&number(1), &["autism"])),
                ("/v1/advice-requests".into(), advice_request(&number(1), "RY4")),
            ] {
                council.post(&path, &body).await.expect_problem(500, "internal");
            }
            world.meddle(&format!("ALTER TABLE lost RENAME TO {table}"));
            assert_eq!(world.audit_log().await.len(), before);
            assert_eq!(world.ask_database("SELECT count(*) FROM consent"), 1);
            assert_eq!(world.ask_database("SELECT count(*) FROM consent WHERE withdrawn_at IS NOT NULL"), 0);
            assert_eq!(world.ask_database("SELECT count(*) FROM advice_request"), 1);
            assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 1, "nobody was made known");
            council.get(&waits).await.expect_status(200);
        }
        let report = settled(&world).await;
        assert!(report.is_whole(), "{report}");
    }
}
