//! What a partner sends, and what it is told about it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::children::{ChildIdentifier, ChildReference};
use crate::ehc_plans::Case;
use crate::identifiers::SubmissionId;
use crate::issues::IssueCode;
use crate::organisations::OrganisationCode;
use crate::referrals::Referral;

/// The list that a submission is about where it names none.
pub const DEFAULT_LIST: &str = "default";

closed! {
    /// What a submission is about.
    pub enum Dataset {
        WaitingList = "waiting-list",
        Ehcp = "ehcp",
        /// A council's crosswalk: which identifiers are one child's.
        ChildIdentifiers = "child-identifiers",
    }
}

impl Dataset {
    /// The field by which a row's record is known again, in the native format's name for it.
    pub const fn key_field(self) -> &'static str {
        match self {
            Self::WaitingList => "referral_id",
            Self::Ehcp => "ReceivedDate",
            Self::ChildIdentifiers => "row",
        }
    }
}

closed! {
    /// How a submission relates to what is held.
    pub enum SubmissionMode as "Mode" {
        /// Inserts and updates.
        Delta = "delta",
        /// The whole open content of one list.
        Snapshot = "snapshot",
    }
}

impl SubmissionMode {
    /// Checks that an empty snapshot was declared, and that what was declared empty is.
    pub fn check_nil_return(self, received: u64, said: bool) -> Result<(), NilReturnFault> {
        match (self, received, said) {
            (Self::Snapshot, 0, false) => Err(NilReturnFault::Unsaid),
            (_, 1.., true) => Err(NilReturnFault::HasRows),
            _ => Ok(()),
        }
    }
}

closed! {
    /// The state of a submission.
    pub enum SubmissionStatus {
        /// Received in full and being worked on: nothing of it can be seen yet.
        Processing = "processing",
        Accepted = "accepted",
        AcceptedWithIssues = "accepted-with-issues",
        /// Refused whole: nothing of it is kept but the report.
        Refused = "refused",
        /// The gateway could not do it: nothing of it is kept, and it can be sent again.
        Failed = "failed",
        /// Cancelled by its sender while it was being worked on.
        Cancelled = "cancelled",
        /// Looked at with `validate=true`: nothing of it is kept.
        Validated = "validated",
    }
}

/// A submission and how it ended. It begins as `processing` and ends once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: SubmissionId,
    pub client: String,
    pub dataset: Dataset,
    pub format: String,
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: SubmissionMode,
    pub as_of: NaiveDate,
    pub status: SubmissionStatus,
    pub counts: SubmissionCounts,
    pub received_at: DateTime<Utc>,
    /// How often each issue was found, by code.
    pub issue_counts: Vec<IssueCount>,
}

/// The submission has ended, and ends once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyEnded;

/// Why the work on a submission failed, with the problem that its sender is told, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmissionFailure {
    /// The body cannot be taken as it is.
    Refused(String),
    /// The gateway could not do it.
    Failed(String),
}

impl SubmissionFailure {
    /// The problem that the sender is told, as JSON.
    pub fn trouble(&self) -> &str {
        let (Self::Refused(trouble) | Self::Failed(trouble)) = self;
        trouble
    }
}

impl Submission {
    /// Ends it as accepted, with this many issues.
    pub fn accept(self, issues: u64) -> Result<Self, AlreadyEnded> {
        self.end(if issues == 0 { SubmissionStatus::Accepted } else { SubmissionStatus::AcceptedWithIssues })
    }

    /// Ends it as only validated.
    pub fn validate(self) -> Result<Self, AlreadyEnded> {
        self.end(SubmissionStatus::Validated)
    }

    /// Ends it as refused.
    pub fn refuse(self) -> Result<Self, AlreadyEnded> {
        self.end(SubmissionStatus::Refused)
    }

