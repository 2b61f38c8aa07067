use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use chrono::TimeDelta;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, StreamOwned};

use super::worlds::{Ca, Files, World};

const DOCS: &str = "/v1/docs";

// The body is read to its end, so that the connection is kept alive.
async fn status(world: &World, client: &reqwest::Client) -> Option<u16> {
    let response = client.get(world.url(DOCS)).send().await.ok()?;
    let status = response.status().as_u16();
    response.bytes().await.ok()?;
    Some(status)
}

#[actix_web::test]
async fn a_listed_client_with_a_certificate_is_answered() {
    let world = World::new().await;
    assert_eq!(status(&world, &world.council()).await, Some(200));
}

#[actix_web::test]
async fn without_a_certificate_the_handshake_fails() {
    let world = World::new().await;
    assert_eq!(status(&world, &world.client(None)).await, None);
}

#[actix_web::test]
async fn a_certificate_of_a_foreign_authority_or_another_use_gets_no_handshake() {
    let world = World::new().await;
    let name = "council-herts.clients.sendbridge.example";
    for credentials in
        [Ca::new("Authority one").client("council-herts", 7), world.files.one.issue(name, 8, ExtendedKeyUsagePurpose::ServerAuth)]
    {
        assert_eq!(status(&world, &world.client(Some(&credentials))).await, None);
    }
    let (_, metrics) = world.operations("/metrics").await;
    assert!(metrics.contains("sendbridge_client_certificates_refused_total{outcome=\"wrong-purpose\"} 1"), "{metrics}");
}

#[actix_web::test]
async fn a_certificate_that_names_no_listed_client_of_its_authority_is_refused() {
    let world = World::new().await;
    // Authority two may issue what it likes: the council is listed under authority one.
    for credentials in [world.files.two.client("council-herts", 9), world.files.one.client("unlisted", 10)] {
        let client = world.client(Some(&credentials));
        assert_eq!(status(&world, &client).await, Some(401));
        let (status, answer) = world.ask_token(&client, &[("grant_type", "client_credentials"), ("client_id", "council-herts")]).await;
        assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_client")));
    }
}

#[actix_web::test]
async fn a_revocation_reaches_kept_alive_connections_and_new_ones_and_no_broken_list_undoes_it() {
    let world = World::new().await;
    let (council, provider) = (world.council(), world.client(Some(&world.files.provider)));
    assert_eq!((status(&world, &council).await, status(&world, &provider).await), (Some(200), Some(200)));

    world.files.write("pki/crl.pem", &world.files.one.crl(&[101], 2090));
    world.within_two_seconds(401, async || status(&world, &council).await).await;
    assert_eq!(status(&world, &world.council()).await, None, "a new handshake");
    assert_eq!(status(&world, &provider).await, Some(200), "the other client");

    for broken in [
        "",
        "no list at all",
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        &world.files.one.crl(&[], 2021),
        &world.files.two.crl(&[], 2090),
    ] {
        world.files.write("pki/crl.pem", broken);
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert_eq!(status(&world, &world.council()).await, None, "{broken:.30}");
        assert_eq!(status(&world, &provider).await, Some(200), "{broken:.30}");
    }
    world.files.write("pki/crl.pem", &world.files.one.crl(&[], 2090));
    world.within_two_seconds(200, async || status(&world, &world.council()).await).await;
}

#[actix_web::test]
async fn a_revocation_list_out_of_date_lets_nobody_in() {
    let world = World::new().await;
    let council = world.council();
    assert_eq!(status(&world, &council).await, Some(200));
    world.advance(TimeDelta::days(365 * 70));
    assert_eq!(status(&world, &council).await, Some(401));
    assert_eq!(status(&world, &world.council()).await, None);
}

#[actix_web::test]
async fn a_root_out_of_date_lets_nobody_in_though_lists_and_clients_are_in_date() {
    let world = World::with(Files::of(Ca::until("Authority one", 2060)), |_| ()).await;
    let (council, foreign) = (world.council(), world.client(Some(&world.files.two.client("council-herts", 9))));
    assert_eq!(status(&world, &council).await, Some(200));
    world.advance(TimeDelta::days(365 * 40));
    assert_eq!(status(&world, &council).await, Some(401), "a connection that is open");
    assert_eq!(status(&world, &world.council()).await, None);
    assert_eq!(status(&world, &foreign).await, Some(401), "another authority's certificates hold");
}

#[actix_web::test]
async fn a_renewed_server_certificate_is_shown_without_a_restart() {
    let world = World::new().await;
    let council = world.council();
    let config = Arc::new(world.tls(Some(&world.files.council)));
    let address = world.gateway.api_address();
    let shown = move || connect(&config, address).2;
    let (before, shown) = tokio::task::spawn_blocking(move || (shown(), shown)).await.unwrap();
    world.files.write_server_certificate(2);
    world
        .within_two_seconds(200, async || {
            let shown = shown.clone();
            let before = before.clone();
            let renewed = tokio::task::spawn_blocking(move || shown() != before).await.unwrap();
            if renewed { status(&world, &council).await } else { None }
        })
        .await;
}

/// One connection and one request on it: the kind of its handshake, its version, and the server's
/// certificate.
fn connect(config: &Arc<ClientConfig>, address: std::net::SocketAddr) -> (HandshakeKind, ProtocolVersion, Vec<u8>) {
    let connection = ClientConnection::new(config.clone(), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.write_all(b"GET /v1/docs HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    let certificate = stream.conn.peer_certificates().unwrap()[0].to_vec();
    (stream.conn.handshake_kind().unwrap(), stream.conn.protocol_version().unwrap(), certificate)
}

#[actix_web::test]
async fn nothing_is_resumed_so_no_session_outlives_a_revocation() {
    let world = World::with(Files::new(), |configuration| configuration.api.tls12 = true).await;
    let address = world.gateway.api_address();
    let (newest, older) = (world.tls(Some(&world.files.council)), tls12(&world));
    tokio::task::spawn_blocking(move || {
        for (config, version) in [(newest, ProtocolVersion::TLSv1_3), (older, ProtocolVersion::TLSv1_2)] {
            let config = Arc::new(config);
            for _ in 0..3 {
                let (kind, spoken, _) = connect(&config, address);
                assert_eq!((kind == HandshakeKind::Resumed, spoken), (false, version));
            }
        }
    })
    .await
    .unwrap();
}

fn tls12(world: &World) -> ClientConfig {
    world.tls_of(Some(&world.files.council), &[&rustls::version::TLS12])
}

#[actix_web::test]
async fn tls_1_2_is_refused_unless_configured() {
    let world = World::new().await;
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls12(&world)).build().unwrap();
    assert_eq!(status(&world, &client).await, None);
}
