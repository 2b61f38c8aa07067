//! Restrictions stop at once what a family has permitted.

use super::*;

async fn restrict(persona: &Persona, number: &str, body: &Value) -> String {
    let id = guardians_id(persona, number).await;
    persona.post(&format!("/v1/children/{id}/restrictions"), body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// The guardian's client may not search, so another client of the same trust does.
async fn guardians_id(persona: &Persona, number: &str) -> String {
    persona.child_id(number, BORN).await
}

async fn guardian(world: &World) -> Persona {
    world.grant("guardian-hct", "restriction:write override:write rights:write opt-out:write waiting-list:read").await;
    signed_in(world, "guardian-hct").await
}

on_both! {
    async fn a_restriction_stops_what_it_should_and_nothing_else(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")]).await;
        let (council, guardian) = (signed_in(&world, "council-herts").await, guardian(&world).await);
        let trust = signed_in(&world, "provider-hct").await;
        let request = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
        let advice = format!("/v1/advice-requests/{}/advice", request["id"].as_str().unwrap());
        trust.put(&advice, &json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "r" })).await.expect(200);
        for child in [0, 1] {
            record(&council, &permission(&number(child), &["autism"])).await;
        }
        for (kind, waits_status, advice_status, reason) in [
            ("address-hidden", 200, 200, ""),
            ("safeguarding", 404, 200, "safeguarding"),
            ("adopted", 404, 404, "adopted"),
            ("court-order", 404, 404, "court-order"),
        ] {
            let id = restrict(&guardian, &number(0), &json!({ "kind": kind, "reason": "told by the family" })).await;
            waits(&council, &number(0)).await.expect_status(waits_status);
            if waits_status == 404 {
                assert_eq!(last_leaf(&world, "get_waits").await["reason"], reason);
            }
            council.get(&advice).await.expect_status(advice_status);
            let shown = council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200);
            assert_eq!(shown["items"].as_array().unwrap().len(), if waits_status == 200 { 2 } else { 1 }, "{kind}");
            // Nothing changes for another child, or for the provider's own records.
            waits(&council, &number(1)).await.expect(200);
            waits(&trust, &number(0)).await.expect(200);
            guardian.post(&format!("/v1/restrictions/{id}/lifting"), &json!({ "reason": "over" })).await.expect(200);
            waits(&council, &number(0)).await.expect(200);
            council.get(&advice).await.expect(200);
        }
    }

    async fn a_restriction_holds_for_whom_and_as_long_as_it_says(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let (council, guardian) = (signed_in(&world, "council-herts").await, guardian(&world).await);
        record(&council, &permission(&number(0), &["autism"])).await;
        restrict(&guardian, &number(0), &json!({ "kind": "court-order", "against": "S1Y5D", "reason": "r" })).await;
        waits(&council, &number(0)).await.expect(200);
        let (tomorrow, after) = (today() + Days::new(1), today() + Days::new(2));
        restrict(&guardian, &number(0), &json!({ "kind": "court-order", "against": "E10000015", "starts": tomorrow, "ends": tomorrow, "reason": "r" })).await;
        waits(&council, &number(0)).await.expect(200);
        world.pass(Duration::days(1));
        let council = signed_in(&world, "council-herts").await;
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        world.pass(Duration::days(1));
        let council = signed_in(&world, "council-herts").await;
        assert!(after > tomorrow);
        waits(&council, &number(0)).await.expect(200);
    }

    async fn only_its_setter_lifts_a_restriction_and_a_stranger_sets_none(world: World) {
        let guardian = guardian(&world).await;
        world.grant("stranger", "restriction:write waiting-list:read").await;
        world.grant("council-herts", "restriction:write waiting-list:read consent:write").await;
        let [council, stranger] = [signed_in(&world, "council-herts").await, signed_in(&world, "stranger").await];
        let id = restrict(&guardian, &number(0), &json!({ "kind": "safeguarding", "reason": "r" })).await;
        let own = guardians_id(&stranger, &number(0)).await;
        let refused = stranger.post(&format!("/v1/children/{own}/restrictions"), &json!({ "kind": "court-order", "reason": "r" })).await;
        refused.expect_problem(403, "no-agreement");
        assert_eq!(last_leaf(&world, "restrict_child").await["outcome"], "refused");
        for other in [&council, &stranger] {
            other.post(&format!("/v1/restrictions/{id}/lifting"), &json!({ "reason": "r" })).await.expect_problem(404, "not-found");
            let child = guardians_id(other, &number(0)).await;
            assert_eq!(other.get(&format!("/v1/children/{child}/restrictions")).await.expect(200)["items"], json!([]));
        }
        let child = guardians_id(&guardian, &number(0)).await;
        let listed = guardian.get(&format!("/v1/children/{child}/restrictions")).await.expect(200);
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["in_force"]), (&json!(id), &json!(true)));
        assert!(!listed.to_string().contains(&number(0)));
    }

    async fn a_restriction_that_makes_no_sense_is_refused_by_field(world: World) {
        let guardian = guardian(&world).await;
        let child = guardians_id(&guardian, &number(0)).await;
        let path = format!("/v1/children/{child}/restrictions");
        for (field, body) in [
            ("reason", json!({ "kind": "safeguarding", "reason": "" })),
            ("ends", json!({ "kind": "safeguarding", "reason": "r", "starts": "2026-02-02", "ends": "2026-02-01" })),
            ("starts", json!({ "kind": "safeguarding", "reason": "r", "starts": "0001-02-02" })),
            ("against", json!({ "kind": "safeguarding", "reason": "r", "against": "ZZZ" })),
        ] {
            let answer = guardian.post(&path, &body).await;
            assert_eq!(answer.expect_problem(422, "invalid-value")["errors"][0]["field"], field);
        }
        guardian.post(&path, &json!({ "kind": "secret", "reason": "r" })).await.expect_problem(400, "malformed");
        guardian.post("/v1/children/nobody/restrictions", &json!({ "kind": "adopted", "reason": "r" })).await.expect_problem(404, "not-found");
        let keyed = || guardian.call(Method::POST, &path).actor(ACTOR).header("idempotency-key", "r-1").json(&json!({ "kind": "adopted", "reason": "r" }));
        let first = keyed().send().await.expect(201);
        assert_eq!(keyed().send().await.expect(200), first);
    }
}
