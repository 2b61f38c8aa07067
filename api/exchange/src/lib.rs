//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod disputes;
mod erasures;
mod holds;
mod idempotency;
mod ownership;
mod rectifications;
mod retention;
mod retirement;
mod troubles;

pub use disputes::{open_dispute, settle_dispute};
pub use domain::calls::Context;
pub use erasures::{erase, lift_erasure};
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use rectifications::rectify;
pub use retention::{replay_tombstones, run_retention};
pub use retirement::NeededKeys;
pub use troubles::{Fault, Kind, Trouble};
