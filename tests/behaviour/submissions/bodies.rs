//! Bodies that are too large, break off, never arrive, or state a wrong length.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use integration_tests::{HANG, on_both, until};
use reqwest::{Body, Method};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;

/// A connection of the trust's, for HTTP written by hand.
type Raw = StreamOwned<ClientConnection, TcpStream>;

fn connect(world: &World) -> Raw {
    let pki = world.dir().join("pki").join("ca.pem");
    let own = world.dir().join("clients").join("provider-hct");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki).unwrap()).unwrap();
    let chain = CertificateDer::pem_file_iter(own.join("cert.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(own.join("key.pem")).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
    let stream = TcpStream::connect(world.gateway.api_address()).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// The head of a submission; `more` is its last lines.
fn head(trust: &Persona, more: &str) -> String {
    format!(
        "POST /v1/waiting-list/submissions?format=csv&list=autism HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\n{more}\r\n",
        trust.token().unwrap()
    )
}

/// Writes a text, ends the sending side, and reads the answer.
async fn exchange(world: &World, text: String) -> String {
    let mut raw = connect(world);
    tokio::task::spawn_blocking(move || {
        // A gateway that has answered already may close while the rest is being written.
        let _ = raw.write_all(text.as_bytes()).and_then(|()| raw.flush());
        raw.conn.send_close_notify();
        let _ = raw.flush();
        let mut answer = Vec::new();
        let _ = raw.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}

/// A body that comes in pieces and then fails.
fn failing(file: &str) -> Body {
    let pieces: Vec<_> = file.as_bytes().chunks(300).map(|piece| Ok(piece.to_vec())).collect();
    Body::wrap_stream(futures_util::stream::iter(pieces.into_iter().chain([Err(std::io::Error::other("the disk is gone"))])))
}

/// Checks that the gateway still answers, and has kept nothing.
async fn nothing_was_kept(trust: &Persona) {
    assert!(reports(trust).await.is_empty() && entries(trust, "").await.is_empty());
}

/// Sends a good file until its key is free.
async fn key_is_given_back(trust: &Persona, key: &str) {
    until("the key of a request that broke off is given back", async || {
        let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism");
        let answer = call.header("content-type", "text/csv").header("idempotency-key", key).body(csv(&children("A", 50))).send().await;
        if answer.status != 201 {
            answer.expect_problem(409, "idempotency-in-flight");
        }
        answer.status == 201
    })
    .await;
}

on_both! {
    async fn a_client_that_goes_away_in_the_middle_leaves_nothing(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 50));
        for (at, whole_rows) in [0, 1, 20, 49].into_iter().enumerate() {
            let key = format!("k-{at}");
            let part: String = file.lines().take(1 + whole_rows).map(|line| format!("{line}\n")).collect();
            for framing in ["Content-Length: 100000\r\n".to_owned(), "Transfer-Encoding: chunked\r\n".to_owned()] {
                let body = if framing.starts_with('C') { part.clone() } else { format!("{:x}\r\n{part}\r\n", part.len()) };
                let text = head(&trust, &format!("Idempotency-Key: {key}\r\n{framing}")) + &body;
                let mut raw = connect(&world);
                tokio::task::spawn_blocking(move || {
                    raw.write_all(text.as_bytes()).and_then(|()| raw.flush()).unwrap();
                    // Like a pulled cable: the connection ends without a TLS close.
                    drop(raw);
                })
                .await
                .unwrap();
            }
        }
        nothing_was_kept(&trust).await;
        for at in 0..4 {
            key_is_given_back(&trust, &format!("k-{at}")).await;
        }
        assert_eq!((reports(&trust).await.len(), entries(&trust, "").await.len()), (4, 50));
    }

    async fn a_body_whose_sending_fails_half_way_leaves_nothing(world: World) {
        let trust = trust(&world).await;
        for at in 0..3 {
            let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism").header("content-type", "text/csv");
            let broken = call.header("idempotency-key", &format!("k-{at}")).body(failing(&csv(&children("A", 40)))).try_send().await;
            assert!(broken.is_err(), "{broken:?}");
        }
        nothing_was_kept(&trust).await;
        for at in 0..3 {
            key_is_given_back(&trust, &format!("k-{at}")).await;
        }
    }

    async fn a_body_that_ends_before_its_length_is_not_taken_for_whole(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 5));
        let chunk = format!("{:x}\r\n{file}\r\n", file.len());
        for (framing, body) in [
            (format!("Content-Length: {}\r\n", file.len() + 1), file.clone()),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunk.clone()),
            ("Transfer-Encoding: chunked\r\n".to_owned(), format!("{:x}\r\n{file}", file.len() + 100)),
        ] {
            let answer = exchange(&world, head(&trust, &framing) + &body).await;
            assert!(matches!(status(&answer), "400" | "none"), "{framing}: {answer}");
        }
        nothing_was_kept(&trust).await;
        let whole = exchange(&world, head(&trust, "Transfer-Encoding: chunked\r\nConnection: close\r\n") + &chunk + "0\r\n\r\n").await;
        assert_eq!(status(&whole), "201", "{whole}");
    }

    async fn a_body_whose_framing_lies_is_refused(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 5));
        let chunks = |size: &str| format!("{size}\r\n{file}\r\n0\r\n\r\n");
        let right = format!("{:x}", file.len());
        for (framing, body) in [
            // Chunk sizes that are too small, negative, not a number, or impossibly large.
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunks("5")),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunks("-5")),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunks("many")),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunks("ffffffffffffffffff")),
            // Two different lengths: two readers would see two bodies.
            (format!("Content-Length: {}\r\nContent-Length: 10\r\n", file.len()), file.clone()),
            ("Content-Length: -1\r\n".to_owned(), file.clone()),
            ("Transfer-Encoding: gzip, identity\r\n".to_owned(), chunks(&right)),
        ] {
            let answer = exchange(&world, head(&trust, &framing) + &body).await;
            assert!(matches!(status(&answer), "400" | "411" | "501" | "none"), "{framing}: {answer}");
            nothing_was_kept(&trust).await;
        }
        let both = "Content-Length: 10\r\nTransfer-Encoding: chunked\r\n";
        let answer = exchange(&world, head(&trust, both) + &chunks(&right)).await;
        // The rest must not be read as another request.
        assert_eq!(answer.matches("HTTP/1.1 ").count(), usize::from(!answer.is_empty()), "{answer}");
        match status(&answer) {
            "201" => assert_eq!(entries(&trust, "").await.len(), 5),
            other => {
                assert!(matches!(other, "400" | "none"), "{answer}");
                nothing_was_kept(&trust).await;
            }
        }
    }

    async fn a_body_over_the_configured_size_is_refused_whether_or_not_it_says_its_size(world: World) {
        let mut world = world;
        world.configuration.api.maximum_body_bytes = 4096;
        let world = world.restart().await;
        let trust = trust(&world).await;
        let file = csv(&children("A", 200));
        trust.push_csv("", file.clone()).await.expect_problem(413, "body-too-large");
        let pieces: Vec<_> = file.as_bytes().chunks(500).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        trust.push_csv("", Body::wrap_stream(futures_util::stream::iter(pieces))).await.expect_problem(413, "body-too-large");
        let said = exchange(&world, head(&trust, &format!("Content-Length: {}\r\n", file.len())) + &file).await;
        assert_eq!(status(&said), "413", "{said}");
        let chunked = format!("{:x}\r\n{file}\r\n0\r\n\r\n", file.len());
        let unsaid = exchange(&world, head(&trust, "Transfer-Encoding: chunked\r\n") + &chunked).await;
        assert_eq!(status(&unsaid), "413", "{unsaid}");
        nothing_was_kept(&trust).await;
        // The limit is exact, to the byte.
        let small = csv(&children("A", 10));
        let (fits, over) = (" ".repeat(4096 - small.len()), " ".repeat(4097 - small.len()));
        trust.push_csv("", format!("{small}{over}")).await.expect_problem(413, "body-too-large");
        trust.push_csv("", format!("{small}{fits}")).await.expect(201);
    }
}
