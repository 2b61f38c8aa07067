//! The connection: TLS 1.3 with the client's certificate. It trusts one authority and no other.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{ClientError, Configuration};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Opens the HTTP client that sends the calls. Nothing is sent yet.
pub(crate) fn open(configuration: &Configuration, provider: Arc<CryptoProvider>) -> Result<reqwest::Client, ClientError> {
    let fault = |path: &std::path::Path, reason: String| ClientError::Configuration { path: path.to_path_buf(), reason };
    let certificates = |path: &std::path::Path| {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let read = read.map_err(|error| fault(path, error.to_string()))?;
        if read.is_empty() { Err(fault(path, "there is no certificate in it".into())) } else { Ok(read) }
    };

    let mut authorities = rustls::RootCertStore::empty();
    for certificate in certificates(&configuration.authority)? {
        authorities.add(certificate).map_err(|error| fault(&configuration.authority, error.to_string()))?;
    }
    let key = PrivateKeyDer::from_pem_file(&configuration.key).map_err(|error| fault(&configuration.key, error.to_string()))?;
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| {
            let chain = certificates(&configuration.certificate).map_err(|error| rustls::Error::General(error.to_string()))?;
            builder.with_root_certificates(authorities).with_client_auth_cert(chain, key)
        })
        .map_err(|error| fault(&configuration.certificate, error.to_string()))?;

    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        // A proxy or a redirect would take the token and the child's data somewhere else.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(KEEPALIVE)
        .user_agent(concat!("sendbridge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| fault(&configuration.certificate, error.to_string()))
}
