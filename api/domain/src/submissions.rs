//! What a partner sends, and what it is told about it.

use serde::{Deserialize, Serialize};

use crate::children::{ChildIdentifier, ChildReference};
use crate::ehc_plans::Case;
use crate::issues::IssueCode;
use crate::referrals::Referral;

/// The list that a submission is about where it names none.
pub const DEFAULT_LIST: &str = "default";

closed! {
    /// What a submission is about.
    pub enum Dataset {
        WaitingList = "waiting-list",
        Ehcp = "ehcp",
    }
}

closed! {
    /// How a submission relates to what is held.
    pub enum Mode {
        /// Inserts and updates.
        Delta = "delta",
        /// The whole open content of one list.
        Snapshot = "snapshot",
    }
}

closed! {
    /// How a submission stands.
    pub enum SubmissionStatus {
        /// Here whole, and being worked on: nothing of it can be seen yet.
        Processing = "processing",
        Accepted = "accepted",
        AcceptedWithIssues = "accepted-with-issues",
        /// Refused whole: nothing of it is kept but the report.
        Refused = "refused",
        /// The gateway could not do it: nothing of it is kept, and it can be sent again.
        Failed = "failed",
        /// Cancelled by its writer while it was being worked on.
        Cancelled = "cancelled",
        /// Looked at with `validate=true`: nothing of it is kept.
        Validated = "validated",
    }
}

/// One record, as an adapter hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub child: ChildReference,
    pub entry: Entry,
}

/// What the record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Referral(Box<Referral>),
    Case(Box<Case>),
    Merge(Merge),
}

/// What a provider held under other identifiers is the child's that is named beside (HL7 v2 ADT^A40).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    pub retired: Vec<ChildIdentifier>,
}

/// How often an issue was found in a submission, and what became of it since the list was last sent. What is
/// neither new nor persisting is in rows whose referral id could not be read.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
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
    /// Rejected, while an earlier version is held and was left as it is.
    pub stale: u64,
    /// Open in the list before, and missing from this snapshot.
    pub not_flowed: u64,
}
