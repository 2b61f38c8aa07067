//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod advice;
mod assertions;
mod audit_events;
mod audit_proofs;
mod holds;
mod idempotency;
mod ownership;
mod troubles;

pub use advice::{
    AdviceRequestFilter, DisclosedAdviceRequest, acknowledge_advice_request, create_advice_request, get_advice, get_advice_request,
    list_advice_requests, submit_advice,
};
pub use assertions::use_assertion;
pub use audit_events::{AuditEvent, AuditEvents, list_audit_events};
pub use audit_proofs::{prove_growth, prove_inclusion, tree_head, tree_head_now};
pub use domain::calls::Context;
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use store::{Consistency, Inclusion};
pub use troubles::{Fault, Kind, Trouble};
