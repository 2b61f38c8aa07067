//! What is asked to be done with a body, and what came of it.

use adapters::Format;
use chrono::NaiveDate;
use domain::{CallContext, OrganisationCode, Submission, SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus};
use store::ListedIssue;

use super::digests::Digests;
use super::encodings::Coding;

/// What is asked to be done with a body.
#[derive(Clone)]
pub struct Order {
    pub id: SubmissionId,
    /// Whose call it is. It came in at its `now`.
    pub cx: CallContext,
    pub format: Format,
    /// Whose records they are.
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: SubmissionMode,
    pub as_of: NaiveDate,
    /// Look only: keep nothing.
    pub validate: bool,
    /// All of it or nothing: one row that is rejected, or of no pathway, refuses the whole.
    pub whole: bool,
    pub nil_return: bool,
    pub confirm_shrink: bool,
    pub key: Option<String>,
    /// What was asked beside the body, as it came: it is part of what the request is known by.
    pub query: String,
}

impl Order {
    /// What the fingerprint of a request begins with.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.format.dataset(), self.query)
    }

    /// The submission as its work begins: nothing of it is counted yet.
    pub(super) fn submission(&self) -> Submission {
        Submission {
            id: self.id,
            client: self.cx.by.client.clone(),
            dataset: self.format.dataset(),
            format: self.format.format().to_owned(),
            organisation: self.organisation,
            list: self.list.clone(),
            mode: self.mode,
            as_of: self.as_of,
            status: SubmissionStatus::Processing,
            counts: SubmissionCounts::default(),
            received_at: self.cx.now,
            issue_counts: Vec::new(),
        }
    }
}

/// What is said of a body before it comes.
pub struct Delivery {
    pub coding: Coding,
    pub digests: Digests,
    /// In bytes, where it says so.
    pub size: Option<u64>,
    /// Whether the sender would have an answer before the work is done.
    pub respond_async: bool,
}

/// What became of a body that was taken.
#[derive(Debug)]
pub enum Outcome {
    /// All of it is durable, and can be queried.
    Published(Submission),
    /// Looked at only, with its first issues, which are kept nowhere.
    Validated(Submission, Vec<ListedIssue>),
    /// It is here, of so many bytes, and being worked on.
    Later(Submission, u64),
    /// The key and the body were here before.
    Before(Submission),
}

impl Outcome {
    pub fn submission(&self) -> &Submission {
        let (Self::Published(submission) | Self::Validated(submission, _) | Self::Later(submission, _) | Self::Before(submission)) = self;
        submission
    }
}
