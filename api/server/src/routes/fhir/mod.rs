//! The operations of `/fhir/R4`. Each is the partner API's own, asked and answered as FHIR.

pub mod capabilities;
pub mod consents;
pub mod service_requests;
pub mod tasks;
pub mod transactions;
