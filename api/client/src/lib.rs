//! A client of the partner API over mutual TLS. The command line uses it, and so can any partner's
//! own integration.
//!
//! A [`Client`] is opened from a `client.toml`, gets its tokens with its certificate or its signing key, and has
//! methods for the operations. A refusal is [`ClientError::Refused`] with the gateway's problem answer.
//! A call that may be tried again is tried again under the same idempotency key.

mod advice_requests;
mod assertions;
mod audit_events;
mod bodies;
mod calls;
mod children;
mod configurations;
mod connections;
mod consents;
mod encodings;
mod files;
mod pages;
mod problems;
mod releases;
mod retries;
mod steps;
mod submissions;
mod tokens;

pub use advice_requests::{AdviceRequest, AdviceRequestBody};
pub use audit_events::AuditEvent;
pub use bodies::Payload;
pub use calls::Client;
pub use children::{ChildBody, ChildKey, JourneyWait, StageWait, Wait, Waits};
pub use configurations::{Configuration, Signing};
pub use consents::{ConsentBody, RecordedConsent};
pub use encodings::Coding;
pub use files::{Sha256, sha256_of};
pub use pages::Page;
pub use problems::{ClientError, FieldError, Problem};
pub use releases::{Release, Table, TableForm, TableName};
pub use retries::Retries;
pub use steps::{Progress, Step};
pub use submissions::{Issue, LastPublished, Report, Submission};
