//! A `delta` inserts and updates, and leaves everything else as it is.

use integration_tests::on_both;
use serde_json::json;

use super::*;

fn permission(born: &str, child: u32) -> Value {
    json!({
        "child": { "nhs_number": number(child), "date_of_birth": born }, "decision": "permit", "purpose": "care-coordination",
        "data": ["waiting-list-status"], "pathways": ["autism"], "recipient": "E10000015", "decided_by": "parent",
        "evidence": "signed form", "valid_from": days_ago(20)
    })
}

on_both! {
    async fn a_delta_inserts_and_updates_and_leaves_the_rest_as_it_is(world: World) {
        let trust = trust(&world).await;
        let first: Vec<_> = (1..=4).map(|child| Row::waiting(format!("A-{child}"), child)).collect();
        let report = trust.push_csv("list=autism", csv(&first)).await.expect(201);
        assert_eq!(counts(&report), [4, 4, 0, 0, 4, 0, 0, 0, 0]);

        let second = [
            first[0].clone(),
            first[1].clone().stage("assessment"),
            first[2].clone().closed(),
            Row::waiting("A-5", 5),
            Row::waiting("A-6", 6).broken(),
        ];
        let report = trust.push_csv("list=autism", csv(&second)).await.expect(201);
        assert_eq!(counts(&report), [5, 4, 1, 1, 1, 1, 1, 0, 0]);
        let held = entries(&trust, "list=autism").await;
        let waits = |id: &'static str, word: &str| (id, word.to_owned());
        assert_eq!(
            field(&held, "status"),
            [waits("A-1", "waiting"), waits("A-2", "waiting"), waits("A-3", "closed"), waits("A-4", "waiting"), waits("A-5", "waiting")]
        );
        assert_eq!(held["A-2"]["stage"], "assessment");
        assert!(held.values().all(|entry| entry["flow"] == "flowed"), "{held:?}");
    }

    async fn a_report_says_what_was_sent_and_is_found_again(world: World) {
        let trust = trust(&world).await;
        let answer = trust.push_csv(&format!("list=autism&as_of={}", days_ago(2)), csv(&[Row::waiting("A-1", 1), Row::waiting("A-2", 2).broken()])).await;
        let report = answer.expect(201);
        let id = report["id"].as_str().unwrap();
        assert_eq!(
            report,
            json!({
                "id": id, "dataset": "waiting-list", "format": "csv", "organisation": "RY4", "list": "autism", "mode": "delta",
                "as_of": days_ago(2), "status": "accepted-with-issues", "records": report["records"],
                "issue_counts": [{ "code": "nhs-number-check-digit", "severity": "error", "count": 1, "new": 1, "persisting": 0, "fixed": 0 }],
                "issues": format!("/v1/submissions/{id}/issues")
            })
        );
        let path = format!("/v1/submissions/{id}");
        assert_eq!(answer.header("location"), Some(path.as_str()));
        assert_eq!(trust.get(&path).await.expect(200), report);
        assert_eq!(reports(&trust).await, [report]);

        let plain = trust.push_csv("", csv(&[Row::waiting("D-1", 3)])).await.expect(201);
        assert_eq!((&plain["list"], &plain["mode"], &plain["status"]), (&json!("default"), &json!("delta"), &json!("accepted")));
        assert_eq!(plain["as_of"], today().to_string());
    }

    async fn the_same_file_again_changes_nothing(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 30));
        for mode in ["delta", "snapshot"] {
            trust.push_csv(&format!("list=autism&mode={mode}"), file.clone()).await.expect(201);
            let before = entries(&trust, "").await;
            let report = trust.push_csv(&format!("list=autism&mode={mode}"), file.clone()).await.expect(201);
            assert_eq!(counts(&report), [30, 30, 0, 30, 0, 0, 0, 0, 0]);
            assert_eq!(entries(&trust, "").await, before);
        }
    }

    async fn a_referral_belongs_to_the_list_it_last_came_in(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism", csv(&children("A", 3))).await.expect(201);
        let report = trust.push_csv("list=adhd", csv(&children("A", 3)[..1])).await.expect(201);
        assert_eq!(counts(&report), [1, 1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(entries(&trust, "list=autism").await.keys().collect::<Vec<_>>(), ["A-2", "A-3"]);
        assert_eq!(field(&entries(&trust, "list=adhd").await, "list"), [("A-1", "adhd".to_owned())]);
        assert_eq!(entries(&trust, "").await.len(), 3);
    }

    async fn the_same_referral_id_at_another_provider_is_another_referral(world: World) {
        let trust = trust(&world).await;
        let icb = signed_in(&world, "icb-central-east").await;
        trust.push_csv("list=autism", csv(&children("A", 2))).await.expect(201);
        let before = entries(&trust, "").await;
        let theirs: Vec<_> = children("A", 2).into_iter().map(Row::closed).collect();
        let report = icb.push_csv("list=autism&organisation=RWR", csv(&theirs)).await.expect(201);
        assert_eq!(counts(&report), [2, 2, 0, 0, 2, 0, 0, 0, 0]);
        assert_eq!(entries(&trust, "").await, before);
    }

    async fn a_corrected_date_of_birth_takes_the_referral_from_the_child_it_was_on(world: World) {
        let trust = trust(&world).await;
        let council = signed_in(&world, "council-herts").await;
        let (wrong, right) = ("2016-05-04", "2016-04-05");
        let mut row = Row::waiting("A-1", 1);
        trust.push_csv("list=autism", csv([&row])).await.expect(201);
        for born in [wrong, right] {
            council.post("/v1/consents", &permission(born, 1)).await.expect(201);
        }
        let mut waits = Vec::new();
        for born in [wrong, right] {
            waits.push(format!("/v1/children/{}/waits", council.child_id(&number(1), born).await));
        }
        assert_eq!(council.get(&waits[0]).await.expect(200)["waits"].as_array().unwrap().len(), 1);
        council.get(&waits[1]).await.expect_problem(404, "not-found");

        row.born = right.into();
        let report = trust.push_csv("list=autism", csv([&row])).await.expect(201);
        assert_eq!(counts(&report), [1, 1, 0, 0, 0, 1, 0, 0, 0]);
        council.get(&waits[0]).await.expect_problem(404, "not-found");
        assert_eq!(council.get(&waits[1]).await.expect(200)["waits"].as_array().unwrap().len(), 1);
        assert_eq!(entries(&trust, "").await.len(), 1);
    }

    async fn a_rejected_row_leaves_what_is_held_as_it_was_and_says_so(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism", csv(&children("A", 2))).await.expect(201);
        let report = trust.push_csv("list=autism", csv(&[Row::waiting("A-1", 1).stage("treatment").broken()])).await.expect(201);
        assert_eq!(counts(&report), [1, 0, 1, 0, 0, 0, 0, 1, 0]);
        let held = entries(&trust, "").await;
        assert_eq!(field(&held, "flow"), [("A-1", "stale".to_owned()), ("A-2", "flowed".to_owned())]);
        assert_eq!(field(&held, "stage"), [("A-1", "referral".to_owned()), ("A-2", "referral".to_owned())]);
        trust.push_csv("list=autism", csv(&children("A", 1))).await.expect(201);
        assert_eq!(field(&entries(&trust, "").await, "flow")[0].1, "flowed");
    }
}
