//! A referral that was sent under the wrong child is moved to the right one and stays there; a disputed one flows to nobody.

use super::*;

fn correction(to: usize, referrals: &[&str]) -> Value {
    json!({ "to": child(&number(to)), "referrals": referrals, "reason": "two digits were swapped", "decided_by": "records-manager" })
}

/// The days of the first wait's journey, and how they are known.
fn journey(answer: &Answer) -> (i64, String) {
    let wait = &answer.expect(200)["waits"][0]["journey_wait"];
    (wait["days"].as_i64().unwrap(), wait["known_by"].as_str().unwrap().to_owned())
}

on_both! {
    async fn a_moved_referral_is_the_right_child_s_and_a_replay_does_not_move_it_back(world: World) {
        let wrong = row("A-1", &number(0), "01", "autism");
        let trust = trust_with(&world, [wrong.clone(), row("A-2", &number(0), "01", "adhd")]).await;
        let council = signed_in(&world, "council-herts").await;
        for nth in [0, 1] {
            permit(&council, &number(nth)).await;
        }
        waits(&council, &number(0)).await.expect_status(200);
        waits(&council, &number(1)).await.expect_problem(404, "not-found");

        let moved = of_child(&trust, &number(0), "rectifications", &correction(1, &["A-1"])).await.expect(201);
        assert_eq!((&moved["moved"], &moved["recipients"]), (&json!(1), &json!(["E10000015"])));
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        assert_eq!(waits(&council, &number(1)).await.expect(200)["waits"][0]["pathway"], "autism");

        for query in ["list=all", "list=all&mode=snapshot&confirm=shrink"] {
            let report = trust.push_csv(query, list([wrong.clone(), row("A-2", &number(0), "01", "adhd")])).await.expect(201);
            assert_eq!(issues(&trust, &report).await, rejected("identity-corrected", "A-1"), "{query}");
            assert_eq!(report["records"]["not_flowed"], 0, "its row came, under the wrong name: {report}");
            waits(&council, &number(1)).await.expect_status(200);
        }
        // The corrected row is what is held already.
        let right = trust.push_csv("list=all", list([row("A-1", &number(1), "01", "autism")])).await.expect(201);
        assert_eq!((&right["records"]["rejected"], &right["records"]["opened"]), (&json!(0), &json!(0)), "{right}");
        let log = world.audit_log().await;
        let leaves = log.iter().filter(|leaf| leaf["operation"] == "rectify" && leaf["outcome"] == "permitted");
        assert_eq!(leaves.filter(|leaf| leaf["resource"] == moved["id"]).count(), 2, "one for each child");
    }

    async fn journeys_follow_the_child(world: World) {
        let link = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,previous_referral_id\n";
        let trust = signed_in(&world, "provider-hct").await;
        let rows = format!(
            "{link}A-1,{},01,{BORN},autism,{},waiting,\nA-2,{},01,{BORN},autism,{},waiting,A-1\n",
            number(0), days_ago(500), number(1), days_ago(100)
        );
        trust.push_csv("list=all", rows).await.expect_status(201);
        assert_eq!(journey(&waits(&trust, &number(1)).await), (100, "single-referral".into()));
        of_child(&trust, &number(0), "rectifications", &correction(1, &["A-1"])).await.expect_status(201);
        assert_eq!(journey(&waits(&trust, &number(1)).await), (500, "linked-referral".into()));
    }

    async fn a_referral_may_be_moved_back(world: World) {
        let first = row("A-1", &number(0), "01", "autism");
        let trust = trust_with(&world, [first.clone()]).await;
        of_child(&trust, &number(0), "rectifications", &correction(1, &["A-1"])).await.expect_status(201);
        of_child(&trust, &number(1), "rectifications", &correction(0, &["A-1"])).await.expect_status(201);
        let report = trust.push_csv("list=all", list([first])).await.expect(201);
        assert_eq!(report["records"]["unchanged"], 1, "{report}");
        let report = trust.push_csv("list=all", list([row("A-1", &number(1), "01", "autism")])).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("identity-corrected", "A-1"));
    }

    async fn nobody_moves_what_is_not_its_own(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        for (persona, from, body, field) in [
            (&council, 0, correction(1, &["A-1"]), "referrals[0]"),
            (&trust, 5, correction(1, &["A-1"]), "referrals[0]"),
            (&trust, 0, correction(1, &["A-1", "B-1"]), "referrals[1]"),
            (&trust, 0, correction(1, &["A-1", "A-1"]), "referrals[1]"),
            (&trust, 0, correction(1, &[]), "referrals"),
            (&trust, 0, correction(0, &["A-1"]), "to"),
        ] {
            let problem = of_child(persona, &number(from), "rectifications", &body).await.expect_problem(422, "invalid-value");
            assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        }
        waits(&trust, &number(0)).await.expect_status(200);
        waits(&trust, &number(1)).await.expect_problem(404, "not-found");
    }

    async fn what_is_disputed_is_shown_to_its_provider_alone_until_it_is_settled(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        permit(&council, &number(0)).await;
        waits(&council, &number(0)).await.expect_status(200);
        let body = json!({ "reason": "the family says that it was never referred" });
        let dispute = of_child(&trust, &number(0), "disputes", &body).await.expect(201);
        assert_eq!((&dispute["referrals"], &dispute["recipients"]), (&json!(1), &json!(["E10000015"])));
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        let leaf = last_leaf(&world, "get_waits").await;
        assert_eq!((&leaf["outcome"], &leaf["reason"]), (&json!("refused"), &json!("disputed")));
        let seen = council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200);
        assert_eq!(seen["items"], json!([]));
        let own = trust.get("/v1/waiting-list/entries").await.expect(200);
        let flags: Vec<_> = own["items"].as_array().unwrap().iter().map(|entry| entry["disputed"] == true).collect();
        assert_eq!(flags, [true, false]);
        // A later row is taken, but does not settle the dispute.
        trust.push_csv("list=all", list([row("A-1", &number(0), "01", "autism|adhd")])).await.expect_status(201);
        waits(&council, &number(0)).await.expect_problem(404, "not-found");

        let path = format!("/v1/disputes/{}/settlement", dispute["id"].as_str().unwrap());
        council.post(&path, &json!({ "reason": "mine?" })).await.expect_problem(404, "not-found");
        let settled = trust.post(&path, &json!({ "reason": "it was" })).await.expect(200);
        assert!(settled["settled_at"].is_string());
        waits(&council, &number(0)).await.expect_status(200);
        of_child(&council, &number(0), "disputes", &body).await.expect_problem(422, "invalid-value");
    }
}
