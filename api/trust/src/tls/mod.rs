//! Mutual TLS: who may connect, by the certificates and revocation lists in force now.

mod authorities;
mod certificates;
#[cfg(test)]
mod limbo;
mod paths;
mod peers;
mod revocations;
mod verifiers;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::UnixTime;

use crate::clocks::Clock;
use crate::files::FileError;
pub use authorities::{Authority, AuthorityFiles, ChainRules, DEMONSTRATION_AUTHORITY, Trust};
pub use certificates::ServerCertificate;
pub use peers::Peer;
pub use verifiers::{LiveVerifier, refusal_reason};

/// Why the TLS files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{what}: {why}")]
    Pem { what: String, why: String },
    #[error("authority {name}: {why}")]
    Authority { name: String, why: String },
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// The only cryptographic library of the gateway.
pub fn crypto_provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The TLS settings of the partner API's listener. No session is resumed: its certificate may have been revoked since.
pub fn server_config(certificate: ServerCertificate, verifier: LiveVerifier, clock: Clock, tls12: bool) -> Result<ServerConfig, TlsError> {
    let versions: &[&SupportedProtocolVersion] = if tls12 { &[&version::TLS13, &version::TLS12] } else { &[&version::TLS13] };
    let mut config = ServerConfig::builder_with_details(crypto_provider(), Arc::new(TlsTime(clock)))
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(certificate));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.require_ems = true;
    Ok(config)
}

/// The gateway's clock, as rustls asks for it.
#[derive(Debug)]
struct TlsTime(Clock);

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

fn unix_time(at: DateTime<Utc>) -> UnixTime {
    unix_seconds(at.timestamp())
}

// Times before 1970 count as 1970.
fn unix_seconds(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}
