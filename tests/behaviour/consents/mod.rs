//! Families' decisions: what each allows to be seen, by whom, from when and until when.

mod histories;
mod opt_outs;
mod overrides;
mod restrictions;
mod reviews;
mod withdrawals;

use chrono::{Days, Duration, NaiveDate};
use integration_tests::records::{BORN, advice_request, days_ago, list, number, permission, row};
use integration_tests::{ACTOR, Answer, Database, GUARDIAN, Persona, World, on_both, today, until};
use reqwest::Method;
use serde_json::{Value, json};

const STATUS_AGREEMENT: &str = "[[agreement]]\nid = \"herts-waiting-list-status\"";

/// The partnership file without the agreement on waiting-list status.
fn without_agreement(whole: &str) -> String {
    let (before, agreement) = whole.split_once(STATUS_AGREEMENT).unwrap();
    let (_, after) = agreement.split_once("[[agreement]]").unwrap();
    format!("{before}[[agreement]]{after}")
}

/// The partnership file with other days for the same agreement.
fn with_days(whole: &str, starts: NaiveDate, ends: NaiveDate) -> String {
    let (before, agreement) = whole.split_once(STATUS_AGREEMENT).unwrap();
    let (head, rest) = agreement.split_once("starts = ").unwrap();
    let (_, basis) = rest.split_once("[agreement.basis]").unwrap();
    format!("{before}{STATUS_AGREEMENT}{head}starts = {starts}\nends = {ends}\n[agreement.basis]{basis}")
}

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

/// Sends rows as one of the trust's lists.
async fn push(world: &World, rows: impl IntoIterator<Item = String>) {
    let trust = signed_in(world, "provider-hct").await;
    let report = trust.push_csv("list=all", list(rows)).await.expect(201);
    assert_eq!(report["records"]["rejected"], 0, "{report}");
}

async fn waits(persona: &Persona, nhs_number: &str) -> Answer {
    let id = persona.child_id(nhs_number, BORN).await;
    persona.get(&format!("/v1/children/{id}/waits")).await
}

/// The providers and pathways that are shown; none if the answer is 404.
#[track_caller]
fn shown(answer: &Answer) -> Vec<(String, String)> {
    if answer.status == 404 {
        answer.expect_problem(404, "not-found");
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut shown: Vec<_> =
        answer.expect(200)["waits"].as_array().unwrap().iter().map(|wait| (text(&wait["provider"]), text(&wait["pathway"]))).collect();
    shown.sort();
    shown
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(provider, pathway)| ((*provider).to_owned(), (*pathway).to_owned())).collect()
}

