//! The gateway: the route table and the code behind it.
//!
//! A request passes the TLS peer, then [`calls::Call`] (certificate, token, scope, person), then its route. Each step
//! takes the last step's value and cannot reach back.

mod actors;
mod bodies;
mod callers;
mod calls;
mod chores;
mod commands;
mod configuration;
mod documentation;
mod exchanges;
mod fhir;
mod fhir_audit_events;
mod fields;
mod gateway;
mod idempotency;
mod negotiation;
mod pages;
mod probes;
mod problems;
mod routes;
mod state;
mod telemetry;

pub use commands::{CommandError, assurance_documents, build_release, formats_page, migrate, openapi, retire, run_retention, verify_audit};
pub use configuration::{Configuration, ConfigurationError, DatabaseUrl};
pub use documents::assurance_papers;
pub use gateway::{Gateway, StartError, start};
pub use telemetry::{Telemetry, TelemetryError, init as start_telemetry};
