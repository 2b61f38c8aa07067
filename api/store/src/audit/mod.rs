//! The audit log. An entry is written in the transaction of the disclosure or refusal that it records. Within a second
//! one gateway appends it to a Merkle tree (RFC 9162), whose leaf is
//! `leaf id ‖ microseconds ‖ SHA-256(salt ‖ child or 0) ‖ SHA-256(body)`.

mod appending;
mod proofs;
pub(crate) mod trees;
mod verification;

use aws_lc_rs::rand;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{Attribution, ConsentId, Leaf, LogHash, Permit, Refusal};

use crate::StoreError;
use crate::schema::{audit_entry, audit_leaf, audit_pending};
use crate::transactions::{Tx, on};

pub(crate) use appending::Backlog;
pub use appending::LogLimits;
pub use proofs::{Consistency, Inclusion};
pub use verification::{AuditCheck, AuditFault, AuditReport, verify_audit};

/// One entry as the log holds it: what is shown, and the other values that its hash is made from.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Its place in the log, from 1.
    pub position: i64,
    pub leaf: i64,
    /// SHA-256 of a salt and the child's id, or 0 for an entry about no child.
    pub child: LogHash,
    /// Canonical JSON (RFC 8785), as it is hashed. None once it is pruned.
    pub body: Option<String>,
}

type LeafColumns = (audit_leaf::id, audit_leaf::at, audit_leaf::child_id, audit_leaf::salt, audit_leaf::body, audit_leaf::body_hash);
const LEAF: LeafColumns = (audit_leaf::id, audit_leaf::at, audit_leaf::child_id, audit_leaf::salt, audit_leaf::body, audit_leaf::body_hash);

#[derive(Queryable)]
struct LeafRow {
    id: i64,
    at: NaiveDateTime,
    child_id: Option<i64>,
    salt: Vec<u8>,
    body: Option<String>,
    body_hash: Vec<u8>,
}

impl LeafRow {
    /// A salted hash of the child's id. It can be shown without naming the child.
    fn child(&self) -> LogHash {
        trees::sha256(&self.salt, &[&self.child_id.unwrap_or(0).to_be_bytes()])
    }

    fn hash(&self) -> LogHash {
        let micros = self.at.and_utc().timestamp_micros();
        trees::leaf_hash(&[&self.id.to_be_bytes(), &micros.to_be_bytes(), &self.child(), &self.body_hash])
    }
}

impl Tx<'_> {
    /// Writes the audit entry for something permitted in this transaction.
    pub(crate) fn log_permitted(&mut self, permit: &Permit, by: &Attribution) -> Result<(), StoreError> {
        self.leave(Leaf::permitted(permit, by), by)
    }

    /// The same, for an act that makes or ends a family's decision.
    pub(crate) fn log_decided(&mut self, permit: &Permit, consent: ConsentId, by: &Attribution) -> Result<(), StoreError> {
        self.leave(Leaf::permitted(permit, by).map(|leaf| leaf.about(consent)), by)
    }

    /// Writes the audit entry of a refusal.
    pub fn log_refused(&mut self, refusal: &Refusal, by: &Attribution, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.leave(Leaf::refused(refusal, by, at), by)
    }

    fn leave(&mut self, leaf: Option<Leaf<'_>>, by: &Attribution) -> Result<(), StoreError> {
        let leaf = leaf.ok_or(StoreError::NoEvent(by.operation))?;
        // The members of a `Value` are sorted. For text and whole numbers, RFC 8785 asks no more.
        let body = serde_json::to_value(&leaf).map_err(|_| StoreError::Corrupt("a leaf that JSON cannot hold"))?.to_string();
        let mut salt = [0; 16];
        rand::fill(&mut salt).map_err(|_| StoreError::Sealing)?;
        let row = (
            audit_leaf::at.eq(leaf.at.naive_utc()),
            audit_leaf::child_id.eq(leaf.child.map(|child| child.0)),
            audit_leaf::salt.eq(salt.as_slice()),
            audit_leaf::body_hash.eq(trees::sha256(body.as_bytes(), &[]).to_vec()),
            audit_leaf::body.eq(body),
        );
        let id: i64 = on!(self, c => diesel::insert_into(audit_leaf::table).values(&row).returning(audit_leaf::id).get_result(*c))?;
        on!(self, c => diesel::insert_into(audit_pending::table).values(audit_pending::leaf_id.eq(id)).execute(*c))?;
        Ok(())
    }

    /// Entries after a position, in the log's order. New entries only appear at the end, so a reader misses none. Row
    /// ids would not do: transactions may commit in another order than they wrote.
    pub fn audit_entries(&mut self, after: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<(i64, LeafRow)> = on!(self, c => audit_entry::table
            .inner_join(audit_leaf::table.on(audit_leaf::id.eq(audit_entry::leaf_id)))
            .filter(audit_entry::position.ge(after))
            .order(audit_entry::position)
            .limit(limit)
            .select((audit_entry::position, LEAF))
            .load(*c))?;
        let entry =
            |(position, row): (i64, LeafRow)| AuditEntry { position: position + 1, leaf: row.id, child: row.child(), body: row.body };
        Ok(rows.into_iter().map(entry).collect())
    }
}
