//! `Content-Digest`: a body that was changed on its way is not taken.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integration_tests::{Answer, on_both};
use reqwest::Method;

use super::*;

fn of(name: &str, algorithm: &'static Algorithm, body: &[u8]) -> String {
    format!("{name}=:{}:", STANDARD.encode(digest(algorithm, body)))
}

async fn push(trust: &Persona, (header, value): (&str, &str), more: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism").header("content-type", "text/csv");
    let call = more.iter().fold(call, |call, (name, value)| call.header(name, value));
    call.header(header, value).header("idempotency-key", "k-1").body(body).send().await
}

on_both! {
    async fn a_body_of_another_digest_is_refused_and_leaves_nothing(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 50)).into_bytes();
        let other = csv(&children("A", 49)).into_bytes();
        let (right, wrong) = (of("sha-256", &SHA256, &file), of("sha-512", &SHA512, &other));
        for header in ["content-digest", "repr-digest"] {
            for more in [&[][..], &[("prefer", "respond-async")]] {
                push(&trust, (header, &wrong), more, file.clone()).await.expect_problem(400, "digest-mismatch");
                push(&trust, (header, &format!("{right}, {wrong}")), more, file.clone()).await.expect_problem(400, "digest-mismatch");
            }
        }
        assert!(reports(&trust).await.is_empty() && entries(&trust, "").await.is_empty());
        push(&trust, ("content-digest", &right), &[], file.clone()).await.expect(201);
        push(&trust, ("content-digest", &of("sha-512", &SHA512, &file)), &[], file).await.expect(200);
    }

    async fn the_digest_is_of_the_bytes_that_are_sent(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 50)).into_bytes();
        let sent = zstd::encode_all(&file[..], 3).unwrap();
        let coding = [("content-encoding", "zstd")];
        push(&trust, ("content-digest", &of("sha-256", &SHA256, &file)), &coding, sent.clone()).await.expect_problem(400, "digest-mismatch");
        push(&trust, ("content-digest", &of("sha-256", &SHA256, &sent)), &coding, sent).await.expect(201);
    }

    async fn a_digest_that_is_not_understood_is_passed_over_and_another_asked_for(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 5)).into_bytes();
        let answer = push(&trust, ("content-digest", "md5=:AAAA:, crc32c=:AAAA:"), &[], file.clone()).await;
        answer.expect(201);
        assert_eq!(answer.header("want-content-digest"), Some("sha-512=10, sha-256=5"));
        let refused = push(&trust, ("content-digest", "md5=:AAAA:"), &[], b"{}".to_vec()).await;
        refused.expect_problem(422, "idempotency-mismatch");
        assert!(refused.header("want-content-digest").is_some());
        let understood = push(&trust, ("content-digest", &of("sha-256", &SHA256, &file)), &[], file.clone()).await;
        assert_eq!((understood.status, understood.header("want-content-digest")), (200, None));
        for malformed in ["sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:", "no dictionary"] {
            push(&trust, ("content-digest", malformed), &[], file.clone()).await.expect_problem(400, "malformed");
        }
    }
}
