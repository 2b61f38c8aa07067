//! The operations of `/fhir/R4`. Each is one of the partner API's, asked and answered as FHIR.

pub mod capabilities;
pub mod consents;
mod resources;
pub mod service_requests;
pub mod tasks;
pub mod transactions;

use actix_web::guard::GuardContext;

/// Keeps the path of a search by POST from being read as a resource's id.
fn not_a_search(context: &GuardContext<'_>) -> bool {
    !context.head().uri.path().ends_with("/_search")
}