    /// Ends it after a failure.
    pub fn fail(self, failure: &SubmissionFailure) -> Result<Self, AlreadyEnded> {
        match failure {
            SubmissionFailure::Refused(_) => self.refuse(),
            SubmissionFailure::Failed(_) => self.end(SubmissionStatus::Failed),
        }
    }

    /// Ends it as cancelled by its sender. If it was cancelled before, it stays so.
    pub fn cancel(self) -> Result<Self, AlreadyEnded> {
        if self.status == SubmissionStatus::Cancelled { Ok(self) } else { self.end(SubmissionStatus::Cancelled) }
    }

    fn end(self, status: SubmissionStatus) -> Result<Self, AlreadyEnded> {
        if self.status == SubmissionStatus::Processing { Ok(Self { status, ..self }) } else { Err(AlreadyEnded) }
    }

    /// Whether its list was already sent for a later day than this submission's.
    pub fn is_older_than(&self, last: NaiveDate) -> bool {
        self.as_of < last
    }
}

/// How far the work on a submission is, and the problem that ended it, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionWork {
    pub bytes_total: u64,
    pub bytes_read: u64,
    pub records_read: u64,
    pub trouble: Option<String>,
}

/// One record, as an adapter hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedRecord {
    pub child: ChildReference,
    pub entry: SubmittedEntry,
}

/// What the record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmittedEntry {
    Referral(Box<Referral>),
    Case(Box<Case>),
    Merge(IdentifierMerge),
}

/// Says that what a provider held under other identifiers is about the child named beside it (HL7 v2 ADT^A40).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierMerge {
    pub retired: Vec<ChildIdentifier>,
}

/// How often an issue was found in a submission, compared with when the list was last sent. What is neither new nor
/// persisting is in rows whose referral id could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueCount {
    pub code: IssueCode,
    pub count: u64,
    /// Not there when its referral was last sent.
    pub new: u64,
    /// There before.
    pub persisting: u64,
    /// There before, and its referral was sent again without it.
    pub fixed: u64,
}

/// What became of the records of a submission.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Counts))]
pub struct SubmissionCounts {
    pub received: u64,
    /// In the file, and about none of the pathways, or no child: not looked at further, and not received.
    #[serde(default)]
    pub out_of_scope: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Accepted, and the same as held.
    pub unchanged: u64,
    pub opened: u64,
    pub updated: u64,
    /// Updated from open to ended.
    pub closed: u64,
    /// Merges of two identities that changed something.
    #[serde(default)]
    pub merged: u64,
    /// Rejected, while an earlier version is held and was left as it is.
    pub stale: u64,
    /// Open in the list before, and missing from this snapshot.
    pub not_flowed: u64,
}

/// With fewer rows than this no share is too large: one or two rows could exceed it.
const SMALLEST_JUDGED: u64 = 20;

impl SubmissionCounts {
    /// Whether more than this share of the rows is rejected, so that the body is refused whole. A body of fewer than
    /// 20 rows never is.
    pub fn rejects_too_many(&self, percent: u8) -> bool {
        is_too_large_a_share(self.rejected, self.received, percent)
    }

    /// Whether a row is rejected or on no pathway, so that a body that is taken whole or not at all is refused.
    pub fn leaves_any_out(&self) -> bool {
        self.rejected > 0 || self.out_of_scope > 0
    }

    /// Whether more than this share of a list's open entries did not flow, so that the sender has to confirm it. A list
    /// of fewer than 20 open entries may shrink to nothing.
    pub fn shrinks_too_much(&self, open: u64, percent: u8) -> bool {
        is_too_large_a_share(self.not_flowed, open, percent)
    }
}

fn is_too_large_a_share(part: u64, whole: u64, percent: u8) -> bool {
    whole >= SMALLEST_JUDGED && u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

/// What is wrong with a sender's statement about an empty list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NilReturnFault {
    /// A snapshot without rows that was not declared empty.
    Unsaid,
    /// It was declared empty, and has rows.
    HasRows,
}

#[cfg(test)]
mod tests;
