//! `[operations]` and `[telemetry]`: what operators see.

use std::net::SocketAddr;

use serde::Deserialize;

/// The operators' listener: plain HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    pub listen: SocketAddr,
}

impl Default for Operations {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// What is logged, as a filter of `tracing`.
    pub log: String,
    /// The base address of an OTLP collector (HTTP, protobuf).
    pub otlp_endpoint: Option<String>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".into(), otlp_endpoint: None }
    }
}
