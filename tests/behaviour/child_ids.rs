//! The ids by which partners name a child: by NHS number, by UPN, or by what is held of a child without either.

use domain::Upn;
use integration_tests::records::{BORN, days_ago, number, permission, sen2};
use integration_tests::{Persona, World, on_both};
use reqwest::Method;
use serde_json::{Value, json};

const SCOPES: &str = "ehcp:write ehcp:read waiting-list:read consent:write consent:read restriction:write rights:write";

async fn council(world: &World) -> Persona {
    world.grant("council-herts", SCOPES).await;
    world.persona("council-herts").signed_in().await
}

fn upn() -> String {
    Upn::from_parts(919, 2000, 17, 1).unwrap().as_str().to_owned()
}

/// The only case of the council, after it sent its return.
async fn case_of(council: &Persona, file: String) -> Value {
    let path = "/v1/ehcp/submissions?format=sen2-xml&mode=snapshot";
    council.call(Method::POST, path).header("content-type", "application/xml").body(file).send().await.expect(201);
    let listed = council.get("/v1/ehcp/cases").await.expect(200);
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    council.get(&format!("/v1/ehcp/cases/{id}")).await.expect(200)
}

/// A return with one child, who has no UPN.
fn by_name(surname: &str) -> String {
    let upn = upn();
    sen2(surname, BORN, &upn, "AL1 1AA").replace(&format!("<UPN>{upn}</UPN>"), "<UPNunknown>UN1</UPNunknown>")
}

async fn search(persona: &Persona, child: &Value) -> String {
    persona.post("/v1/children/search", child).await.expect(200)["child_id"].as_str().unwrap().to_owned()
}

/// A family's permission for a child who is known by a UPN.
fn permission_by_upn() -> Value {
    let mut body = permission(&number(0), &["autism"]);
    body["child"] = json!({ "upn": upn(), "date_of_birth": BORN });
    body
}

