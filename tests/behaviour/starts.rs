//! What stops a gateway from starting, and how a gateway stops.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use integration_tests::records::{list, number, row};
use integration_tests::{Database, World, on_both, today};
use rcgen::{KeyPair, SerialNumber, date_time_ymd};
use reqwest::{Body, Method};
use sendbridge::demonstration::{LayOut, lay_out};
use server::Configuration;
use tempfile::TempDir;
use trust::Clock;

use crate::certificates::authorities::{Ca, pem};

const PEM_OF_NOTHING: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

/// The files of a demonstration, on free ports.
struct Files {
    folder: TempDir,
    configuration: Configuration,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        lay_out(&folder.path().join("partnership"), &LayOut::new(today())).unwrap();
        let mut configuration = Configuration::read(&folder.path().join("partnership").join("gateway.toml")).unwrap();
        configuration.api.listen.set_port(0);
        configuration.operations.listen.set_port(0);
        Self { folder, configuration }
    }

    fn dir(&self) -> std::path::PathBuf {
        self.folder.path().join("partnership")
    }

    /// Writes a file that only its owner can read.
    fn write(&self, name: &str, content: &str) {
        let path = self.dir().join(name);
        std::fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
    }

    /// Why a gateway does not start; `None` if it does.
    async fn refusal(&self) -> Option<String> {
        refusal(self.configuration.clone()).await
    }

    /// The demonstration's authority, which can sign whatever is asked.
    fn authority(&self) -> Ca {
        let key = std::fs::read_to_string(self.dir().join("pki/ca-key.pem")).unwrap();
        Ca::root_with(trust::DEMONSTRATION_AUTHORITY, KeyPair::from_pem(&key).unwrap(), |_| {})
    }
}

async fn refusal(configuration: Configuration) -> Option<String> {
    match server::start(configuration, Clock::system()).await {
        Ok(gateway) => {
            gateway.stop().await;
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn list_until(authority: &Ca, last_year: i32) -> String {
    pem(
        "X509 CRL",
        &authority.list_with(&[], |list| {
            list.next_update = date_time_ymd(last_year, 1, 1);
            list.crl_number = SerialNumber::from(9);
        }),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_open_to_others_keeps_the_gateway_from_starting() {
    let files = Files::new();
    files.write("keys/another", "secret");
    for key in ["pki/server-key.pem", "keys/token-signing.pem", "keys/another"] {
        let path = files.dir().join(key);
        set_mode(&path, 0o640);
        assert!(files.refusal().await.unwrap().contains("open to others"), "{key}");
        set_mode(&path, 0o600);
    }
    assert_eq!(files.refusal().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partnership_or_an_authority_that_cannot_be_read_keeps_it_from_starting() {
    let files = Files::new();
    let assert_refused = async |said: &str| {
        let refusal = files.refusal().await.expect("the gateway must not start");
        assert!(refusal.contains(said), "{said}: {refusal}");
    };
    for (file, content, said) in [
        ("partnership.toml", "", "partnership.toml:1: "),
        ("pki/crl.pem", "", "authority demonstration: "),
        ("pki/crl.pem", "no list at all", "authority demonstration: "),
        ("pki/ca.pem", "", "authority demonstration: "),
        ("pki/server.pem", "", "server's certificate"),
        ("keys/token-signing.pem", "not a key", "token-signing.pem: keys are PEM blocks"),
        ("keys/token-signing.pem", PEM_OF_NOTHING, "token-signing.pem: not a P-256 private key"),
    ] {
        let before = std::fs::read_to_string(files.dir().join(file)).unwrap();
        files.write(file, content);
        assert_refused(said).await;
        files.write(file, &before);
    }
    let (own, other) = (files.authority(), Ca::root("Authority two", |_| {}));
    files.write("pki/crl.pem", &list_until(&own, 2021));
    assert_refused("out of date").await;
    files.write("pki/crl.pem", &list_until(&other, 2090));
    assert_refused("no revocation list").await;
    files.write("pki/crl.pem", &list_until(&own, 2090));
    assert_eq!(files.refusal().await, None, "the control");
    let mut two = files.configuration.clone();
    two.authority.push(trust::AuthorityFiles { name: "two".into(), ..two.authority[0].clone() });
    assert!(refusal(two).await.unwrap().contains("another authority's too"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demonstrations_authority_is_accepted_only_in_a_demonstration() {
    let files = Files::new();
    assert_eq!(files.refusal().await, None);
    let mut configuration = files.configuration.clone();
    configuration.api.listen = "0.0.0.0:0".parse().unwrap();
    assert!(refusal(configuration).await.is_some());
    let mut configuration = files.configuration.clone();
    configuration.demonstration = false;
    assert!(refusal(configuration).await.unwrap().contains("demonstration"));
}

on_both! {
    async fn a_stop_lets_the_request_in_flight_finish_and_does_not_wait_for_idle_connections(world: World) {
        let idle = world.persona("council-herts");
        idle.call(Method::GET, "/v1/docs").send().await.expect_status(200);
        let trust = world.persona("provider-hct").signed_in().await;
        let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
        let body = stream::iter([list([row("A-1", &number(1), "01", "autism")])]).chain(stream::once(async move {
            gone_on.await.unwrap();
            row("A-2", &number(2), "01", "autism")
        }));
        let busy = tokio::spawn(async move { trust.push_csv("list=autism", Body::wrap_stream(body.map(Ok::<_, std::io::Error>))).await });
        let in_flight = async || world.operations("/metrics").await.1.contains("sendbridge_http_requests_in_flight 1");
        integration_tests::until("it is being answered", in_flight).await;
        let stopping = tokio::spawn(async move { world.stop().await });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!stopping.is_finished() && !busy.is_finished(), "what is being answered is waited for");
        go_on.send(()).unwrap();
        assert_eq!(busy.await.unwrap().expect(201)["records"]["accepted"], 2);
        // An idle connection is kept open for 75 seconds.
        tokio::time::timeout(Duration::from_secs(70), stopping).await.expect("idle connections are not waited for").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_gateways_run_in_one_process_and_do_not_know_each_other() {
    let (here, there) = (World::start(Database::Sqlite).await, World::start(Database::Sqlite).await);
    here.persona("council-herts").call(Method::GET, "/v1/docs").send().await.expect_status(200);
    let astray = here.persona_at("council-herts", &there.gateway);
    assert!(astray.call(Method::GET, "/v1/docs").try_send().await.is_err());
}
