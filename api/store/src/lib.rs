//! What Sendbridge stores, in embedded SQLite or in PostgreSQL. The only crate that uses diesel.
//!
//! Everything about a person is read with a [`domain::Permit`] and written together with its audit entry, in one
//! transaction: [`Store::transaction`]. Identifiers, records and advice are sealed by the [`vault::Vault`]; nothing
//! outside this crate sees a sealed value.

mod access_reports;
mod advice_requests;
mod assertions;
mod audit;
mod children;
mod comparators;
mod consents;
mod crosswalks;
mod databases;
mod disputes;
mod erasures;
mod facts;
mod holds;
mod idempotency;
mod match_decisions;
mod matches;
mod migrations;
mod opt_outs;
mod overrides;
mod pages;
mod permitted;
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
mod terms;
mod tombstones;
mod transactions;
pub mod vault;
mod works;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

pub use audit::{AuditCheck, AuditEntry, AuditFault, AuditReport, Consistency, Inclusion, LogLimits, verify_audit};
pub use crosswalks::CrosswalkDelivery;
pub use databases::{Store, prepare};
pub use idempotency::{Claim, Fingerprint};
pub use match_decisions::{DecidedMatch, DisclosedUnderMatch, ListedMatch};
pub use pages::PageAfter;
pub use permitted::Decided;
pub use records::{Counted, HeldCase, ListedReferral, SealedReferrals, reads::ReferralPlace};
pub use releases::{PublishedRelease, PublishedTable, ReleaseDraft, TableDraft};
pub use resealing::{KeyUsage, ResealCursor, Resealed};
pub use sealed_columns::sealed_columns;
pub use staging::{Finished, Publication, Published, Staging};
pub use submissions::{IssueChoice, ListedIssue};
pub use tombstones::{Replayed, journal::Journal};
pub use transactions::Tx;

/// Why the store could not do what it was asked. A refusal by policy is not an error but a value.
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
    /// A value was made under a key that this gateway does not have, even after it asked for its keys again.
    #[error("a stored value needs key {0}, which is not among the keys")]
    UnknownKey(u32),
    #[error("a stored value does not read back: {0}")]
    Corrupt(&'static str),
    /// Too many leaves wait to be appended to the audit log. No transaction is run until there are fewer.
    #[error("the audit log is behind")]
    LogBehind,
    /// Somebody else ended the submission that was being worked on: nothing of it is kept.
    #[error("the submission was ended meanwhile")]
    Ended,
    /// The permit is for another act, class of data, child or item than the work needs: a bug in the program.
    #[error("the permit is for something else")]
    WrongPermit,
    #[error("the catalogue of audit events has no line for {0}")]
    NoEvent(domain::operations::Operation),
    #[error("the database refused a statement")]
    Database(#[from] diesel::result::Error),
    /// The tables are of a version too old for this one to upgrade. Nothing was changed.
    #[error(
        "its tables are those of an earlier version of Sendbridge (migration {0}), which this version cannot bring up to date. \
         Nothing was changed. Name a new database in [database] url, or run the version that made this one"
    )]
    OlderTables(String),
    #[error("the database could not be set up: {0}")]
    SetUp(String),
    #[error("a file of the store: {0}")]
    File(#[from] std::io::Error),
}

impl From<domain::AlreadyEnded> for StoreError {
    fn from(_: domain::AlreadyEnded) -> Self {
        Self::Ended
    }
}

impl StoreError {
    /// Whether the same transaction may succeed if it is run again.
    fn is_transient(&self) -> bool {
        match self.refused_statement() {
            Some((DatabaseErrorKind::SerializationFailure, _)) => true,
            Some((DatabaseErrorKind::Unknown, information)) => is_deadlock(information),
            _ => false,
        }
    }

    /// Whether the connection is lost, or a key has not come yet, so that the answer is "try later" rather than a fault.
    pub fn is_away(&self) -> bool {
        use DatabaseErrorKind::{ClosedConnection, ReadOnlyTransaction, UnableToSendCommand};
        match self {
            // A database that is starting, shutting down or full refuses connections: that error is always `Away`.
            Self::Away(_) | Self::UnknownKey(_) | Self::Database(Error::BrokenTransactionManager) => true,
            // A session that the server ends shows as a closed connection, whatever the server said last.
            _ => matches!(self.refused_statement(), Some((ClosedConnection | ReadOnlyTransaction | UnableToSendCommand, _))),
        }
    }

    /// The database's error for a statement, or for a commit that could not be rolled back either.
    fn refused_statement(&self) -> Option<(&DatabaseErrorKind, &(dyn DatabaseErrorInformation + Send + Sync))> {
        let Self::Database(error) = self else { return None };
        let error = if let Error::RollbackErrorOnCommit { commit_error, .. } = error { commit_error } else { error };
        if let Error::DatabaseError(kind, information) = error { Some((kind, &**information)) } else { None }
    }
}

/// Whether PostgreSQL broke a deadlock (SQLSTATE 40P01). diesel has no kind for this error and does not show its
/// SQLSTATE. The text is in the server's language, which the serving role may not choose. But of the errors of unknown
/// kind, only this one has a detail (who waits for whom) and a hint (see the server's log), and no place in the
/// statement. Another error like that would be tried a few times and then reported.
fn is_deadlock(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> bool {
    information.details().is_some() && information.hint().is_some() && information.statement_position().is_none()
}
