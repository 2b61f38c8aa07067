//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod holds;
mod idempotency;
mod ownership;
mod stored_keys;
mod troubles;

pub use domain::calls::Context;
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use stored_keys::StoredKeys;
pub use troubles::{Fault, Kind, Trouble};
