//! When a certificate stops counting, on open and new connections: it is revoked, or its root or list expires.

use std::net::TcpStream;
use std::sync::Arc;

use chrono::Duration;
use integration_tests::until;
use rcgen::{ExtendedKeyUsagePurpose, SerialNumber, date_time_ymd};
use rustls::{ClientConnection, DEFAULT_VERSIONS, StreamOwned};

use super::authorities::{Ca, Identity, dns, pem};
use super::clients::{KEYS, Way, exchange};
use super::gateways::{self, Files, Gateway};

/// A connection that has been answered.
fn open(way: &Way, identity: &Identity) -> StreamOwned<ClientConnection, TcpStream> {
    let mut stream = way.connect(&Arc::new(way.config(Some(identity), DEFAULT_VERSIONS)));
    assert_eq!(exchange(&mut stream, KEYS).unwrap().0, 200);
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_for_its_use_and_its_authority_and_the_metrics_count_what_is_refused() {
    let (root, two, foreign) = (Ca::root("Suite root", |_| {}), Ca::root("Authority two", |_| {}), Ca::root("Suite root", |_| {}));
    let authorities = [
        Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) },
        Files { name: "two", roots: &two.pem(), lists: &two.list(&[]) },
    ];
    let gateway = Gateway::start(&authorities, |_| {}).await;
    assert_eq!(gateway.way.ask(&root.client(|_| {}), "alpha"), [200, 200]);
    assert_eq!(gateway.way.say(&Arc::new(gateway.way.config(None, DEFAULT_VERSIONS)), KEYS), "", "without a certificate");
    let server = root.client(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    for identity in [foreign.client(|_| {}), server] {
        assert_eq!(gateway.way.ask(&identity, "alpha"), [0_u16; 0]);
    }
    let metrics = gateway.process.operations("/metrics").await;
    assert!(metrics.contains("sendbridge_client_certificates_refused_total{outcome=\"wrong-purpose\"} 1"), "{metrics}");
    // The client `alpha` is listed under the authority `suite`, so a certificate by authority two is not its own.
    assert_eq!(gateway.way.ask(&two.client(|_| {}), "alpha"), [200, 401]);
    let unlisted = root.client(|params| params.subject_alt_names = vec![dns("unlisted.clients.sendbridge.example")]);
    assert_eq!(gateway.way.ask(&unlisted, "alpha"), [401, 401]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_reaches_kept_alive_connections_and_new_ones_and_no_broken_list_undoes_it() {
    let (root, two) = (Ca::root("Suite root", |_| {}), Ca::root("Authority two", |_| {}));
    let (alpha, beta) = (root.client(|_| {}), root.client(|params| params.subject_alt_names = vec![dns(super::authorities::BETA)]));
    let gateway = Gateway::start(&[Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) }], |_| {}).await;
    let way = &gateway.way;
    let (mut council, mut provider) = (open(way, &alpha), open(way, &beta));
    let list = |number: u64, revoked: &[&Identity], last_year: i32| {
        let change = |list: &mut rcgen::CertificateRevocationListParams| {
            (list.crl_number, list.next_update) = (SerialNumber::from(number), date_time_ymd(last_year, 1, 1));
        };
        pem("X509 CRL", &root.list_with(revoked, change))
    };
    gateway.write("pki/suite-crl.pem", &list(6, &[&alpha], 2090));
    until("it is revoked", async || way.ask(&alpha, "alpha").is_empty()).await;
    assert_eq!(exchange(&mut council, KEYS).unwrap().0, 401, "a connection that is open");
    assert_eq!(exchange(&mut provider, KEYS).unwrap().0, 200, "the other client");

    for broken in [
        "",
        "no list at all",
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        &list(7, &[], 2021),
        &pem("X509 CRL", &two.list_with(&[], |list| list.crl_number = SerialNumber::from(7))),
    ] {
        gateway.write("pki/suite-crl.pem", broken);
        // Long enough for the gateway to look. On a slow machine the test shows less, but does not fail.
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(way.ask(&alpha, "alpha"), [0_u16; 0], "{broken:.30}");
        assert_eq!(exchange(&mut provider, KEYS).unwrap().0, 200, "{broken:.30}");
    }
    gateway.write("pki/suite-crl.pem", &list(8, &[], 2090));
    until("it counts again", async || way.ask(&alpha, "alpha") == [200, 200]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_list_out_of_date_lets_nobody_in() {
    let root = Ca::root("Suite root", |_| {});
    let alpha = root.client(|_| {});
    let (world, way) = gateways::world(&[Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) }]).await;
    let mut council = open(&way, &alpha);
    world.pass(Duration::days(365 * 70));
    assert_eq!(exchange(&mut council, KEYS).unwrap().0, 401);
    assert_eq!(way.ask(&alpha, "alpha"), [0_u16; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_root_out_of_date_lets_nobody_in_though_lists_and_clients_are_in_date() {
    let root = Ca::root("Suite root", |params| params.not_after = date_time_ymd(2060, 1, 1));
    let two = Ca::root("Authority two", |_| {});
    let (alpha, foreign) = (root.client(|_| {}), two.client(|_| {}));
    let authorities = [
        Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) },
        Files { name: "two", roots: &two.pem(), lists: &two.list(&[]) },
    ];
    let (world, way) = gateways::world(&authorities).await;
    let mut council = open(&way, &alpha);
    world.pass(Duration::days(365 * 40));
    assert_eq!(exchange(&mut council, KEYS).unwrap().0, 401, "a connection that is open");
    assert_eq!(way.ask(&alpha, "alpha"), [0_u16; 0]);
    assert_eq!(way.ask(&foreign, "alpha-two"), [200, 200], "another authority's certificates hold");
}
