//! The tests' own authorities, which certify whatever they are asked to.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The listed names of the client that the suite plays, and of another.
pub(super) const ALPHA: &str = "alpha.clients.sendbridge.example";
pub(super) const BETA: &str = "beta.clients.sendbridge.example";

/// A certificate that certifies others.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: CertificateDer<'static>,
    /// The certificates that a client shows: this one and those above it, without the root.
    pub(super) shown: Vec<CertificateDer<'static>>,
}

/// The chain that a client shows, and its private key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Vec<u8>,
}

/// The public half of an identity's key, as its certificate has it.
pub(super) fn public_key(identity: &Identity) -> Vec<u8> {
    KeyPair::try_from(identity.key.clone()).unwrap().public_key_raw().to_vec()
}

fn serial() -> SerialNumber {
    static LAST: AtomicU64 = AtomicU64::new(1_000);
    SerialNumber::from(LAST.fetch_add(1, Ordering::SeqCst))
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial());
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Ca {
    pub(crate) fn root(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::root_with(name, KeyPair::generate().unwrap(), change)
    }

    pub(crate) fn root_with(name: &str, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate, shown: Vec::new() }
    }

    /// An authority under this one.
    pub(super) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let shown = std::iter::once(certificate.clone()).chain(self.shown.clone()).collect();
        Self { issuer: Issuer::new(params, key), certificate, shown }
    }

    /// Certifies another authority's name and key.
    pub(super) fn cross_sign(&self, name: &str, other: &Self) -> CertificateDer<'static> {
        authority(name).signed_by(other.key(), &self.issuer).unwrap().der().clone()
    }

    /// A root with the same key and no limits.
    pub(super) fn twin(&self, name: &str) -> Self {
        Self::root_with(name, KeyPair::try_from(self.key().serialize_der()).unwrap(), |_| {})
    }

    /// A client's certificate for [`ALPHA`], right in every way but the change.
    pub(super) fn client(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        self.client_with(&KeyPair::generate().unwrap(), change)
    }

    pub(super) fn client_of(&self, algorithm: &'static SignatureAlgorithm) -> Identity {
        self.client_with(&KeyPair::generate_for(algorithm).unwrap(), |_| {})
    }

    pub(super) fn client_with(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params("a client");
        params.subject_alt_names = vec![dns(ALPHA)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let leaf = params.signed_by(key, &self.issuer).unwrap().der().clone();
        Identity { chain: std::iter::once(leaf).chain(self.shown.clone()).collect(), key: key.serialize_der() }
    }

    /// A client's certificate whose content is changed before it is signed.
    pub(super) fn tampered_client(&self, tamper: impl FnOnce(&mut Vec<u8>)) -> Identity {
        let mut identity = self.client(|_| {});
        identity.chain[0] = self.sign_anew(&identity.chain[0], tamper).into();
        identity
    }

    fn sign_anew(&self, signed: &[u8], tamper: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let parts = elements(content(signed));
        let mut said = parts[0].to_vec();
        tamper(&mut said);
        let signature = wrap(0x03, &[vec![0], self.key().sign(&said).unwrap()].concat());
        wrap(0x30, &[&said, parts[1], &signature].concat())
    }

    /// The authority's own certificate and key, as if it were a client.
    pub(super) fn itself(&self) -> Identity {
        let chain = if self.shown.is_empty() { vec![self.certificate.clone()] } else { self.shown.clone() };
        Identity { chain, key: self.key().serialize_der() }
    }

    pub(super) fn key_identifier(&self) -> Vec<u8> {
        authority("").key_identifier(self.key())
    }

    pub(super) fn key(&self) -> &KeyPair {
        self.issuer.key()
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A list that revokes certificates, right in every way but the change.
    pub(crate) fn list_with(&self, revoked: &[&Identity], change: impl FnOnce(&mut CertificateRevocationListParams)) -> Vec<u8> {
        let revoked = revoked.iter().map(|identity| serial_of(&identity.chain[0]));
        let revoke = |serial_number| RevokedCertParams {
            serial_number,
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let mut params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(5),
            issuing_distribution_point: None,
            revoked_certs: revoked.map(revoke).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    /// A list with one more extension, which is critical.
    pub(super) fn list_with_extension(&self, oid: &[u8], value: &[u8]) -> Vec<u8> {
        let extension = wrap(0x30, &[wrap(0x06, oid), vec![1, 1, 0xff], wrap(0x04, value)].concat());
        self.sign_anew(&self.list_with(&[], |_| {}), |said| {
            let mut parts = elements(content(said));
            let extensions = [content(content(parts.pop().unwrap())), &extension].concat();
            let extensions = wrap(0xa0, &wrap(0x30, &extensions));
            *said = wrap(0x30, &[parts.concat(), extensions].concat());
        })
    }

    pub(super) fn list(&self, revoked: &[&Identity]) -> String {
        pem("X509 CRL", &self.list_with(revoked, |_| {}))
    }
}

impl Identity {
    pub(super) fn read(certificates: &[u8], key: &[u8]) -> Self {
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<_, _>>().unwrap();
        Self { chain, key: PrivateKeyDer::from_pem_slice(key).unwrap().secret_der().to_vec() }
    }

    #[must_use]
    pub(super) fn then(mut self, more: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.chain.extend(more);
        self
    }

    /// Changes the certificate's bytes, without signing it again.
    #[must_use]
    pub(super) fn forged(mut self, forge: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = self.chain[0].to_vec();
        forge(&mut bytes);
        self.chain[0] = bytes.into();
        self
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    /// The chain and the key, as in a client's file.
    pub(crate) fn pem(&self) -> String {
        let chain: String = self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect();
        chain + &pem("PRIVATE KEY", &self.key)
    }
}

pub(super) fn dns(name: &str) -> rcgen::SanType {
    rcgen::SanType::DnsName(name.try_into().unwrap())
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Replaces bytes with others of the same length, wherever they occur.
pub(super) fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = (0..=bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}

pub(super) fn serial_of(certificate: &[u8]) -> SerialNumber {
    let said = elements(content(certificate))[0];
    SerialNumber::from_slice(content(elements(content(said))[1]))
}

fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (first, rest) = der.split_at(element(der));
        elements.push(first);
        der = rest;
    }
    elements
}

/// The content of a DER element.
fn content(der: &[u8]) -> &[u8] {
    let long = usize::from(if der[1] < 0x80 { 0 } else { der[1] & 0x7f });
    &der[2 + long..element(der)]
}

/// The length of the first element, including its head.
fn element(der: &[u8]) -> usize {
    if der[1] < 0x80 {
        return 2 + usize::from(der[1]);
    }
    let long = usize::from(der[1] & 0x7f);
    2 + long + der[2..2 + long].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}

/// A DER element, at most 64 KiB long.
pub(super) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let head = match content.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}
