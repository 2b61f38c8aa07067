//! The gateway: the route table and what stands behind it.
//!
//! A request passes, in this order: the TLS peer, [`callers::Caller`] (certificate, token, scopes), its
//! route. Each step takes the last step's value and cannot reach back.

pub mod actors;
pub mod attributions;
pub mod bodies;
pub mod callers;
pub mod calls;
mod chores;
mod commands;
pub mod configuration;
mod documentation;
pub mod exchanges;
pub mod fhir;
pub mod fhir_audit_events;
pub mod fields;
pub mod gateway;
pub mod idempotency;
pub mod negotiation;
pub mod pages;
mod probes;
pub mod problems;
pub mod routes;
mod secrets;
pub mod state;
pub mod telemetry;
pub mod transitional;

pub use commands::{CommandError, assurance_documents, build_release, formats_page, migrate, openapi, retire, run_retention, verify_audit};
pub use configuration::{Configuration, ConfigurationError};
pub use documents::assurance_papers;
pub use gateway::{Gateway, StartError, start};
