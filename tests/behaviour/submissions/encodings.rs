//! Compressed bodies: read, or refused with the reason, and never larger than they may be.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use integration_tests::{Answer, on_both};
use reqwest::Method;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

async fn push(trust: &Persona, coding: &str, body: Vec<u8>) -> Answer {
    let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism").header("content-type", "text/csv");
    call.header("content-encoding", coding).header("idempotency-key", "k-1").body(body).send().await
}

async fn nothing_was_kept(trust: &Persona) {
    assert!(reports(trust).await.is_empty() && entries(trust, "").await.is_empty());
}

on_both! {
    async fn a_compressed_body_is_the_same_body(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 50));
        let first = push(&trust, "gzip", gzip(file.as_bytes())).await.expect(201);
        assert_eq!(counts(&first)[4], 50);
        // The key is for the decoded body, however the body is encoded.
        for (coding, body) in [("identity", file.clone().into_bytes()), ("zstd", zstd(file.as_bytes())), ("X-GZip", gzip(file.as_bytes()))] {
            assert_eq!(push(&trust, coding, body).await.expect(200), first);
        }
        // Two gzip members, or two zstd frames, are one body.
        let (head, tail) = file.as_bytes().split_at(1000);
        assert_eq!(push(&trust, "gzip", [gzip(head), gzip(tail)].concat()).await.expect(200), first);
        assert_eq!(push(&trust, "zstd", [zstd(head), zstd(tail)].concat()).await.expect(200), first);
        push(&trust, "gzip", gzip(&file.as_bytes()[..1000])).await.expect_problem(422, "idempotency-mismatch");
    }

    async fn another_encoding_or_two_are_refused_and_the_known_ones_named(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 2));
        let twice = gzip(&zstd(file.as_bytes()));
        for coding in ["br", "deflate", "compress", "gzip, zstd", "zstd, gzip", "gzip, gzip"] {
            let answer = push(&trust, coding, twice.clone()).await;
            answer.expect_problem(415, "unsupported-encoding");
            assert_eq!(answer.header("accept-encoding"), Some("gzip, zstd"));
        }
        nothing_was_kept(&trust).await;
    }

    async fn a_body_that_grows_too_much_is_refused_before_it_has_grown(world: World) {
        let trust = trust(&world).await;
        // 256 MiB of one letter, after a right start.
        let rest = vec![b'A'; 256 << 20];
        let file = [csv(&children("A", 2)).as_bytes(), &rest].concat();
        for (coding, bomb) in [("gzip", gzip(&file)), ("zstd", zstd(&file))] {
            assert!(bomb.len() < 1 << 20);
            push(&trust, coding, bomb).await.expect_problem(413, "body-expands");
        }
        nothing_was_kept(&trust).await;
    }

    async fn the_largest_body_is_counted_as_it_is_read(world: World) {
        let mut world = world;
        world.configuration.api.maximum_body_bytes = 4096;
        let world = world.restart().await;
        let trust = trust(&world).await;
        let small = csv(&children("A", 10));
        let padded = |length: usize| format!("{small}{}", "\n".repeat(length - small.len()));
        push(&trust, "gzip", gzip(padded(4097).as_bytes())).await.expect_problem(413, "body-too-large");
        push(&trust, "zstd", zstd(padded(4097).as_bytes())).await.expect_problem(413, "body-too-large");
        nothing_was_kept(&trust).await;
        push(&trust, "zstd", zstd(padded(4096).as_bytes())).await.expect(201);
    }

    async fn a_body_that_is_damaged_broken_off_or_followed_by_something_is_refused(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 200));
        let (gz, zst) = (gzip(file.as_bytes()), zstd(file.as_bytes()));
        let mut checked = zstd::Encoder::new(Vec::new(), 3).unwrap();
        checked.include_checksum(true).unwrap();
        checked.write_all(file.as_bytes()).unwrap();
        let checked = checked.finish().unwrap();
        let flipped = |body: &[u8]| {
            let mut body = body.to_vec();
            *body.last_mut().unwrap() ^= 1;
            body
        };
        // A window of 128 MiB is more than a sender may use.
        let mut wide = zstd::Encoder::new(Vec::new(), 3).unwrap();
        wide.window_log(27).unwrap();
        wide.include_contentsize(false).unwrap();
        wide.write_all(file.as_bytes()).unwrap();
        let wide = wide.finish().unwrap();
        for (coding, body) in [
            ("gzip", gz[..gz.len() - 1].to_vec()),
            ("gzip", gz[..gz.len() / 2].to_vec()),
            ("gzip", [gz.clone(), b"garbage".to_vec()].concat()),
            ("gzip", flipped(&gz)),
            ("gzip", zst.clone()),
            ("gzip", file.clone().into_bytes()),
            ("zstd", zst[..zst.len() - 1].to_vec()),
            ("zstd", zst[..zst.len() / 2].to_vec()),
            ("zstd", [zst.clone(), b"garbage".to_vec()].concat()),
            ("zstd", flipped(&checked)),
            ("zstd", gz.clone()),
            ("zstd", wide),
        ] {
            push(&trust, coding, body).await.expect_problem(400, "undecodable-body");
        }
        nothing_was_kept(&trust).await;
        // The key was given back each time.
        push(&trust, "zstd", checked).await.expect(201);
    }
}
