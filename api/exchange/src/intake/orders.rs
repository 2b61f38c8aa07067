//! What to do with a body, and what came of it.

use adapters::Format;
use chrono::NaiveDate;
use domain::{CallContext, OrganisationCode, Submission, SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus};
use store::ListedIssue;

use super::digests::Digests;
use super::encodings::Coding;

/// What to do with a body.
#[derive(Clone)]
pub struct Order {
    pub id: SubmissionId,
    /// The call that sent it. It came in at the call's `now`.
    pub cx: CallContext,
    pub format: Format,
    /// Whose records they are.
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: SubmissionMode,
    pub as_of: NaiveDate,
    /// Check only: keep nothing.
    pub validate: bool,
    /// All or nothing: one row that is rejected, or of no pathway, refuses the whole body.
    pub whole: bool,
    pub nil_return: bool,
    pub confirm_shrink: bool,
    pub key: Option<String>,
    /// What was asked beside the body, as it came. It is part of the fingerprint.
    pub query: String,
}

impl Order {
    /// What the fingerprint of a request begins with.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.format.dataset(), self.query)
    }

    /// The submission as its work begins, before anything is counted.
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

/// What the sender says about a body before it comes.
pub struct Delivery {
    pub coding: Coding,
    pub digests: Digests,
    /// In bytes, if the sender says.
    pub size: Option<u64>,
    /// Whether the sender wants an answer before the work is done.
    pub respond_async: bool,
}

/// What became of a body that was taken.
#[derive(Debug)]
pub enum Outcome {
    /// All of it is durable, and can be queried.
    Published(Submission),
    /// Checked only, with its first issues, which are not stored.
    Validated(Submission, Vec<ListedIssue>),
    /// It has come and is being worked on. The number is its size in bytes.
    Later(Submission, u64),
    /// The same key and body came before.
    Before(Submission),
}

impl Outcome {
    pub fn submission(&self) -> &Submission {
        let (Self::Published(submission) | Self::Validated(submission, _) | Self::Later(submission, _) | Self::Before(submission)) = self;
        submission
    }
}
