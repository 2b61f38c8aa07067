//! Authorities: their roots and revocation lists, each kept up to date with its files.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::{TlsError, provider, unix_time};
use crate::clocks::Clock;
use crate::configuration::AuthorityFiles;
use crate::watches::{Live, Watch};

/// The subject common name of the demonstration's authority, whose key anybody can make.
pub const DEMONSTRATION_AUTHORITY: &str = "Sendbridge demonstration authority";

/// One authority as its files have it now.
#[derive(Debug)]
pub struct Authority {
    name: String,
    verifier: Arc<dyn ClientCertVerifier>,
    /// The public key of each root: what tells two authorities apart.
    keys: Vec<Vec<u8>>,
}

/// Every authority whose clients may connect.
#[derive(Debug, Clone)]
pub struct Trust(Vec<Live<Authority>>);

impl Authority {
    /// Reads roots and revocation lists. A list that is missing, unreadable or out of date is an
    /// error: without it, revocation would be off.
    fn read(name: &str, roots: &[u8], lists: &[u8], demonstration: bool, now: DateTime<Utc>) -> Result<Self, TlsError> {
        let wrong = |why: String| TlsError::Authority { name: name.to_owned(), why };
        let roots = CertificateDer::pem_slice_iter(roots)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(format!("its certificates cannot be read: {error}")))?;
        let lists = CertificateRevocationListDer::pem_slice_iter(lists)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(format!("its revocation list cannot be read: {error}")))?;
        if roots.is_empty() || lists.is_empty() {
            return Err(wrong("a file holds no certificate, or no revocation list".into()));
        }
        let mut issuers = Vec::new();
        for list in &lists {
            let (_, list) = CertificateRevocationList::from_der(list).map_err(|_| wrong("its revocation list cannot be read".into()))?;
            let until = list.next_update().ok_or_else(|| wrong("its revocation list does not say until when it holds".into()))?;
            if until.timestamp() < now.timestamp() {
                return Err(wrong("its revocation list is out of date".into()));
            }
            issuers.push(list.issuer().as_raw().to_vec());
        }
        let mut store = RootCertStore::empty();
        let mut keys = Vec::new();
        for root in roots {
            let (_, parsed) = X509Certificate::from_der(&root).map_err(|_| wrong("its certificates cannot be read".into()))?;
            let is_demonstration = parsed.subject().iter_common_name().any(|name| name.as_str() == Ok(DEMONSTRATION_AUTHORITY));
            if is_demonstration && !demonstration {
                return Err(wrong("it is a demonstration's, and gateway.toml does not say `demonstration = true`".into()));
            }
            if !issuers.iter().any(|issuer| issuer == parsed.subject().as_raw()) {
                return Err(wrong("one of its roots has no revocation list".into()));
            }
            keys.push(parsed.public_key().raw.to_vec());
            store.add(root).map_err(|error| wrong(error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider())
            .with_crls(lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { name: name.to_owned(), verifier, keys })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the authority vouches for a client's certificate now.
    pub fn verify(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: DateTime<Utc>) -> Result<(), rustls::Error> {
        self.verifier.verify_client_cert(leaf, others, unix_time(now)).map(|_| ())
    }
}

/// An authority, kept up to date with its two files. It reads them now, and blocks.
pub fn watch(files: &AuthorityFiles, demonstration: bool, clock: Clock) -> Result<Watch<Authority, TlsError>, TlsError> {
    let name = files.name.clone();
    Watch::start(format!("authority {name}"), vec![files.certificates.clone(), files.crl.clone()], move |contents| match contents {
        [roots, lists] => Authority::read(&name, roots, lists, demonstration, clock.now()),
        _ => Err(TlsError::Authority { name: name.clone(), why: "an authority has two files".into() }),
    })
}

impl Trust {
    /// Refuses authorities that share a root: a certificate would not say whose it is.
    pub fn new(authorities: Vec<Live<Authority>>) -> Result<Self, TlsError> {
        for (at, live) in authorities.iter().enumerate() {
            let authority = live.load();
            for other in &authorities[..at] {
                if other.load().keys.iter().any(|key| authority.keys.contains(key)) {
                    return Err(TlsError::Authority { name: authority.name.clone(), why: "its root is another authority's too".into() });
                }
            }
        }
        Ok(Self(authorities))
    }

    /// The authority that vouches for a certificate now. The error is the nearest miss: of the
    /// authority that knew the certificate, where one did.
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: DateTime<Utc>,
    ) -> Result<Arc<Authority>, rustls::Error> {
        let mut nearest = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        for live in &self.0 {
            let authority = live.load_full();
            match authority.verify(leaf, others, now) {
                Ok(()) => return Ok(authority),
                Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {}
                Err(error) => nearest = error,
            }
        }
        Err(nearest)
    }

    /// Whether an authority is the one in force, with no newer list.
    pub fn is_in_force(&self, authority: &Arc<Authority>) -> bool {
        self.0.iter().any(|live| Arc::ptr_eq(&live.load(), authority))
    }
}
