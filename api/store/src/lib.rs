//! What Sendbridge holds, on embedded SQLite or on PostgreSQL. The only crate that knows diesel.
//!
//! Everything about a person is read through a [`domain::policy::Permit`] and written together with
//! its audit leaf, in one transaction: [`Store::transaction`]. Identifiers, records and advice are
//! sealed by the [`vault::Vault`]; nothing outside this crate sees a sealed value.

mod advice_requests;
mod assertions;
mod audit;
mod children;
mod comparators;
mod consents;
mod databases;
mod disclosures;
mod disputes;
mod erasures;
mod facts;
mod holds;
mod idempotency;
mod merges;
mod opt_outs;
mod overrides;
mod recipients;
mod records;
mod rectifications;
mod releases;
mod resealing;
mod restrictions;
mod retention;
mod rows;
mod schema;
mod sealed_columns;
mod staging;
mod submissions;
mod tombstones;
mod transactions;
pub mod vault;
mod works;

pub use advice_requests::{AdviceRequest, AdviceRequestDraft};
pub use audit::{AuditEntry, AuditFault, AuditReport, Consistency, Inclusion, LogLimits, Looking, verify_audit};
pub use consents::ConsentDraft;
pub use databases::{Store, prepare};
pub use disclosures::{ChildLog, ToldActor, ToldLeaf};
pub use disputes::{Dispute, DisputeDraft};
pub use erasures::{Erased, Erasure, ErasureDraft};
pub use holds::HoldDraft;
pub use idempotency::{Claim, Fingerprint};
pub use opt_outs::OptOutList;
pub use overrides::OverrideDraft;
pub use records::{Counted, HeldCase, ListedReferral, SealedReferrals, reads::ReferralPlace};
pub use rectifications::RectificationDraft;
pub use releases::{PublishedRelease, PublishedTable, TableDraft};
pub use resealing::{KeyUsage, ResealCursor, Resealed};
pub use restrictions::RestrictionDraft;
pub use sealed_columns::sealed_columns;
pub use staging::{Finished, Leave, Merging, Publication, Published, Staging};
pub use submissions::{IssueChoice, ListedIssue, Submission};
pub use tombstones::{Replayed, journal::Journal};
pub use transactions::Tx;
pub use works::{Done, Work};

/// Why the store could not do what it was asked. A refusal by policy is no error: it is a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue or the pool is full: try again shortly.
    #[error("the store is busy")]
    Busy,
    /// The database cannot be reached, or has gone.
    #[error("the database is away: {0}")]
    Away(String),
    #[error("a sealed value does not open")]
    Sealing,
    /// A value was made under a key that this gateway has not, even after it asked for its keys anew.
    #[error("a stored value needs key {0}, which is not among the keys")]
    UnknownKey(u32),
    #[error("a stored value does not read back: {0}")]
    Corrupt(&'static str),
    /// More leaves wait to be appended to the audit log than may: nothing is done that would leave another.
    #[error("the audit log is behind")]
    LogBehind,
    /// Somebody else ended the submission that was being worked on: nothing of it is kept.
    #[error("the submission was ended meanwhile")]
    Ended,
    #[error("the catalogue of audit events has no line for {0}")]
    NoEvent(&'static str),
    #[error("the database refused a statement")]
    Database(#[from] diesel::result::Error),
    #[error("the database could not be set up: {0}")]
    SetUp(String),
    #[error("a file of the store: {0}")]
    File(#[from] std::io::Error),
}

impl StoreError {
    /// Whether the same transaction may succeed if it is run again.
    fn is_transient(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            Self::Database(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
            Self::Database(Error::DatabaseError(_, information)) => information.message().contains("deadlock detected"),
            _ => false,
        }
    }

    /// Whether the connection is lost, or a key has not come yet, so that the answer is "try later" rather than a fault.
    pub fn is_away(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            Self::Away(_) | Self::UnknownKey(_) | Self::Database(Error::BrokenTransactionManager) => true,
            Self::Database(Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction, _)) => true,
            Self::Database(Error::DatabaseError(_, information)) => {
                let message = information.message();
                ["terminating connection", "server closed the connection", "shutting down", "starting up", "no connection"]
                    .iter()
                    .any(|sign| message.contains(sign))
            }
            _ => false,
        }
    }
}
