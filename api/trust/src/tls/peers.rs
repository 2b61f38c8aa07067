//! The client at the other end of a connection.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authorities::{Authority, Trust};

/// How long a checked certificate counts while its authority's files do not change: it may expire, and so may the list.
const RECHECK: TimeDelta = TimeDelta::seconds(60);

/// The certificate that a client showed in the handshake.
#[derive(Debug, Clone)]
pub struct Peer(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    leaf: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    thumbprint: String,
    names: Vec<String>,
    checked: Mutex<Option<(Arc<Authority>, DateTime<Utc>)>>,
}

impl Peer {
    /// Makes a peer from the chain it showed, its own certificate first.
    pub fn new(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let (leaf, others) = chain.split_first()?;
        Some(Self(Arc::new(Shown {
            thumbprint: URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, leaf)),
            names: dns_names(leaf),
            leaf: leaf.clone().into_owned(),
            others: others.iter().map(|other| other.clone().into_owned()).collect(),
            checked: Mutex::new(None),
        })))
    }

    /// SHA-256 of the certificate, in base64url: what tokens are bound to (RFC 8705, 3.1).
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// Whether a DNS name is one of the certificate's subject alternative names, letter for letter.
    pub fn is_named(&self, name: &str) -> bool {
        self.0.names.iter().any(|own| own == name)
    }

    /// The authority that vouches for the certificate now. It is cheap while nothing has changed since the last check.
    pub fn current(&self, trust: &Trust, now: DateTime<Utc>) -> Result<Arc<Authority>, webpki::Error> {
        let mut checked = self.0.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((authority, at)) = checked.as_ref()
            && (now - *at).abs() < RECHECK
            && trust.is_in_force(authority)
        {
            return Ok(authority.clone());
        }
        *checked = None;
        let authority = trust.verify(&self.0.leaf, &self.0.others, now)?;
        *checked = Some((authority.clone(), now));
        Ok(authority)
    }
}

fn dns_names(leaf: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(dns).collect()
}
