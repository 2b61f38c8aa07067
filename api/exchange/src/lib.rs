//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod holds;
mod idempotency;
mod logs;
mod ownership;
mod resealing;
mod stored_keys;
mod sweeps;
mod troubles;

pub use domain::calls::Context;
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use logs::{append_audit, audit_head, check_ready, prune_audit, watch_backlog};
pub use resealing::{end_rotation, reseal};
pub use stored_keys::StoredKeys;
pub use sweeps::{sweep_assertions, sweep_claims, sweep_left_claims};
pub use troubles::{Fault, Kind, Trouble};
