//! What the gateway does, whoever asks. Every transaction that a door asks for is opened here.
//!
//! A door (the partner API, FHIR, a command, a chore) parses its input, makes a [`CallContext`] and calls one function.
//! It then writes the answer, or the [`Trouble`], in its own form. Nothing here knows HTTP.

mod access_reports;
mod advice;
mod assertions;
mod audit_events;
mod audit_proofs;
mod cases;
mod consents;
mod disputes;
mod entries;
mod erasures;
mod holds;
mod idempotency;
mod intake;
mod logs;
mod matches;
mod opt_outs;
mod overrides;
mod ownership;
mod reconciliation;
mod rectifications;
mod releases;
mod resealing;
mod restrictions;
mod retention;
mod retirement;
mod secrets;
mod spools;
mod submissions;
mod sweeps;
mod troubles;
mod waits;

pub use access_reports::read_access_report;
pub use adapters::{Format, REGISTRY as FORMATS, Sample, fhir, find as find_format};
pub use advice::{
    AdviceRequestFilter, AskedChild, DisclosedAdviceRequest, OtherIdentifier, acknowledge_advice_request, create_advice_request,
    get_advice, get_advice_request, list_advice_requests, submit_advice,
};
pub use assertions::use_assertion;
pub use audit_events::{AuditEvent, AuditEvents, list_audit_events};
pub use audit_proofs::{prove_growth, prove_inclusion, tree_head, tree_head_now};
pub use cases::{list_cases, read_case};
pub use consents::{
    NewConsent, RecordedConsent, WaitingConsent, get_consent, list_consents, list_reviews, record_consent, review_objection,
    withdraw_consent,
};
pub use disputes::{open_dispute, settle_dispute};
pub use domain::CallContext;
pub use entries::{EntryChoice, list_entries};
pub use erasures::{erase, lift_erasure};
pub use holds::{release_hold, set_hold};
pub use idempotency::{Key, Once, fingerprint};
pub use intake::{BodyLimits, Coding, Delivery, Digests, Intake, Order, Outcome, Submissions, refuse_unreadable};
pub use logs::{append_audit, check_ready, prune_audit, watch_backlog};
pub use matches::{NewCrosswalk, StandingMatch, decide_match, list_matches, put_identifiers};
pub use opt_outs::{list_opt_outs, load_opt_outs};
pub use overrides::{NewOverride, end_override, make_override};
pub use reconciliation::reconcile;
pub use rectifications::rectify;
pub use releases::{Building, ReleaseReader, ReleasedTable, Releases, Tagged, build_release};
pub use resealing::{end_rotation, reseal};
pub use restrictions::{lift_restriction, list_restrictions, restrict_child};
pub use retention::{replay_tombstones, run_retention};
pub use retirement::NeededKeys;
pub use secrets::{GatewaySecrets, read_secrets, watch_secrets};
pub use spools::Spools;
pub use store::{
    AuditCheck, AuditReport, Consistency, DecidedMatch, DisclosedUnderMatch, HeldCase, Inclusion, IssueChoice, Journal, ListedIssue,
    ListedMatch, ListedReferral, LogLimits, PageAfter, PublishedRelease, Store, StoreError, prepare as prepare_database, verify_audit,
};
pub use submissions::{
    IssuePlace, Report, cancel_submission, end_interrupted_works, get_submission, last_published, list_issues, list_submissions,
};
pub use sweeps::{sweep_assertions, sweep_claims, sweep_left_claims};
pub use troubles::{Fault, Kind, Trouble};
pub use waits::{child_waits, read_referral};