on_both! {
    async fn a_search_takes_an_nhs_number_or_a_upn_and_both_give_ids_of_one_length(world: World) {
        let council = council(&world).await;
        let by_upn = json!({ "upn": upn(), "date_of_birth": BORN });
        let before = search(&council, &by_upn).await;
        let of_number = council.child_id(&number(0), BORN).await;
        assert_eq!(before.len(), of_number.len());
        assert_ne!(before, of_number);
        // Once the child is held it is the same id.
        let case = case_of(&council, sen2("Example", BORN, &upn(), "AL1 1AA")).await;
        assert_eq!(search(&council, &by_upn).await, before);
        assert_eq!(case["child_id"], before);
        assert_eq!(case_of(&council, by_name("Another")).await["child_id"].as_str().unwrap().len(), before.len());
        // Another organisation has an id of its own, and this one says nothing to it.
        let trust = world.persona("provider-hct").signed_in().await;
        assert_ne!(search(&trust, &by_upn).await, before);
        trust.get(&format!("/v1/children/{before}/waits")).await.expect_problem(404, "not-found");
    }

    async fn a_child_is_named_by_one_identifier(world: World) {
        let council = council(&world).await;
        for child in [
            json!({ "nhs_number": number(0), "upn": upn(), "date_of_birth": BORN }),
            json!({ "date_of_birth": BORN }),
        ] {
            let refused = council.post("/v1/children/search", &child).await.expect_problem(422, "invalid-value");
            assert_eq!(refused["errors"][0]["code"], "invalid-value", "{refused}");
            let mut body = permission(&number(0), &["autism"]);
            body["child"] = child;
            let refused = council.post("/v1/consents", &body).await.expect_problem(422, "invalid-value");
            assert_eq!(refused["errors"][0]["field"], "child", "{refused}");
        }
        let wrong = json!({ "upn": "N919200016001", "date_of_birth": BORN });
        council.post("/v1/children/search", &wrong).await.expect_problem(400, "malformed");
    }

    async fn a_council_finds_the_decisions_of_its_case_by_the_cases_child_id(world: World) {
        let council = council(&world).await;
        let case = case_of(&council, sen2("Example", BORN, &upn(), "AL1 1AA")).await;
        let consent = council.post("/v1/consents", &permission_by_upn()).await.expect(201);
        let id = case["child_id"].as_str().unwrap();
        let listed = council.get(&format!("/v1/consents?child_id={id}")).await.expect(200);
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &consent["id"]));
        // Nobody said that the NHS number is the same child's.
        let of_number = council.child_id(&number(0), BORN).await;
        assert_eq!(council.get(&format!("/v1/consents?child_id={of_number}")).await.expect(200)["items"], json!([]));
        council.get(&format!("/v1/children/{id}/waits")).await.expect_problem(404, "not-found");
        let found = council.get(&format!("/fhir/R4/Consent?patient={id}")).await.expect(200);
        assert_eq!(found["entry"].as_array().unwrap().len(), 1, "{found}");
    }

    async fn what_waits_for_a_person_names_a_child_by_upn_too(world: World) {
        let council = council(&world).await;
        let mut body = permission_by_upn();
        body["valid_to"] = days_ago(0).to_string().into();
        council.post("/v1/consents", &body).await.expect(201);
        let due = council.get("/v1/consents/reviews").await.expect(200);
        let id = search(&council, &body["child"]).await;
        assert_eq!((due["items"].as_array().unwrap().len(), &due["items"][0]["child_id"]), (1, &json!(id)));
    }

    async fn a_child_known_by_name_has_an_id_until_nothing_is_held(world: World) {
        let council = council(&world).await;
        let case = case_of(&council, by_name("Example")).await;
        assert_eq!(case["upn"], Value::Null);
        let id = case["child_id"].as_str().unwrap();
        let path = |what: &str| format!("/v1/children/{id}/{what}");
        let restriction = json!({ "kind": "address-hidden", "reason": "told by the family" });
        let set = council.post(&path("restrictions"), &restriction).await.expect(201);
        let listed = council.get(&path("restrictions")).await.expect(200);
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &set["id"]));
        assert_eq!(council.get(&format!("/v1/consents?child_id={id}")).await.expect(200)["items"], json!([]));
        council.get(&path("waits")).await.expect_problem(404, "not-found");
        // It is the council's own, and nobody else's.
        let trust = world.persona("provider-hct").signed_in().await;
        trust.get(&path("waits")).await.expect_problem(404, "not-found");

        // A hold keeps the case, and without it the council may erase it.
        let erasure = json!({ "reason": "sent by mistake", "decided_by": "data-protection-officer" });
        let hold = council.post(&path("holds"), &json!({ "reason": "an inquiry" })).await.expect(201);
        council.post(&path("erasures"), &erasure).await.expect_problem(409, "legal-hold");
        let release = format!("/v1/holds/{}/release", hold["id"].as_str().unwrap());
        council.post(&release, &json!({ "reason": "it is over" })).await.expect(200);
        let erased = council.post(&path("erasures"), &erasure).await.expect(201);
        assert!(erased["erased"].as_array().unwrap().contains(&json!({ "data": "ehcp-status", "rows": 1 })), "{erased}");

        // A restriction and a hold are about the child too: only without them is nothing held.
        world.run_retention(false).await;
        council.get(&path("restrictions")).await.expect(200);
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 1);
        world.meddle("DELETE FROM restriction; DELETE FROM legal_hold");
        world.run_retention(false).await;
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 0);
        for (what, body) in [
            ("restrictions", &restriction),
            ("holds", &json!({ "reason": "an inquiry" })),
            ("erasures", &erasure),
        ] {
            council.post(&path(what), body).await.expect_problem(404, "not-found");
        }
        council.get(&path("waits")).await.expect_problem(404, "not-found");
        // As for a child that was never known.
        let never = council.child_id(&number(0), BORN).await;
        for list in ["/v1/children/{}/restrictions", "/v1/consents?child_id={}", "/fhir/R4/Consent?patient={}"] {
            let [gone, unknown] = [id, never.as_str()].map(|id| list.replace("{}", id));
            let (gone, unknown) = (council.get(&gone).await.expect(200), council.get(&unknown).await.expect(200));
            assert_eq!((&gone["items"], &gone["entry"]), (&unknown["items"], &unknown["entry"]), "{list}");
        }
        let dispute = json!({ "referrals": ["A-1"], "reason": "not so" });
        let [gone, unknown] = [path("disputes"), format!("/v1/children/{never}/disputes")];
        let (gone, unknown) = (council.post(&gone, &dispute).await, council.post(&unknown, &dispute).await);
        assert_eq!((gone.status, &gone.json()["errors"]), (unknown.status, &unknown.json()["errors"]));
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 0, "nobody is made known by an id");
        // The same name, held anew, is another row: the old id does not come back.
        case_of(&council, by_name("Another")).await;
        council.get(&path("waits")).await.expect_problem(404, "not-found");
        council.post(&path("restrictions"), &restriction).await.expect_problem(404, "not-found");
    }
}
