//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod consents;
mod holds;
mod idempotency;
mod opt_outs;
mod overrides;
mod ownership;
mod restrictions;
mod troubles;

pub use consents::{
    NewConsent, RecordedConsent, WaitingConsent, get_consent, list_consents, list_reviews, record_consent, review_objection,
    withdraw_consent,
};
pub use domain::calls::Context;
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use opt_outs::{list_opt_outs, load_opt_outs};
pub use overrides::{NewOverride, end_override, make_override};
pub use restrictions::{lift_restriction, list_restrictions, restrict_child};
pub use troubles::{Fault, Kind, Trouble};
