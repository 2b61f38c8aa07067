//! The operations of `/fhir/R4`. Each is the partner API's own, asked and answered as FHIR.

pub mod capabilities;
pub mod consents;
mod resources;
pub mod service_requests;
pub mod tasks;
pub mod transactions;

use actix_web::guard::GuardContext;

/// A search by POST has its own place, and no resource has that id.
fn not_a_search(context: &GuardContext<'_>) -> bool {
    !context.head().uri.path().ends_with("/_search")
}
