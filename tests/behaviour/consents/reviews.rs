//! Who may decide, until when, and what waits for a person to review.

use super::*;

/// The birthday of somebody who will reach an age in years, in some days from today.
fn birthday_for_age(years: u32, in_days: i64) -> String {
    let day = today() + Duration::days(in_days);
    (day - chrono::Months::new(years * 12)).to_string()
}

fn permission_for(born: &str, decided_by: &str) -> Value {
    let mut body = permission(&number(0), &["autism"]);
    body["child"]["date_of_birth"] = born.into();
    body["decided_by"] = decided_by.into();
    body
}

async fn push_born(world: &World, born: &str) {
    push(world, [row("A-1", &number(0), "01", "autism").replace(BORN, born)]).await;
}

async fn waits_of(persona: &Persona, born: &str) -> Answer {
    let id = persona.child_id(&number(0), born).await;
    persona.get(&format!("/v1/children/{id}/waits")).await
}

on_both! {
    async fn what_a_parent_permitted_stops_carrying_at_sixteen_until_it_is_decided_anew(world: World) {
        let born = birthday_for_age(16, 3);
        push_born(&world, &born).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission_for(&born, "parent")).await;
        waits_of(&council, &born).await.expect(200);
        assert_eq!(council.get("/v1/consents/reviews").await.expect(200)["items"], json!([]));

        world.pass(Duration::days(3));
        let council = signed_in(&world, "council-herts").await;
        waits_of(&council, &born).await.expect_problem(404, "not-found");
        assert_eq!(last_leaf(&world, "get_waits").await["reason"], "consent-review-due");
        let due = council.get("/v1/consents/reviews").await.expect(200);
        assert_eq!((&due["items"][0]["because"], &due["items"][0]["consent"]["standing"]), (&json!("review-due"), &json!("review-due")));
        assert_eq!(due["items"][0]["child_id"], council.child_id(&number(0), &born).await);

        record(&council, &permission_for(&born, "young-person")).await;
        waits_of(&council, &born).await.expect(200);
    }

    async fn nobody_decides_in_a_capacity_that_the_age_does_not_give(world: World) {
        let council = signed_in(&world, "council-herts").await;
        for (years, decided_by, answer) in [
            (9, "parent", 201), (9, "guardian", 201), (9, "competent-child", 201), (9, "local-authority", 201),
            (9, "young-person", 422), (9, "mca-representative", 422),
            (16, "young-person", 201), (16, "mca-representative", 201), (16, "parent", 201), (16, "competent-child", 422),
            (18, "young-person", 201), (18, "parent", 422), (18, "guardian", 422), (18, "local-authority", 422),
        ] {
            let said = council.post("/v1/consents", &permission_for(&birthday_for_age(years, -1), decided_by)).await;
            assert_eq!(said.status, answer, "{decided_by} of {years}: {}", said.text);
            if answer == 422 {
                assert_eq!(said.json()["errors"][0]["field"], "decided_by");
            }
        }
        council.post("/v1/consents", &permission_for(BORN, "grandmother")).await.expect_problem(400, "malformed");
    }

    async fn a_council_cannot_alone_permit_what_a_council_would_receive(world: World) {
        push_born(&world, BORN).await;
        let council = signed_in(&world, "council-herts").await;
        record(&council, &permission_for(BORN, "local-authority")).await;
        waits_of(&council, BORN).await.expect_problem(404, "not-found");
        assert_eq!(last_leaf(&world, "get_waits").await["reason"], "consent-of-recipient");
        record(&council, &permission_for(BORN, "competent-child")).await;
        waits_of(&council, BORN).await.expect(200);
    }

    async fn an_objection_to_a_duty_goes_to_a_person_who_may_uphold_it(world: World) {
        let [council, trust] = [signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await];
        let request = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
        let path = format!("/v1/advice-requests/{}/advice", request["id"].as_str().unwrap());
        let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" });
        trust.put(&path, &advice).await.expect(200);

        let mut objection = permission(&number(0), &["speech-and-language"]);
        objection["decision"] = "objection".into();
        objection["purpose"] = "ehc-needs-assessment".into();
        objection["data"] = json!(["health-advice"]);
        let id = record(&council, &objection).await;
        // The duty goes on, and the log names the objection.
        council.get(&path).await.expect(200);
        let leaf = last_leaf(&world, "get_advice").await;
        assert_eq!((&leaf["outcome"], &leaf["grounds"], &leaf["consents"]), (&json!("permitted"), &json!(["agreement"]), &json!([id])));
        let listed = council.get("/v1/consents/reviews").await.expect(200);
        assert_eq!((&listed["items"][0]["because"], &listed["items"][0]["consent"]["id"]), (&json!("objection-to-a-duty"), &json!(id)));

        let review = format!("/v1/consents/{id}/review");
        trust.post(&review, &json!({ "outcome": "flow-stops", "reason": "r" })).await.expect_problem(403, "scope-missing");
        council.post(&review, &json!({ "outcome": "perhaps", "reason": "r" })).await.expect_problem(400, "malformed");
        council.post(&review, &json!({ "outcome": "flow-stops", "reason": " " })).await.expect_problem(422, "invalid-value");
        council.post(&review, &json!({ "outcome": "flow-continues", "reason": "the duty outweighs it" })).await.expect(200);
        council.get(&path).await.expect(200);
        assert_eq!(council.get("/v1/consents/reviews").await.expect(200)["items"], json!([]));
        let upheld = council.post(&review, &json!({ "outcome": "flow-stops", "reason": "danger to the child" })).await.expect(200);
        assert_eq!(upheld["review"], "flow-stops");
        council.get(&path).await.expect_problem(404, "not-found");
        assert_eq!(last_leaf(&world, "get_advice").await["reason"], "objection-upheld");
        // A permission cannot be reviewed like an objection.
        let mut permission = permission(&number(1), &["autism"]);
        permission["valid_to"] = today().to_string().into();
        let id = record(&council, &permission).await;
        council.post(&format!("/v1/consents/{id}/review"), &json!({ "outcome": "flow-stops", "reason": "r" })).await.expect_problem(409, "wrong-status");
        assert_eq!(council.get("/v1/consents/reviews").await.expect(200)["items"][0]["because"], "expiring");
    }
}
