//! Certificates and revocation lists change under steady traffic, and no client notices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use integration_tests::until;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SerialNumber};
use rustls::DEFAULT_VERSIONS;

use super::authorities::{Ca, Identity, dns, pem};
use super::clients::{KEYS, Way, exchange};
use super::gateways::{Files, Gateway};

const CHANGES: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_changes_of_certificate_and_list_fail_no_request() {
    let root = Ca::root("Suite root", |_| {});
    let others: Vec<_> = (0..CHANGES).map(|_| root.client(|_| {})).collect();
    let client = root.client(|_| {});
    let gateway = Gateway::start(&[Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) }], |_| {}).await;
    // The authority that issued the gateway's own certificate.
    let key = std::fs::read_to_string(gateway.path("pki/ca-key.pem")).unwrap();
    let own = Ca::root_with(trust::DEMONSTRATION_AUTHORITY, KeyPair::from_pem(&key).unwrap(), |_| {});

    // How many requests were answered on new connections, and on one that is kept.
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]));
    let traffic: Vec<_> = [false, false, true, true]
        .map(|keeps| {
            let (way, client, stop, answered) = (gateway.way.clone(), client.clone(), stop.clone(), answered.clone());
            std::thread::spawn(move || if keeps { kept(&way, &client, &stop, &answered) } else { renewed(&way, &client, &stop, &answered) })
        })
        .into();
    for change in 0..CHANGES {
        let before = gateway.process.log().matches("\"reloaded\"").count();
        let revoked: Vec<_> = others[..=usize::try_from(change).unwrap()].iter().collect();
        let list = root.list_with(&revoked, |list| list.crl_number = SerialNumber::from(6 + change));
        gateway.write("pki/suite-crl.pem", &pem("X509 CRL", &list));
        // Two files: for a moment, the certificate and the key do not match.
        let renewed = own.client(|params| {
            (params.subject_alt_names, params.extended_key_usages) = (vec![dns("localhost")], vec![ExtendedKeyUsagePurpose::ServerAuth]);
        });
        gateway.write("pki/server.pem", &pem("CERTIFICATE", &renewed.chain[0]));
        gateway.write("pki/server-key.pem", &pem("PRIVATE KEY", &renewed.key));
        until("both are read anew", async || gateway.process.log().matches("\"reloaded\"").count() >= before + 2).await;
        // On a machine of any speed, some traffic comes after each change.
        let requests = || answered.each_ref().map(|answered| answered.load(Ordering::SeqCst));
        let [renewed, kept] = requests();
        until("the traffic goes on", async || requests()[0] >= renewed + 3 && requests()[1] >= kept + 25).await;
    }
    stop.store(true, Ordering::SeqCst);
    let shown: BTreeSet<_> = traffic.into_iter().flat_map(|traffic| traffic.join().expect("no request fails")).collect();
    let answered: usize = answered.iter().map(|answered| answered.load(Ordering::SeqCst)).sum();
    assert!(shown.len() > 15, "{} certificates were seen", shown.len());
    assert!(answered > 500, "{answered} requests is no steady traffic");
    for other in &others {
        assert_eq!(gateway.way.ask(other, "alpha"), [0_u16; 0], "each revocation counts");
    }
}

/// A connection for each request. Answers the certificates that were shown.
fn renewed(way: &Way, client: &Identity, stop: &AtomicBool, answered: &[AtomicUsize; 2]) -> BTreeSet<Vec<u8>> {
    let mut shown = BTreeSet::new();
    while !stop.load(Ordering::SeqCst) {
        let mut stream = way.connect(&Arc::new(way.config(Some(client), DEFAULT_VERSIONS)));
        assert_eq!(exchange(&mut stream, KEYS).expect("an answer").0, 200);
        shown.insert(stream.conn.peer_certificates().unwrap()[0].to_vec());
        answered[0].fetch_add(1, Ordering::SeqCst);
    }
    shown
}

/// One connection for all requests.
fn kept(way: &Way, client: &Identity, stop: &AtomicBool, answered: &[AtomicUsize; 2]) -> BTreeSet<Vec<u8>> {
    let mut stream = way.connect(&Arc::new(way.config(Some(client), DEFAULT_VERSIONS)));
    while !stop.load(Ordering::SeqCst) {
        assert_eq!(exchange(&mut stream, KEYS).expect("an answer").0, 200);
        answered[1].fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    BTreeSet::new()
}
