//! Records on hold are neither erased nor moved, and are kept past their retention.

use super::*;

async fn hold(persona: &Persona, nhs_number: &str, body: &Value) -> String {
    of_child(persona, nhs_number, "holds", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn held_data_is_not_erased_until_it_is_released(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let id = hold(&trust, &number(0), &json!({ "reason": "an inquiry" })).await;
        let asked = json!({ "reason": "asked", "decided_by": "dpo" });
        of_child(&trust, &number(0), "erasures", &asked).await.expect_problem(409, "legal-hold");
        let leaf = last_leaf(&world, "erase").await;
        assert_eq!((&leaf["outcome"], &leaf["reason"]), (&json!("refused"), &json!("legal-hold")));
        let moving = json!({ "to": child(&number(1)), "referrals": ["A-1"], "reason": "r", "decided_by": "d" });
        of_child(&trust, &number(0), "rectifications", &moving).await.expect_problem(409, "legal-hold");
        assert_eq!(own_ids(&trust).await, ["A-1"]);

        let path = format!("/v1/holds/{id}/release");
        let council = signed_in(&world, "council-herts").await;
        council.post(&path, &json!({ "reason": "mine?" })).await.expect_problem(404, "not-found");
        let released = trust.post(&path, &json!({ "reason": "it closed" })).await.expect(200);
        world.pass(Duration::minutes(1));
        assert_eq!(trust.post(&path, &json!({ "reason": "again" })).await.expect(200), released);
        assert_eq!(rows_of(&erase(&trust, &number(0)).await, "waiting-list-status"), 1);
    }

    async fn another_s_hold_keeps_nothing_of_mine(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        hold(&council, &number(0), &json!({ "reason": "a tribunal" })).await;
        assert_eq!(rows_of(&erase(&trust, &number(0)).await, "waiting-list-status"), 1);
    }

    async fn a_hold_ends_on_its_day(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        hold(&trust, &number(0), &json!({ "reason": "an inquiry", "ends": integration_tests::today() })).await;
        let asked = json!({ "reason": "asked", "decided_by": "dpo" });
        of_child(&trust, &number(0), "erasures", &asked).await.expect_problem(409, "legal-hold");
        let past = json!({ "reason": "r", "ends": days_ago(1) });
        of_child(&trust, &number(0), "holds", &past).await.expect_problem(422, "invalid-value");
        world.pass(Duration::days(1));
        let trust = signed_in(&world, "provider-hct").await;
        of_child(&trust, &number(0), "erasures", &asked).await.expect_status(201);
    }

    async fn retention_passes_over_what_is_held_and_says_so(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        trust.push_csv("list=all", ended("A-1", &number(0), "autism", 200)).await.expect_status(201);
        let id = hold(&trust, &number(0), &json!({ "reason": "an inquiry" })).await;
        let report = world.run_retention(false).await;
        assert_eq!(report.lines.iter().map(|line| (line.expired, line.held)).collect::<Vec<_>>(), [(0, 1)]);
        assert_eq!(own_ids(&trust).await, ["A-1"]);
        trust.post(&format!("/v1/holds/{id}/release"), &json!({ "reason": "it closed" })).await.expect_status(200);
        assert_eq!(world.run_retention(false).await.lines[0].expired, 1);
        assert_eq!(own_ids(&trust).await, [""; 0]);
    }
}
