//! The server's own certificate, kept up to date with its files.

use std::path::Path;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroize;

use super::{TlsError, crypto_provider};
use crate::files;
use crate::watches::{Live, Watch};

/// Gives each handshake the certificate in force.
#[derive(Debug)]
pub struct ServerCertificate(Live<CertifiedKey>);

impl ServerCertificate {
    pub fn new(live: Live<CertifiedKey>) -> Self {
        Self(live)
    }

    /// Watches a certificate in PEM, with those between it and its authority, and its key. It reads them now, and blocks.
    /// It refuses a key that others may read.
    pub fn watch(certificate: &Path, key: &Path) -> Result<Watch<CertifiedKey, TlsError>, TlsError> {
        let key = key.to_owned();
        Watch::start("server certificate", vec![certificate.to_owned(), key.clone()], move |contents| {
            files::check_private(&key)?;
            let [certificates, key] = contents else {
                return Err(wrong("two files make a server certificate"));
            };
            certified_key(certificates, key)
        })
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn certified_key(certificates: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if chain.is_empty() {
        return Err(wrong("no certificate in the file"));
    }
    let mut key = PrivateKeyDer::from_pem_slice(key).map_err(wrong)?;
    let made = CertifiedKey::from_der(chain, key.clone_key(), &crypto_provider());
    key.zeroize();
    Ok(made?)
}

fn wrong(why: impl std::fmt::Display) -> TlsError {
    TlsError::Pem { what: "the server's certificate or key".into(), why: why.to_string() }
}
