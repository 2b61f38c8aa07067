use std::time::{Duration, Instant};

use trust::{Clock, DEMONSTRATION_AUTHORITY};

use super::worlds::{Files, World, set_mode};

const PEM_OF_NOTHING: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

async fn refusal(files: &Files) -> String {
    files.start().await.err().expect("the gateway must not start").to_string()
}

#[actix_web::test]
async fn a_key_open_to_others_keeps_the_gateway_from_starting() {
    for key in ["pki/server-key.pem", "keys/token-signing.pem", "keys/another"] {
        let files = Files::new();
        files.write("keys/another", "secret");
        set_mode(&files.path(key), 0o640);
        assert!(refusal(&files).await.contains("open to others"), "{key}");
        set_mode(&files.path(key), 0o600);
        assert!(files.start().await.is_ok(), "{key}");
    }
}

#[actix_web::test]
async fn a_partnership_or_an_authority_that_cannot_be_read_keeps_it_from_starting() {
    for (file, content, said) in [
        ("partnership.toml", "", "partnership.toml:1: "),
        ("pki/crl.pem", "", "authority one: "),
        ("pki/crl.pem", "no list at all", "authority one: "),
        ("pki/ca.pem", "", "authority one: "),
        ("pki/server.pem", "", "server's certificate"),
        ("keys/token-signing.pem", "not a key", "token-signing.pem: keys are PEM blocks"),
        ("keys/token-signing.pem", PEM_OF_NOTHING, "token-signing.pem: not a P-256 private key"),
    ] {
        let files = Files::new();
        files.write(file, content);
        let refusal = refusal(&files).await;
        assert!(refusal.contains(said), "{file}: {refusal}");
    }
    let files = Files::new();
    files.write("pki/crl.pem", &files.one.crl(&[], 2021));
    assert!(refusal(&files).await.contains("out of date"));
    files.write("pki/crl.pem", &files.two.crl(&[], 2090));
    assert!(refusal(&files).await.contains("no revocation list"));
    files.write("pki/crl.pem", &files.one.crl(&[], 2090));
    files.write("pki/ca-two.pem", &files.one.pem());
    files.write("pki/crl-two.pem", &files.one.crl(&[], 2090));
    assert!(refusal(&files).await.contains("another authority's too"));
}

#[actix_web::test]
async fn a_demonstrations_authority_serves_a_demonstration_alone() {
    let files = Files::under(DEMONSTRATION_AUTHORITY);
    assert!(refusal(&files).await.contains("demonstration"));
    let mut configuration = files.configuration();
    configuration.demonstration = true;
    assert!(crate::start(configuration.clone(), Clock::system()).await.is_ok());
    configuration.api.listen = "0.0.0.0:0".parse().unwrap();
    assert!(crate::start(configuration, Clock::system()).await.is_err());
}

#[actix_web::test]
async fn a_stop_lets_the_request_in_flight_finish_and_does_not_wait_for_idle_connections() {
    let world = World::new().await;
    let (idle, busy) = (world.council(), world.council());
    assert!(idle.get(world.url("/v1/docs")).send().await.unwrap().bytes().await.is_ok());
    let request = busy.get(world.url("/test/linger")).send();
    let request = tokio::spawn(async move { request.await.unwrap().text().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = Instant::now();
    world.gateway.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(request.await.unwrap(), "done");
}

#[actix_web::test]
async fn several_gateways_run_in_one_process_and_do_not_know_each_other() {
    let (here, there) = (World::new().await, World::new().await);
    let council = here.council();
    assert_eq!(council.get(here.url("/v1/docs")).send().await.unwrap().status().as_u16(), 200);
    assert!(council.get(there.url("/v1/docs")).send().await.is_err());
}
