//! Certificate authorities: their roots and revocation lists, kept up to date with their files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use serde::Deserialize;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    VerifiedPath,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::paths::{self, Root};
use super::revocations::{self, Editions, Revocations};
use super::{TlsError, unix_time};
use crate::clocks::Clock;
use crate::watches::{Live, Watch};

/// The subject common name of the demonstration's authority. Anybody can make its key.
pub const DEMONSTRATION_AUTHORITY: &str = "Sendbridge demonstration authority";

/// `[[authority]]` of `gateway.toml`: an authority whose client certificates are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityFiles {
    pub name: String,
    /// Its root certificates, in PEM.
    pub certificates: PathBuf,
    /// Its current revocation lists, in PEM: one for each certificate that issues others.
    pub crl: PathBuf,
}

/// One authority, as its files describe it now.
#[derive(Debug)]
pub struct Authority {
    name: String,
    anchors: Vec<TrustAnchor<'static>>,
    /// The limits in the certificate of each anchor, in the anchors' order.
    roots: Vec<Root>,
    /// The public key of each root, by which two authorities are told apart.
    keys: Vec<Vec<u8>>,
    lists: Vec<CertRevocationList<'static>>,
    rules: ChainRules,
}

/// The rules for a certificate chain.
#[derive(Debug, Clone, Copy)]
pub struct ChainRules {
    /// What the certificate must be issued for.
    pub purpose: KeyUsage,
    /// Whether a revocation list must cover every certificate of the chain.
    pub listed: bool,
}

/// Every authority whose clients may connect.
#[derive(Debug, Clone)]
pub struct Trust(Vec<Live<Authority>>);

impl ChainRules {
    /// The rules for a client's certificate.
    const CLIENT: Self = Self { purpose: KeyUsage::client_auth(), listed: true };
}

impl Authority {
    /// Keeps an authority up to date with its two files. It reads them now, and blocks.
    pub fn watch(files: &AuthorityFiles, demonstration: bool, clock: Clock) -> Result<Watch<Self, TlsError>, TlsError> {
        let name = files.name.clone();
        let newest = Mutex::new(Editions::new());
        Watch::start(format!("authority {name}"), vec![files.certificates.clone(), files.crl.clone()], move |contents| match contents {
            [roots, lists] => {
                let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
                Self::read(&name, [roots, lists], demonstration, &mut newest, clock.now())
            }
            _ => Err(TlsError::Authority { name: name.clone(), why: "an authority has two files".into() }),
        })
    }

