//! What a client asks to be done with a body, and what came of it.

use std::sync::Arc;

use actix_web::dev::Payload;
use adapters::Format;
use chrono::{DateTime, NaiveDate, Utc};
use domain::identifiers::SubmissionId;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::submissions::{Counts, Dataset, Mode, Submission, SubmissionStatus};
use store::ListedIssue;

use super::digests::Digests;
use super::encodings::Coding;

/// What a client asks to be done with a body.
#[derive(Debug, Clone)]
pub struct Order {
    pub id: SubmissionId,
    pub client: String,
    pub dataset: Dataset,
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: Mode,
    pub as_of: NaiveDate,
    pub validate: bool,
    /// All of it or nothing: one row that is rejected, or of no pathway, refuses the whole.
    pub whole: bool,
    pub nil_return: bool,
    pub confirm_shrink: bool,
    pub key: Option<String>,
    /// As it came, for the fingerprint.
    pub query: String,
    pub received_at: DateTime<Utc>,
    /// Of the call, for the audit log.
    pub request_id: uuid::Uuid,
    pub partnership: Arc<Partnership>,
}

impl Order {
    /// What the fingerprint of a request begins with.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.dataset, self.query)
    }

    /// The submission as its work begins: nothing of it is counted yet.
    pub(super) fn submission(&self, adapter: Format) -> Submission {
        Submission {
            id: self.id,
            client: self.client.clone(),
            dataset: self.dataset,
            format: adapter.format().to_owned(),
            organisation: self.organisation,
            list: self.list.clone(),
            mode: self.mode,
            as_of: self.as_of,
            status: SubmissionStatus::Processing,
            counts: Counts::default(),
            received_at: self.received_at,
            issue_counts: Vec::new(),
        }
    }
}

/// A body on its way, and what its headers say of it.
pub struct Delivery {
    pub payload: Payload,
    pub coding: Coding,
    pub digests: Digests,
    /// In bytes, where it says so.
    pub size: Option<u64>,
    /// Whether the client would have an answer before the work is done.
    pub respond_async: bool,
}

/// What became of it.
#[derive(Debug)]
pub enum Taken {
    /// It is here, and being worked on; of so many bytes.
    Later(Submission, u64),
    /// With its first issues, where nothing is kept to be listed later.
    Now(Submission, Vec<ListedIssue>),
    /// The key and the body were here before.
    Before(Submission),
}
