//! A Caldicott guardian's override: for one recipient, for a reason, and for a short time.

use super::*;

async fn guardian(world: &World) -> Persona {
    world.grant("guardian-hct", "override:write restriction:write waiting-list:read").await;
    signed_in(world, "guardian-hct").await
}

fn overriding(ends: NaiveDate) -> Value {
    json!({
        "recipient": "E10000015", "purpose": "care-coordination", "data": "waiting-list-status", "pathways": ["autism"],
        "ends": ends, "reason": "a child at risk of serious harm"
    })
}

async fn make(guardian: &Persona, body: &Value) -> Answer {
    let child = guardian.child_id(&number(0), BORN).await;
    guardian.call(Method::POST, &format!("/v1/children/{child}/overrides")).actor(GUARDIAN).json(body).send().await
}

on_both! {
    async fn an_override_opens_the_guardians_own_records_until_its_last_day(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism|adhd")]).await;
        let board = signed_in(&world, "icb-central-east").await;
        board.push_csv("organisation=RWR&list=all", list([row("B-1", &number(0), "01", "autism")])).await.expect(201);
        let (council, guardian) = (signed_in(&world, "council-herts").await, guardian(&world).await);
        let mut denial = permission(&number(0), &["autism"]);
        denial["decision"] = "deny".into();
        record(&council, &denial).await;
        waits(&council, &number(0)).await.expect_problem(404, "not-found");

        let made = make(&guardian, &overriding(today() + Days::new(1))).await.expect(201);
        // Only the guardian's own trust, and only the named pathway.
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        let leaf = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "get_waits" && leaf["outcome"] == "permitted").unwrap();
        assert_eq!((&leaf["grounds"], &leaf["overrides"]), (&json!(["override"]), &json!([made["id"]])));
        let leaf = last_leaf(&world, "make_override").await;
        assert_eq!((&leaf["actor"]["role"], &leaf["resource"]), (&json!("caldicott-guardian"), &made["id"]));

        world.pass(Duration::days(2));
        let council = signed_in(&world, "council-herts").await;
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
    }

    async fn an_override_is_ended_by_who_made_it(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let guardian = guardian(&world).await;
        let id = make(&guardian, &overriding(today())).await.expect(201)["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/overrides/{id}/ending");
        world.grant("council-herts", "override:write waiting-list:read").await;
        let council = signed_in(&world, "council-herts").await;
        assert_eq!(shown(&waits(&council, &number(0)).await), pairs(&[("RY4", "autism")]));
        council.post(&path, &json!({})).await.expect_problem(404, "not-found");
        waits(&council, &number(0)).await.expect(200);
        assert_eq!(guardian.post(&path, &json!({})).await.expect(200)["in_force"], false);
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        guardian.post(&path, &json!({})).await.expect(200);
    }

    async fn an_override_needs_a_guardian_an_agreement_and_a_near_end(world: World) {
        let guardian = guardian(&world).await;
        let child = guardian.child_id(&number(0), BORN).await;
        let body = overriding(today());
        guardian.post(&format!("/v1/children/{child}/overrides"), &body).await.expect_problem(403, "not-a-guardian");
        for (field, value) in [("recipient", json!("R1L")), ("purpose", json!("joint-commissioning")), ("pathways", json!(["mental-health"]))] {
            let mut wider = body.clone();
            wider[field] = value;
            make(&guardian, &wider).await.expect_problem(403, "no-agreement");
            assert_eq!(last_leaf(&world, "make_override").await["outcome"], "refused", "{field}");
        }
        for (field, value) in [
            ("ends", json!(today() + Days::new(29))), ("ends", json!(today() - Days::new(1))), ("reason", json!(" ")), ("pathways", json!([])),
        ] {
            let mut wrong = body.clone();
            wrong[field] = value;
            assert_eq!(make(&guardian, &wrong).await.expect_problem(422, "invalid-value")["errors"][0]["field"], field);
        }
        make(&guardian, &overriding(today() + Days::new(28))).await.expect(201);
    }

    async fn no_override_passes_a_court(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let (council, guardian) = (signed_in(&world, "council-herts").await, guardian(&world).await);
        make(&guardian, &overriding(today())).await.expect(201);
        waits(&council, &number(0)).await.expect(200);
        let child = guardian.child_id(&number(0), BORN).await;
        guardian.post(&format!("/v1/children/{child}/restrictions"), &json!({ "kind": "court-order", "reason": "r" })).await.expect(201);
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
    }
}
