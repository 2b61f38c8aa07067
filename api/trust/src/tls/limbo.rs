//! Runs the x509-limbo cases. Each case's certificate is a client's in a real handshake with the gateway's own verifier,
//! at the case's time. The client must then have its listed name, letter for letter. See
//! `tests/fixtures/security/x509-limbo/README.md`.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SignatureScheme, Stream};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use serde::Deserialize;
use webpki::{KeyUsage, OwnedCertRevocationList};

use crate::{Authority, ChainRules, Clock, LiveVerifier, Peer, ServerCertificate, Trust, crypto_provider, refusal_reason, server_config};

/// A read that takes longer has hung, however slow the machine is.
const HANG: Duration = Duration::from_secs(600);

/// The time for cases that name none.
const TIME: &str = "2026-06-01T00:00:00Z";

#[derive(Deserialize)]
struct Vectors {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    peer_certificate_key: Option<String>,
    validation_kind: String,
    validation_time: Option<DateTime<Utc>>,
    extended_key_usage: Vec<String>,
    expected_result: String,
    expected_peer_name: Option<Name>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct Name {
    kind: String,
    value: String,
}

/// The gateway's own authority, certificate and key.
struct Server {
    authority: CertifiedIssuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Server {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
        Self { authority, certificate, key }
    }
}

/// The certificate that a client shows, whatever it is.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Case {
    /// The gateway's verdict (`accepted`, or why not), and whether there was a handshake.
    fn judge(&self, server: &Server) -> (String, bool) {
        let chain: Vec<_> = std::iter::once(&self.peer_certificate)
            .chain(&self.untrusted_intermediates)
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .collect();
        let trust = match self.authority() {
            Ok(authority) => Trust::new(vec![Arc::new(ArcSwap::from_pointee(authority))]).unwrap(),
            Err(why) => return (format!("no such authority: {why}"), false),
        };
        let now = self.validation_time.unwrap_or_else(|| TIME.parse().unwrap());
        let judged = trust.verify(&chain[0], &chain[1..], now).map(drop).map_err(|error| refusal_reason(&error).to_owned());
        let key = self.peer_certificate_key.as_ref().and_then(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok());
        let key = key.and_then(|key| crypto_provider().key_provider.load_private_key(key).ok());
        let is_live = key.is_some();
        if let Some(key) = key {
            let client = Arc::new(CertifiedKey::new(chain.clone(), key));
            let connected = handshake(server, &trust, now, client);
            assert_eq!(connected, judged.is_ok(), "{}: the handshake and the verifier disagree, {judged:?}", self.id);
        }
        let outcome = match judged {
            Err(why) => why,
            Ok(()) if self.is_named(&Peer::new(&chain).unwrap()) => "accepted".into(),
            Ok(()) => "not-the-name".into(),
        };
        (outcome, is_live)
    }

    fn authority(&self) -> Result<Authority, String> {
        let roots: Vec<_> = self.trusted_certs.iter().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).collect();
        let mut lists = Vec::new();
        for pem in &self.crls {
            let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).unwrap();
            lists.push(OwnedCertRevocationList::from_der(&der).map_err(|error| error.to_string())?.into());
        }
        // Most cases are about servers: the same rules, for a server's purpose. Few have lists.
        let is_client = self.validation_kind == "CLIENT" || self.extended_key_usage.iter().any(|usage| usage == "clientAuth");
        let purpose = if is_client { KeyUsage::client_auth() } else { KeyUsage::server_auth() };
        Authority::new("limbo", &roots, lists, ChainRules { purpose, listed: !self.crls.is_empty() })
    }

    fn is_named(&self, peer: &Peer) -> bool {
        self.expected_peer_name.as_ref().is_none_or(|name| name.kind == "DNS" && peer.is_named(&name.value))
    }
}

/// Whether the server answers a client that shows this certificate.
fn handshake(server: &Server, trust: &Trust, now: DateTime<Utc>, shown: Arc<CertifiedKey>) -> bool {
    let key = PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
    let certificate = CertifiedKey::from_der(vec![server.certificate.clone()], key, &crypto_provider()).unwrap();
    let clock = Clock::new(move || now);
    let verifier = LiveVerifier::new(trust.clone(), clock.clone(), |_| {});
    let config = server_config(ServerCertificate::new(Arc::new(ArcSwap::from_pointee(certificate))), verifier, clock, false).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(server.authority.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(crypto_provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shown(shown)));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    let answering = std::thread::spawn(move || answer(&listener, config));
    let mut connection = ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap();
    let mut stream = Stream::new(&mut connection, &mut socket);
    let mut heard = Vec::new();
    // The client learns of a refusal at its first read, after its half of the handshake.
    let _ = stream.write_all(b"?").and_then(|()| stream.read_to_end(&mut heard));
    let _ = socket.shutdown(std::net::Shutdown::Both);
    let answered = answering.join().unwrap();
    assert_eq!(heard == b"!", answered, "client and server disagree");
    answered
}

fn answer(listener: &TcpListener, config: ServerConfig) -> bool {
    let (mut socket, _) = listener.accept().unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
    let mut stream = Stream::new(&mut connection, &mut socket);
    match stream.read_exact(&mut [0]) {
        Ok(()) => {
            stream.write_all(b"!").unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidData, "the handshake came to no end: {error}");
            // Read what is left, so that unread data does not cut off the alert on its way.
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = socket.read_to_end(&mut Vec::new());
            false
        }
    }
}

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/security/x509-limbo");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// A list of the suite in three columns: an id, its outcome, and why.
fn listed(name: &str) -> BTreeMap<String, String> {
    let text = fixture(name);
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parse = |line: &str| {
        let mut columns = line.split(" | ");
        let (id, outcome, why) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        assert!(!why.is_empty() && columns.next().is_none(), "{line}");
        (id.to_owned(), outcome.to_owned())
    };
    lines.map(parse).collect()
}

#[test]
fn every_x509_limbo_case_ends_as_it_should_or_as_the_committed_list_says() {
    let vectors: Vectors = serde_json::from_str(&fixture("limbo_even.json")).unwrap();
    let (mut differences, mut not_live) = (listed("differences.txt"), listed("not-live.txt"));
    let server = Server::new();
    let (mut accepted, mut live, mut wrong) = (0, 0, Vec::new());
    assert_eq!(vectors.testcases.len(), 104);
    for case in &vectors.testcases {
        let (outcome, is_live) = case.judge(&server);
        let as_expected = (outcome == "accepted") == (case.expected_result == "SUCCESS");
        match differences.remove(&case.id) {
            None if as_expected => {}
            Some(listed) if listed == outcome && !as_expected => {}
            listed => wrong.push(format!("{} | {outcome} | expected {}, listed {listed:?}", case.id, case.expected_result)),
        }
        match not_live.remove(&case.id) {
            None if is_live => live += 1,
            Some(_) if !is_live => {}
            listed => wrong.push(format!("{} | live: {is_live} | listed {listed:?}", case.id)),
        }
        accepted += usize::from(outcome == "accepted");
    }
    wrong.extend(differences.into_keys().chain(not_live.into_keys()).map(|id| format!("{id} is listed and is no case")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted >= 20 && live >= 80, "{accepted} accepted, {live} live");
}