    /// Reads roots and revocation lists. No list may be older than the newest seen.
    fn read(
        name: &str,
        [roots, lists]: [&[u8]; 2],
        demonstration: bool,
        newest: &mut Editions,
        now: DateTime<Utc>,
    ) -> Result<Self, TlsError> {
        let wrong = |why: String| TlsError::Authority { name: name.to_owned(), why };
        let roots = CertificateDer::pem_slice_iter(roots)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(format!("its certificates cannot be read: {error}")))?;
        let parsed = parse(&roots).map_err(wrong)?;
        if parsed.is_empty() {
            return Err(wrong("a file holds no certificate, or no revocation list".into()));
        }
        let mut names = parsed.iter().flat_map(|root| root.subject().iter_common_name());
        if !demonstration && names.any(|name| name.as_str() == Ok(DEMONSTRATION_AUTHORITY)) {
            return Err(wrong("it is a demonstration's, and gateway.toml does not say `demonstration = true`".into()));
        }
        let Revocations { lists, editions } = revocations::read(lists, &parsed, newest, now).map_err(wrong)?;
        let authority = Self::new(name, &roots, lists, ChainRules::CLIENT).map_err(wrong)?;
        // This authority's clients are refused, as if their own certificates were out of date. Others' are not.
        if authority.roots.iter().any(|root| root.check(0, unix_time(now)).is_err()) {
            tracing::warn!(name, "a root of an authority is out of date, or not in force yet");
        }
        newest.extend(editions);
        Ok(authority)
    }

    /// Makes an authority from root certificates and from lists that were checked already. The error says in words what
    /// is wrong.
    pub fn new(
        name: &str,
        roots: &[CertificateDer<'_>],
        lists: Vec<CertRevocationList<'static>>,
        rules: ChainRules,
    ) -> Result<Self, String> {
        let parsed = parse(roots)?;
        if !parsed.iter().all(paths::is_authority) {
            return Err("one of its certificates is not an authority's".into());
        }
        let anchors = roots.iter().map(|root| webpki::anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()));
        Ok(Self {
            name: name.to_owned(),
            anchors: anchors.collect::<Result<_, _>>().map_err(|error| error.to_string())?,
            roots: parsed.iter().map(Root::of).collect(),
            keys: parsed.iter().map(|root| root.public_key().raw.to_vec()).collect(),
            lists,
            rules,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Checks that the authority vouches for a client's certificate now: every certificate up to a valid root is in date,
    /// meant for this purpose, and not revoked by a list in date.
    fn verify(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: DateTime<Utc>) -> Result<(), webpki::Error> {
        let lists: Vec<_> = self.lists.iter().collect();
        let revocation = match RevocationOptionsBuilder::new(&lists) {
            Ok(options) => Some(
                options
                    .with_depth(RevocationCheckDepth::Chain)
                    .with_status_policy(UnknownStatusPolicy::Deny)
                    .with_expiration_policy(ExpirationPolicy::Enforce)
                    .build(),
            ),
            Err(_) if self.rules.listed => return Err(webpki::Error::UnknownRevocationStatus),
            Err(_) => None,
        };
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
        let check = |path: &VerifiedPath<'_>| {
            paths::check(path)?;
            self.check_root(path.anchor(), path.intermediate_certificates().count(), now)
        };
        EndEntityCert::try_from(leaf)?
            .verify_for_usage(algorithms, &self.anchors, others, unix_time(now), self.rules.purpose, revocation, Some(&check))
            .map(|_| ())
    }

    // A renewed root may be there twice. It is enough that one of the two passes.
    fn check_root(&self, anchor: &TrustAnchor<'_>, below: usize, now: DateTime<Utc>) -> Result<(), webpki::Error> {
        let own = self.anchors.iter().zip(&self.roots).filter(|(own, _)| *own == anchor);
        let mut refused = Err(webpki::Error::UnknownIssuer);
        for (_, root) in own {
            refused = root.check(below, unix_time(now));
            if refused.is_ok() {
                break;
            }
        }
        refused
    }
}

fn parse<'a>(roots: &'a [CertificateDer<'_>]) -> Result<Vec<X509Certificate<'a>>, String> {
    let parse = |root: &'a CertificateDer<'_>| X509Certificate::from_der(root).map(|(_, parsed)| parsed);
    roots.iter().map(parse).collect::<Result<_, _>>().map_err(|_| "its certificates cannot be read".to_owned())
}

impl Trust {
    /// Refuses authorities that share a root: nobody could tell whose a certificate is.
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

    /// The authority that vouches for a certificate now. If none does, the error comes from the authority that knew the
    /// certificate's issuer, if one did.
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: DateTime<Utc>,
    ) -> Result<Arc<Authority>, webpki::Error> {
        let mut nearest = webpki::Error::UnknownIssuer;
        for live in &self.0 {
            let authority = live.load_full();
            match authority.verify(leaf, others, now) {
                Ok(()) => return Ok(authority),
                Err(webpki::Error::UnknownIssuer) => {}
                Err(error) => nearest = error,
            }
        }
        Err(nearest)
    }

    /// Whether this authority is in force, with no newer list.
    pub(super) fn is_in_force(&self, authority: &Arc<Authority>) -> bool {
        self.0.iter().any(|live| Arc::ptr_eq(&live.load(), authority))
    }
}
