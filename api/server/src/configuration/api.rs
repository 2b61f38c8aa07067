//! `[api]`: the partner API.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigurationError;

/// The partner API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    #[serde(default = "api_address")]
    pub listen: SocketAddr,
    /// The issuer and audience of access tokens; by default `https://` and the address.
    pub issuer: Option<String>,
    /// The server's certificate, and those between it and its root.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whether TLS 1.2 is accepted too, with AEAD suites.
    #[serde(default)]
    pub tls12: bool,
    /// The largest body of a submission, in bytes. Every other body is at most 64 KiB.
    #[serde(default = "maximum_body_bytes")]
    pub maximum_body_bytes: u64,
    /// The slowest that a submission's body may come, in bytes a second over any 30 seconds. A slower client loses its
    /// place.
    #[serde(default = "minimum_body_rate")]
    pub minimum_body_rate: u64,
}

fn api_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8443))
}

fn maximum_body_bytes() -> u64 {
    1 << 30
}

fn minimum_body_rate() -> u64 {
    4096
}

impl Api {
    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        if self.minimum_body_rate == 0 {
            return Err(ConfigurationError::Unsafe("[api] minimum_body_rate is at least 1: a body could come for ever"));
        }
        Ok(())
    }
}
