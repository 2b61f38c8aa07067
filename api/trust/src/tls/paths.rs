//! Checks of the path from a client to a root that `webpki` does not make: the root's own dates and path length (RFC
//! 5280, 6.1), and what each key may be used for.

use rustls_pki_types::UnixTime;
use webpki::{Error, KeyUsage, RequiredEkuNotFoundContext, VerifiedPath};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::unix_seconds;

/// The limits in a root's own certificate.
#[derive(Debug)]
pub(super) struct Root {
    first: UnixTime,
    last: UnixTime,
    /// How many authorities may be between the root and a client.
    longest: Option<u32>,
}

impl Root {
    pub(super) fn of(root: &X509Certificate<'_>) -> Self {
        let [first, last] = [root.validity().not_before, root.validity().not_after].map(|at| unix_seconds(at.timestamp()));
        let longest = root.basic_constraints().ok().flatten().and_then(|basic| basic.value.path_len_constraint);
        Self { first, last, longest }
    }

    /// Checks that the root is in date, and allows this many authorities below it.
    pub(super) fn check(&self, below: usize, time: UnixTime) -> Result<(), Error> {
        if time < self.first {
            return Err(Error::CertNotValidYet { time, not_before: self.first });
        }
        if time > self.last {
            return Err(Error::CertExpired { time, not_after: self.last });
        }
        match self.longest.and_then(|longest| usize::try_from(longest).ok()) {
            Some(longest) if below > longest => Err(Error::PathLenConstraintViolated),
            _ => Ok(()),
        }
    }
}

/// Whether a certificate belongs to an authority that may sign others.
pub(super) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let signs = certificate.key_usage().map(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    certificate.is_ca() && signs == Ok(true)
}

/// Checks that each key of the path may be used for what it was used for.
pub(super) fn check(path: &VerifiedPath<'_>) -> Result<(), Error> {
    for between in path.intermediate_certificates() {
        let der = between.der();
        let (_, between) = X509Certificate::from_der(&der).map_err(|_| Error::BadDer)?;
        if !is_authority(&between) {
            return Err(Error::EndEntityUsedAsCa);
        }
    }
    // The client signs in the handshake (RFC 8446, 4.4.2.4).
    let der = path.end_entity().der();
    let (_, leaf) = X509Certificate::from_der(&der).map_err(|_| Error::BadDer)?;
    match leaf.key_usage().map_err(|_| Error::BadDer)? {
        Some(usage) if !usage.value.digital_signature() => {
            Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required: KeyUsage::client_auth(), present: Vec::new() }))
        }
        _ => Ok(()),
    }
}
