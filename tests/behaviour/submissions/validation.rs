//! `validate=true` answers the same report and keeps nothing.

use integration_tests::on_both;
use serde_json::json;

use super::*;

on_both! {
    async fn looking_only_answers_what_sending_would_and_keeps_nothing(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 4);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        let (before, told) = (entries(&trust, "").await, reports(&trust).await);

        let file = csv(&[rows[0].clone(), rows[1].clone().stage("triage"), rows[2].clone().broken(), Row::waiting("A-9", 9)]);
        let looked = trust.push_csv("list=autism&mode=snapshot&validate=true", file.clone()).await.expect(200);
        assert_eq!(counts(&looked), [4, 3, 1, 1, 1, 1, 0, 1, 1]);
        assert_eq!(looked["status"], "validated");
        assert_eq!((entries(&trust, "").await, reports(&trust).await), (before, told));
        assert!(looked.get("issues").is_none(), "nothing is kept to be listed: {looked}");
        let id = looked["id"].as_str().unwrap();
        trust.get(&format!("/v1/submissions/{id}")).await.expect_problem(404, "not-found");

        let sent = trust.push_csv("list=autism&mode=snapshot", file).await.expect(201);
        let issues = trust.get(sent["issues"].as_str().unwrap()).await.expect(200);
        assert_eq!(looked["issue_list"], issues["items"]);
        for name in ["dataset", "format", "organisation", "list", "mode", "as_of", "records", "issue_counts"] {
            assert_eq!(looked[name], sent[name], "{name}");
        }
    }

    async fn looking_only_uses_up_neither_the_key_nor_the_day(world: World) {
        let trust = trust(&world).await;
        let push = async |query: &str| {
            let path = format!("/v1/waiting-list/submissions?format=csv&list=autism{query}");
            let call = trust.call(reqwest::Method::POST, &path).header("content-type", "text/csv").header("idempotency-key", "k-1");
            call.body(csv(&children("A", 2))).send().await
        };
        for _ in 0..2 {
            assert_eq!(push("&validate=true").await.expect(200)["status"], "validated");
        }
        push(&format!("&as_of={}", days_ago(9))).await.expect(201);
        // The key is used now, by a request with another query.
        push("&validate=true").await.expect_problem(422, "idempotency-mismatch");
    }

    async fn looking_only_refuses_what_sending_would_refuse(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 25))).await.expect(201);
        let told = reports(&trust).await;
        for (query, file, status, code) in [
            ("list=autism&mode=snapshot", csv(&children("A", 5)), 409, "snapshot-shrinks"),
            ("list=autism&mode=snapshot", HEADER.to_owned(), 422, "nil-return-unsaid"),
            ("list=autism&as_of=2020-01-01", csv(&children("A", 1)), 409, "older-as-of"),
            ("list=autism", "{}".to_owned(), 422, "unreadable-body"),
        ] {
            trust.push_csv(&format!("{query}&validate=true"), file).await.expect_problem(status, code);
        }
        let broken: Vec<_> = children("A", 25).into_iter().map(Row::broken).collect();
        let problem = trust.push_csv("list=autism&validate=true", csv(&broken)).await.expect_problem(422, "refused-submission");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 25);
        assert!(!problem["detail"].as_str().unwrap().contains("submission "), "it promises a report that is not kept: {problem}");
        assert_eq!(reports(&trust).await, told);
        assert_eq!(trust.push_csv("list=autism&mode=snapshot&validate=true", csv(&children("A", 25))).await.expect(200)["issue_list"], json!([]));
    }
}
