//! A gateway on free ports, with authorities and clients of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tempfile::TempDir;
use trust::Clock;

use crate::Configuration;
use crate::gateway::{self, Gateway, StartError};

/// An authority that a test owns.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A client's certificate and key, in PEM.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Ca {
    pub(super) fn new(name: &str) -> Self {
        Self::until(name, 2099)
    }

    pub(super) fn until(name: &str, last_year: i32) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(last_year, 1, 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// The serial number is the only one of its kind: tests revoke by it.
    pub(super) fn issue(&self, name: &str, serial: u64, usage: ExtendedKeyUsagePurpose) -> Credentials {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Credentials { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    pub(super) fn client(&self, id: &str, serial: u64) -> Credentials {
        self.issue(&format!("{id}.clients.sendbridge.example"), serial, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub(super) fn crl(&self, revoked: &[u64], last_year: i32) -> String {
        let revoke = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(last_year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(revoke).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }
}

pub(super) const PARTNERSHIP: &str = r#"host = "E10000015"
controllers = ["E10000015"]
[[organisation]]
code = "E10000015"
name = "Hertfordshire County Council"
kind = "local-authority"
valid_from = 1974-04-01
[[organisation]]
code = "RY4"
name = "Hertfordshire Community NHS Trust"
kind = "provider"
valid_from = 2010-11-01
[[client]]
id = "council-herts"
organisation = "E10000015"
authority = "one"
certificate_name = "council-herts.clients.sendbridge.example"
scopes = ["ehcp:read", "advice:request"]
[[client]]
id = "provider-hct"
organisation = "RY4"
authority = "one"
certificate_name = "provider-hct.clients.sendbridge.example"
scopes = ["waiting-list:write"]
"#;

const GATEWAY: &str = r#"partnership = "partnership.toml"
[api]
listen = "127.0.0.1:0"
certificate = "pki/server.pem"
key = "pki/server-key.pem"
[[authority]]
name = "one"
certificates = "pki/ca.pem"
crl = "pki/crl.pem"
[[authority]]
name = "two"
certificates = "pki/ca-two.pem"
crl = "pki/crl-two.pem"
[operations]
listen = "127.0.0.1:0"
[database]
url = "data/sendbridge.db"
[keys]
directory = "keys"
"#;

/// The files of a gateway.
pub(super) struct Files {
    pub(super) folder: TempDir,
    pub(super) one: Ca,
    pub(super) two: Ca,
    pub(super) council: Credentials,
    pub(super) provider: Credentials,
}

impl Files {
    pub(super) fn new() -> Self {
        Self::under("Authority one")
    }

    pub(super) fn under(name: &str) -> Self {
        Self::of(Ca::new(name))
    }

    pub(super) fn of(one: Ca) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for inner in ["pki", "keys", "data"] {
            std::fs::create_dir(folder.path().join(inner)).unwrap();
        }
        let two = Ca::new("Authority two");
        let files = Self { council: one.client("council-herts", 101), provider: one.client("provider-hct", 102), folder, one, two };
        files.write("gateway.toml", GATEWAY);
        files.write("partnership.toml", PARTNERSHIP);
        files.write("pki/ca.pem", &files.one.pem());
        files.write("pki/crl.pem", &files.one.crl(&[], 2090));
        files.write("pki/ca-two.pem", &files.two.pem());
        files.write("pki/crl-two.pem", &files.two.crl(&[], 2090));
        files.write("keys/token-signing.pem", &KeyPair::generate().unwrap().serialize_pem());
        for (at, name) in ["envelope", "look-up", "pairwise", "release", "checkpoint"].into_iter().enumerate() {
            let key = [u8::try_from(at + 1).unwrap(); 32];
            files.write(&format!("keys/{name}.key"), &format!("1:{}\n", STANDARD.encode(key)));
        }
        files.write_server_certificate(1);
        files
    }

    pub(super) fn write_server_certificate(&self, serial: u64) {
        let server = self.one.issue("127.0.0.1", serial, ExtendedKeyUsagePurpose::ServerAuth);
        self.write("pki/server-key.pem", &server.key);
        self.write("pki/server.pem", &server.certificate);
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file at one stroke, open to its owner alone.
    pub(super) fn write(&self, name: &str, content: &str) {
        let new = self.path("new");
        std::fs::write(&new, content).unwrap();
        set_mode(&new, 0o600);
        std::fs::rename(new, self.path(name)).unwrap();
    }

    pub(super) fn configuration(&self) -> Configuration {
        Configuration::read(&self.path("gateway.toml")).unwrap()
    }

    pub(super) async fn start(&self) -> Result<Gateway, StartError> {
        gateway::start(self.configuration(), Clock::system()).await
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A running gateway and its files.
pub(super) struct World {
    pub(super) files: Files,
    pub(super) gateway: Gateway,
    ahead: Arc<AtomicI64>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Files::new(), |_| ()).await
    }

    pub(super) async fn with(files: Files, change: impl FnOnce(&mut Configuration)) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead = ahead.clone();
            #[expect(clippy::disallowed_methods, reason = "the test's clock is the machine's, moved")]
            Clock::new(move || Utc::now() + TimeDelta::seconds(ahead.load(Ordering::SeqCst)))
        };
        let mut configuration = files.configuration();
        change(&mut configuration);
        let gateway = gateway::start_with(configuration, clock, super::table).await.unwrap();
        Self { files, gateway, ahead }
    }

    /// Moves the gateway's clock, and nobody else's.
    pub(super) fn advance(&self, by: TimeDelta) {
        self.ahead.fetch_add(by.num_seconds(), Ordering::SeqCst);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.gateway.api_address())
    }

    /// Asks the operations listener.
    pub(super) async fn operations(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.gateway.operations_address());
        let response = self.client(None).get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The TLS of a client that trusts the gateway's authority.
    pub(super) fn tls(&self, credentials: Option<&Credentials>) -> ClientConfig {
        self.tls_of(credentials, rustls::DEFAULT_VERSIONS)
    }

    pub(super) fn tls_of(&self, credentials: Option<&Credentials>, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.files.one.pem().as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(trust::crypto_provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        match credentials {
            None => builder.with_no_client_auth(),
            Some(credentials) => {
                let chain = CertificateDer::pem_slice_iter(credentials.certificate.as_bytes()).collect::<Result<_, _>>().unwrap();
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(credentials.key.as_bytes()).unwrap()).unwrap()
            }
        }
    }

    pub(super) fn client(&self, credentials: Option<&Credentials>) -> reqwest::Client {
        reqwest::Client::builder().tls_backend_preconfigured(self.tls(credentials)).timeout(Duration::from_secs(20)).build().unwrap()
    }

    pub(super) fn council(&self) -> reqwest::Client {
        self.client(Some(&self.files.council))
    }

    pub(super) async fn ask_token(&self, client: &reqwest::Client, form: &[(&str, &str)]) -> (u16, Value) {
        let response = client.post(self.url("/oauth2/token")).form(form).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(super) async fn token(&self, client: &reqwest::Client, id: &str) -> String {
        let (status, answer) = self.ask_token(client, &[("grant_type", "client_credentials"), ("client_id", id)]).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks until the status is as expected, for the two seconds that a reload may take.
    pub(super) async fn within_two_seconds(&self, expected: u16, ask: impl AsyncFn() -> Option<u16>) {
        let mut last = None;
        for _ in 0..21 {
            last = ask().await;
            if last == Some(expected) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("expected {expected}, the last answer was {last:?}");
    }
}
