//! What the gateway does, whoever asks: each of its transactions is here, and nothing else opens one.
//!
//! A door (the partner API, FHIR, a command, a chore) parses what it was given, makes a [`Context`] and calls one
//! function; what that answers, or the [`Trouble`] it met, the door writes in its own form. Nothing here knows HTTP.

mod holds;
mod idempotency;
mod intake;
mod ownership;
mod spools;
mod submissions;
mod troubles;

pub use domain::calls::Context;
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use intake::{Coding, Delivery, Digests, Door, Intake, Order, Outcome, Submissions, refuse_unreadable};
pub use spools::Spools;
pub use submissions::{
    IssuePlace, Report, cancel_submission, end_interrupted_works, get_submission, last_published, list_issues, list_submissions,
};
pub use troubles::{Fault, Kind, Trouble};
