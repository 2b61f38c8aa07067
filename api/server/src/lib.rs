//! The gateway: the route table and what stands behind it.
//!
//! A request passes, in this order: the TLS peer, [`callers::Caller`] (certificate, token, scopes), its
//! route. Each step takes the last step's value and cannot reach back.

pub mod actors;
pub mod attributions;
pub mod bodies;
pub mod callers;
pub mod calls;
pub mod configuration;
mod documentation;
pub mod exchanges;
pub mod expiries;
pub mod fhir;
pub mod fhir_audit_events;
pub mod fields;
pub mod gateway;
pub mod idempotency;
pub mod maintenance;
pub mod negotiation;
pub mod pages;
pub mod probes;
pub mod problems;
pub mod releases;
pub mod retention;
mod retirement;
pub mod routes;
mod secrets;
pub mod state;
pub mod telemetry;
pub mod transitional;
pub mod upkeep;

pub use configuration::{Configuration, ConfigurationError};
pub use documents::assurance_papers;
pub use gateway::{Gateway, StartError, start};
pub use maintenance::{OperationError, assurance_documents, build_release, formats_page, migrate, openapi, run_retention, verify_audit};
pub use retirement::retire;
