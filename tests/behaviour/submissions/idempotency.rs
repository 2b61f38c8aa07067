//! `Idempotency-Key`: a request with the same key is done once, whatever the network did to the answer.

use integration_tests::{Answer, Database, on_both};
use reqwest::Method;

use super::*;

async fn push(persona: &Persona, key: &str, query: &str, body: impl Into<reqwest::Body>) -> Answer {
    let path = format!("/v1/waiting-list/submissions?format=csv{query}");
    persona.call(Method::POST, &path).header("content-type", "text/csv").header("idempotency-key", key).body(body).send().await
}

on_both! {
    async fn the_same_key_and_body_answer_the_same_report_and_add_nothing(world: World) {
        let trust = trust(&world).await;
        let file = csv(&[Row::waiting("A-1", 1), Row::waiting("A-2", 2).broken()]);
        let first = push(&trust, "k-1", "&list=autism", file.clone()).await.expect(201);
        // The replay does not undo what came in between.
        trust.push_csv("list=autism", csv(&[Row::waiting("A-1", 1).closed()])).await.expect(201);
        for _ in 0..2 {
            assert_eq!(push(&trust, "k-1", "&list=autism", file.clone()).await.expect(200), first);
        }
        assert_eq!(reports(&trust).await.len(), 2);
        assert_eq!(field(&entries(&trust, "").await, "status"), [("A-1", "closed".to_owned())]);
        // A body in chunks of another size is the same body.
        let (head, tail) = file.split_at(40);
        let chunks = [head.to_owned(), tail.to_owned()].map(Ok::<_, std::io::Error>);
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        assert_eq!(push(&trust, "k-1", "&list=autism", chunked).await.expect(200), first);
    }

    async fn a_key_stands_for_one_body_and_one_query(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 2));
        push(&trust, "k-1", "&list=autism", file.clone()).await.expect(201);
        let before = (entries(&trust, "").await, reports(&trust).await);
        push(&trust, "k-1", "&list=autism", csv(&children("A", 3))).await.expect_problem(422, "idempotency-mismatch");
        push(&trust, "k-1", "&list=autism", HEADER).await.expect_problem(422, "idempotency-mismatch");
        for query in ["&list=adhd", "", "&list=autism&mode=snapshot"] {
            push(&trust, "k-1", query, file.clone()).await.expect_problem(422, "idempotency-mismatch");
        }
        assert_eq!((entries(&trust, "").await, reports(&trust).await), before);
        push(&trust, "k-2", "&list=autism", file.clone()).await.expect(201);
        push(&trust, "k-1", "&list=autism", file).await.expect(200);
    }

    async fn a_submission_that_failed_leaves_its_key_free(world: World) {
        let trust = trust(&world).await;
        push(&trust, "k-0", "&list=autism&mode=snapshot", csv(&children("A", 25))).await.expect(201);
        let broken: Vec<_> = children("A", 25).into_iter().map(Row::broken).collect();
        for (body, status, code) in [
            ("{}".to_owned(), 422, "unreadable-body"),
            (HEADER.to_owned(), 422, "nil-return-unsaid"),
            (csv(&broken), 422, "refused-submission"),
            (csv(&children("A", 5)), 409, "snapshot-shrinks"),
        ] {
            push(&trust, "k-1", "&list=autism&mode=snapshot", body).await.expect_problem(status, code);
        }
        push(&trust, "k-1", &format!("&list=autism&as_of={}", days_ago(9)), csv(&children("A", 1))).await.expect_problem(409, "older-as-of");
        let report = push(&trust, "k-1", "&list=autism&mode=snapshot", csv(&children("A", 26))).await.expect(201);
        assert_eq!(counts(&report)[4], 1);
    }

    async fn each_client_has_keys_of_its_own(world: World) {
        let trust = trust(&world).await;
        let icb = signed_in(&world, "icb-central-east").await;
        let ours = push(&trust, "k-1", "&list=autism", csv(&children("A", 1))).await.expect(201);
        let theirs = push(&icb, "k-1", "&list=autism&organisation=RWR", csv(&children("P", 2))).await.expect(201);
        assert_ne!(ours["id"], theirs["id"]);
        assert_eq!(push(&trust, "k-1", "&list=autism", csv(&children("A", 1))).await.expect(200), ours);
    }

    async fn a_key_is_1_to_128_printable_ascii_characters(world: World) {
        let trust = trust(&world).await;
        for key in ["", &"k".repeat(129), "k\u{e9}y", "tab\there"] {
            push(&trust, key, "", csv(&children("A", 1))).await.expect_problem(400, "malformed");
        }
        let twice = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv").header("content-type", "text/csv");
        let twice = twice.header("idempotency-key", "k-1").header("idempotency-key", "k-2").body(csv(&children("A", 1)));
        twice.send().await.expect_problem(400, "malformed");
        assert!(reports(&trust).await.is_empty());
        push(&trust, &"k".repeat(128), "", csv(&children("A", 1))).await.expect(201);
        push(&trust, "~ !", "", csv(&children("A", 1))).await.expect(201);
    }

    async fn only_one_of_two_requests_at_once_is_taken(world: World) {
        let here = trust(&world).await;
        // Several gateways can share PostgreSQL: there the second request goes to another gateway.
        let replica = match world.database() {
            Database::Sqlite => None,
            Database::Postgres => Some(world.replica().await),
        };
        let there = match &replica {
            None => here.clone(),
            Some(gateway) => world.persona_at("provider-hct", gateway).signed_in().await,
        };
        for round in 0..5 {
            let list = format!("&list=r-{round}");
            let file = csv(&children(&format!("R{round}"), 200));
            let key = format!("k-{round}");
            let (one, two) = tokio::join!(push(&here, &key, &list, file.clone()), push(&there, &key, &list, file.clone()));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert!(matches!(statuses, [201, 409] | [200, 201]), "{} {}", one.text, two.text);
            for other in [&one, &two].into_iter().filter(|answer| answer.status == 409) {
                other.expect_problem(409, "idempotency-in-flight");
                assert!(other.header("retry-after").is_some());
            }
            let taken = if one.status == 201 { &one } else { &two };
            assert_eq!(counts(&taken.json())[4], 200);
            assert_eq!(push(&here, &key, &list, file).await.expect(200), taken.json());
            assert_eq!(entries(&here, &list[1..]).await.len(), 200);
        }
        assert_eq!(reports(&here).await.len(), 5);
    }
}