async fn record(persona: &Persona, body: &Value) -> String {
    persona.post("/v1/consents", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn withdraw(persona: &Persona, id: &str) -> Answer {
    persona.post(&format!("/v1/consents/{id}/withdrawal"), &json!({ "reason": "changed her mind" })).await
}

/// The last audit entry of an operation.
async fn last_leaf(world: &World, operation: &str) -> Value {
    world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == operation).expect("a leaf")
}

on_both! {
    async fn a_denial_and_an_objection_outweigh_any_permission(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission(&number(0), &["autism"])).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        for (decision, reason) in [("deny", "consent-denied"), ("objection", "objection")] {
            let mut body = permission(&number(0), &["autism"]);
            body["decision"] = decision.into();
            let refusal = record(&council, &body).await;
            assert_eq!(shown(&waits(&council, &number(0)).await), []);
            // A later permission does not outweigh the refusal.
            let later = record(&council, &permission(&number(0), &["autism"])).await;
            assert_eq!(shown(&waits(&council, &number(0)).await), [], "{decision}");
            let leaf = last_leaf(&world, "get_waits").await;
            assert_eq!((&leaf["outcome"], &leaf["reason"], &leaf["consents"]), (&json!("refused"), &json!(reason), &json!([refusal])));
            withdraw(&council, &refusal).await.expect(200);
            withdraw(&council, &later).await.expect(200);
            assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        }
    }

    async fn a_pathway_that_was_not_named_is_not_shown(world: World) {
        push(&world, [row("A-1", &number(0), "01", "audiology"), row("A-2", &number(0), "01", "autism|adhd"), row("A-3", &number(0), "01", "mental-health")]).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission(&number(0), &["autism"])).await;
        let answer = waits(&council, &number(0)).await;
        assert_eq!(shown(&answer), pairs(&[("RY4", "autism")]));
        for hidden in ["audiology", "adhd", "mental-health"] {
            assert!(!answer.text.contains(hidden), "{}", answer.text);
        }
        let entries = council.get("/v1/waiting-list/entries?organisation=RY4").await;
        assert_eq!(entries.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(entries.json()["items"][0]["pathways"], json!(["autism"]));
        record(&council, &permission(&number(0), &["audiology", "adhd"])).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "adhd"), ("RY4", "audiology"), ("RY4", "autism")]));
        // A refusal on one pathway does not affect the others.
        let mut body = permission(&number(0), &["adhd"]);
        body["decision"] = "deny".into();
        record(&council, &body).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "audiology"), ("RY4", "autism")]));
    }

    async fn a_decision_holds_from_its_first_day_to_its_last(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let mut body = permission(&number(0), &["autism"]);
        body["valid_from"] = (today() + Days::new(1)).to_string().into();
        body["valid_to"] = (today() + Days::new(2)).to_string().into();
        let council = signed_in(&world, "council-herts").await;
        let id = record(&council, &body).await;
        for (standing, reason) in [("not-yet-valid", Some("consent-not-yet-valid")), ("in-force", None), ("in-force", None), ("expired", Some("consent-expired"))] {
            let council = signed_in(&world, "council-herts").await;
            assert_eq!(council.get(&format!("/v1/consents/{id}")).await.expect(200)["standing"], standing);
            let seen = shown(&waits(&council, &number(0)).await);
            assert_eq!(seen.is_empty(), reason.is_some(), "{standing}: {seen:?}");
            let leaf = last_leaf(&world, "get_waits").await;
            assert_eq!(leaf.get("reason"), reason.map(Value::from).as_ref(), "{leaf}");
            world.pass(Duration::days(1));
        }
    }

    async fn a_provider_outside_the_agreement_is_not_shown(world: World) {
        world.grant("stranger", "waiting-list:write waiting-list:read").await;
        let stranger = signed_in(&world, "stranger").await;
        stranger.push_csv("list=all", list([row("S-1", &number(0), "01", "autism")])).await.expect(201);
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission(&number(0), &["autism"])).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), []);
        let leaf = last_leaf(&world, "get_waits").await;
        assert_eq!((&leaf["holder"], &leaf["reason"], &leaf["agreements"]), (&json!("R1L"), &json!("no-agreement"), &json!([])));
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        // The council's consent does not let a provider see what another holds.
        assert_eq!(shown(&waits(&stranger, &number(0)).await), pairs(&[("R1L", "autism")]));
    }

    async fn a_provider_that_the_agreement_names_records_and_withdraws(world: World) {
        world.grant("provider-hct", "waiting-list:write consent:write consent:read").await;
        world.grant("icb-central-east", "consent:write consent:read").await;
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let (council, trust, board) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await, signed_in(&world, "icb-central-east").await);
        let recorded = trust.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        assert_eq!(recorded["recorded_by"], "RY4");
        let id = recorded["id"].as_str().unwrap();
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        // Only the organisation that recorded a decision may withdraw it and read it.
        for other in [&council, &board] {
            withdraw(other, id).await.expect_problem(404, "not-found");
            other.get(&format!("/v1/consents/{id}")).await.expect_problem(404, "not-found");
        }
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        withdraw(&trust, id).await.expect(200);
        assert_eq!(shown(&waits(&council, &number(0)).await), []);
        // The board is a provider in the agreement, but is not named as one that may record.
        board.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_problem(403, "no-agreement");
        assert_eq!(last_leaf(&world, "record_consent").await["reason"], "recorder-not-named");
    }

    async fn a_decision_outside_every_agreement_is_not_recorded_and_that_is_written_down(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let mut before = world.ask_database("SELECT count(*) FROM audit_leaf");
        for (field, value, reason) in [
            ("recipient", json!("S1Y5D"), "no-agreement"),
            ("recipient", json!("R1L"), "no-agreement"),
            ("purpose", json!("joint-commissioning"), "no-agreement"),
            ("data", json!(["health-advice"]), "no-agreement"),
            ("data", json!(["waiting-list-status", "ehcp-status"]), "no-agreement"),
            ("pathways", json!(["mental-health"]), "pathway-not-covered"),
            ("pathways", json!(["autism", "mental-health"]), "pathway-not-covered"),
        ] {
            let mut body = permission(&number(0), &["autism"]);
            body[field] = value.clone();
            council.post("/v1/consents", &body).await.expect_problem(403, "no-agreement");
            let leaf = last_leaf(&world, "record_consent").await;
            assert_eq!((&leaf["outcome"], &leaf["reason"], &leaf["act"]), (&json!("refused"), &json!(reason), &json!("record-consent")), "{field} {value}");
            assert_eq!((&leaf["client"], &leaf["actor"]["id"]), (&json!("council-herts"), &json!("kt-204")));
            before += 1;
            assert_eq!(world.ask_database("SELECT count(*) FROM audit_leaf"), before, "one leaf for each");
        }
        assert_eq!(world.ask_database("SELECT count(*) FROM consent"), 0);
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 0, "a refusal makes no child known");
    }

    async fn a_number_that_its_provider_marks_as_unverified_is_shown_to_the_provider_alone(world: World) {
        let statuses = ["", "01", "02", "03", "04", "05", "06", "07", "08"];
        push(&world, statuses.iter().enumerate().map(|(nth, status)| row(&format!("A-{nth}"), &number(nth), status, "autism"))).await;
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        for (nth, status) in statuses.iter().enumerate() {
            record(&council, &permission(&number(nth), &["autism"])).await;
            // The council does not even learn that there is a wait.
            waits(&council, &number(nth)).await.expect_status(if ["", "01"].contains(status) { 200 } else { 404 });
            assert_eq!(shown(&waits(&trust, &number(nth)).await), pairs(&[("RY4", "autism")]), "{status}");
        }
        let entries = council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200);
        assert_eq!(entries["items"].as_array().unwrap().len(), 2, "{entries}");
        let own = trust.get("/v1/waiting-list/entries").await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), statuses.len());
    }

    async fn an_agreement_that_is_taken_out_or_ends_lets_nothing_flow_within_seconds(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission(&number(0), &["autism"])).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        let whole = std::fs::read_to_string(&world.configuration.partnership).unwrap();
        for (changed, reason) in [
            (without_agreement(&whole), "no-agreement"),
            (with_days(&whole, days_ago(30), days_ago(1)), "agreement-ended"),
            (with_days(&whole, today() + Days::new(1), today() + Days::new(9)), "agreement-not-started"),
        ] {
            world.change_partnership(|_| changed);
            until("the agreement lets nothing flow", async || waits(&council, &number(0)).await.status == 404).await;
            assert_eq!(last_leaf(&world, "get_waits").await["reason"], reason);
            council.get("/v1/waiting-list/entries?organisation=RY4").await.expect_problem(403, "no-agreement");
            assert_eq!(last_leaf(&world, "list_entries").await["reason"], reason);
            council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_problem(403, "no-agreement");
            world.change_partnership(|_| whole.clone());
            until("the agreement is back", async || waits(&council, &number(0)).await.status == 200).await;
        }
        // Today is the last day, and it counts.
        world.change_partnership(|_| with_days(&whole, days_ago(30), today()));
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
    }

    async fn a_partnership_file_that_is_wrong_changes_nothing(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission(&number(0), &["autism"])).await;
        world.change_partnership(|text| text.replace("data = [\"waiting-list-status\"]", "data = [\"everything\"]"));
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
    }

    async fn a_decision_that_is_sent_again_is_recorded_once(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let send = async |key: &str, body: &Value| {
            council.call(Method::POST, "/v1/consents").actor(ACTOR).header("idempotency-key", key).json(body).send().await
        };
        let body = permission(&number(0), &["autism"]);
        let first = send("key-1", &body).await.expect(201);
        assert_eq!(send("key-1", &body).await.expect(200), first);
        send("key-1", &permission(&number(0), &["adhd"])).await.expect_problem(422, "idempotency-mismatch");
        // A refused request does not use up its key.
        let mut wrong = body.clone();
        wrong["recipient"] = "R1L".into();
        send("key-2", &wrong).await.expect_problem(403, "no-agreement");
        assert_ne!(send("key-2", &body).await.expect(201), first);
        assert_eq!(world.ask_database("SELECT count(*) FROM consent"), 2);
        // Many requests at once make one decision.
        let mut sent = Vec::new();
        for _ in 0..8 {
            let (council, body) = (council.clone(), body.clone());
            sent.push(tokio::spawn(async move {
                council.call(Method::POST, "/v1/consents").actor(ACTOR).header("idempotency-key", "key-3").json(&body).send().await
            }));
        }
        for sent in sent {
            assert!([200, 201, 409].contains(&sent.await.unwrap().status));
        }
        assert_eq!(world.ask_database("SELECT count(*) FROM consent"), 3);
    }
}
