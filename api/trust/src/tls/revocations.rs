//! The revocation lists of one authority, and which of them are too old to be believed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::extensions::ParsedExtension;
use x509_parser::num_bigint::BigUint;
use x509_parser::oid_registry::OID_X509_EXT_ISSUER_DISTRIBUTION_POINT;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// The lists in an authority's file.
#[derive(Debug)]
pub(super) struct Revocations {
    pub(super) lists: Vec<CertRevocationList<'static>>,
    /// The edition of each list.
    pub(super) editions: Editions,
}

/// What identifies a list of one authority: its issuer, the issuer's key, and the part of the issuer's certificates that
/// it covers (RFC 5280, 5.2.5).
type Series = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The edition of each list in force: its number, and the time from which it holds. It outlives a reload, so that an
/// older list cannot undo a revocation. It does not outlive the process.
pub(super) type Editions = BTreeMap<Series, (Option<BigUint>, i64)>;

/// Reads the lists. One that is unreadable, out of date, not in force yet, older than the one before it, or not signed by
/// the root it names is an error. Without it, nothing would count as revoked.
pub(super) fn read(pem: &[u8], roots: &[X509Certificate<'_>], newest: &Editions, now: DateTime<Utc>) -> Result<Revocations, String> {
    let mut read = Revocations { lists: Vec::new(), editions: Editions::new() };
    let mut vouched = vec![false; roots.len()];
    for der in CertificateRevocationListDer::pem_slice_iter(pem) {
        let der = der.map_err(|error| format!("its revocation list cannot be read: {error}"))?;
        let (_, list) = CertificateRevocationList::from_der(&der).map_err(|_| "its revocation list cannot be read")?;
        let until = list.next_update().ok_or("its revocation list does not say until when it holds")?;
        if until.timestamp() < now.timestamp() {
            return Err("its revocation list is out of date".into());
        }
        if list.last_update().timestamp() > now.timestamp() {
            return Err("its revocation list is not in force yet".into());
        }
        let series = series(&list);
        let edition = (list.crl_number().cloned(), list.last_update().timestamp());
        if newest.get(&series).is_some_and(|newest| *newest > edition) {
            return Err("its revocation list is older than the one in force".into());
        }
        if read.editions.insert(series, edition).is_some() {
            return Err("the file holds two revocation lists of the same issuer".into());
        }
        // The list of an issuer between root and client is checked in the handshake, which shows the issuer's
        // certificate.
        let own: Vec<_> = (0..roots.len()).filter(|&at| roots[at].subject().as_raw() == list.issuer().as_raw()).collect();
        let signers: Vec<_> = own.iter().copied().filter(|&at| is_signed(&list, &roots[at])).collect();
        if signers.is_empty() && !own.is_empty() {
            return Err("its revocation list is not signed by its root".into());
        }
        for at in signers {
            vouched[at] = true;
        }
        let list = OwnedCertRevocationList::from_der(&der).map_err(|error| format!("its revocation list is of no use: {error}"))?;
        read.lists.push(list.into());
    }
    if read.lists.is_empty() {
        return Err("a file holds no certificate, or no revocation list".into());
    }
    if vouched.contains(&false) {
        return Err("one of its roots has no revocation list".into());
    }
    Ok(read)
}

fn series(list: &CertificateRevocationList<'_>) -> Series {
    let key = list.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref().map(|key| key.0.to_vec()),
        _ => None,
    });
    let part = list.extensions().iter().find(|extension| extension.oid == OID_X509_EXT_ISSUER_DISTRIBUTION_POINT);
    (list.issuer().as_raw().to_vec(), key.unwrap_or_default(), part.map(|part| part.value.to_vec()).unwrap_or_default())
}

fn is_signed(list: &CertificateRevocationList<'_>, root: &X509Certificate<'_>) -> bool {
    let key = &root.public_key().subject_public_key.data;
    let (said, signature) = (list.tbs_cert_list.as_ref(), &list.signature_value.data);
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    algorithms.iter().any(|algorithm| algorithm.verify_signature(key, said, signature).is_ok())
}
