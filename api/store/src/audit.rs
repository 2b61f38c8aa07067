//! The audit log. A leaf is written in the transaction of the disclosure or refusal it tells of;
//! within a second one gateway chains it:
//! `hash = SHA-256(hash before ‖ leaf id ‖ microseconds ‖ child or 0 ‖ SHA-256(body))`.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use diesel::prelude::*;
use domain::audit::{Attribution, Leaf};
use domain::policy::{Permit, Refusal};

use crate::StoreError;
use crate::rows::to_json;
use crate::schema::{audit_chain, audit_leaf, audit_pending};
use crate::transactions::{Handle, Tx, on};

/// How many leaves are chained in one transaction at the most.
const BATCH: i64 = 5_000;
/// Of the advisory lock that one gateway holds while it chains.
const CHAINING: i64 = 7_364_657;

/// One leaf as the log holds it.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    pub position: i64,
    /// JSON, as it is chained.
    pub body: String,
}

/// What a look through the whole log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Leaves in the chain.
    pub chained: u64,
    /// Leaves that wait for the sequencer.
    pub pending: u64,
    /// The hash of the last chained leaf, in hexadecimal; empty where there is none.
    pub head: String,
    pub faults: Vec<AuditFault>,
}

impl AuditReport {
    /// Whether nothing is wrong with it.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }
}

impl std::fmt::Display for AuditReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { chained, pending, head, faults } = self;
        if !faults.is_empty() {
            writeln!(f, "the log is NOT whole: {} faults", faults.len())?;
            return faults.iter().take(20).try_for_each(|fault| writeln!(f, "  {fault:?}"));
        }
        write!(
            f,
            "the log is whole: {chained} entries chained, {pending} waiting to be, head {}",
            if head.is_empty() { "none" } else { head }
        )
    }
}

/// Something that should not be in an append-only log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// The chain skips or repeats a position.
    Position(i64),
    /// The hash at a position does not follow from the leaf and the hash before it.
    Hash(i64),
    /// The leaf at a position is gone.
    LeafGone(i64),
    /// A leaf stands outside the chain and does not wait for it.
    LeafUnchained(i64),
    /// A leaf that waited to be chained is gone.
    WaitingLeafGone(i64),
}

#[derive(Queryable)]
struct LeafRow {
    id: i64,
    at: NaiveDateTime,
    child_id: Option<i64>,
    body: String,
}

#[derive(Queryable)]
struct ChainedRow {
    position: i64,
    hash: Vec<u8>,
    leaf: Option<LeafRow>,
}

impl Tx<'_> {
    /// Writes the leaf of a flow that happens in this transaction.
    pub(crate) fn leave_permitted(&mut self, permit: &Permit, by: &Attribution) -> Result<(), StoreError> {
        self.leave(&Leaf::permitted(permit, by))
    }

    /// Writes the leaf of a refusal.
    pub fn leave_refused(&mut self, refusal: &Refusal, by: &Attribution, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.leave(&Leaf::refused(refusal, by, at))
    }

    fn leave(&mut self, leaf: &Leaf<'_>) -> Result<(), StoreError> {
        let body = to_json(leaf)?;
        // Both databases keep microseconds.
        let at = leaf.at.naive_utc().trunc_subsecs(6);
        let row = (audit_leaf::at.eq(at), audit_leaf::child_id.eq(leaf.child.map(|child| child.0)), audit_leaf::body.eq(body));
        let id: i64 = on!(self, c => diesel::insert_into(audit_leaf::table).values(&row).returning(audit_leaf::id).get_result(*c))?;
        on!(self, c => diesel::insert_into(audit_pending::table).values(audit_pending::leaf_id.eq(id)).execute(*c))?;
        Ok(())
    }

    /// Leaves in the order of the chain, after a position. In that order none appears before one that
    /// was read: two transactions may commit in another order than they wrote.
    pub fn audit_entries(&mut self, after: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<(i64, String)> = on!(self, c => audit_chain::table
            .inner_join(audit_leaf::table.on(audit_leaf::id.eq(audit_chain::leaf_id)))
            .filter(audit_chain::position.gt(after))
            .order(audit_chain::position)
            .limit(limit)
            .select((audit_chain::position, audit_leaf::body))
            .load(*c))?;
        Ok(rows.into_iter().map(|(position, body)| AuditEntry { position, body }).collect())
    }

    /// Chains what waits, and answers whether more may be waiting. Where another gateway is at it,
    /// nothing is done.
    pub(crate) fn chain_audit(&mut self) -> Result<bool, StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            let ours: bool = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("pg_try_advisory_xact_lock({CHAINING})")))
                .get_result(*connection)?;
            if !ours {
                return Ok(false);
            }
        }
        let waiting: Vec<LeafRow> = on!(self, c => audit_pending::table
            .inner_join(audit_leaf::table.on(audit_leaf::id.eq(audit_pending::leaf_id)))
            .order(audit_pending::leaf_id)
            .limit(BATCH)
            .select((audit_leaf::id, audit_leaf::at, audit_leaf::child_id, audit_leaf::body))
            .load(*c))?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let last: Option<(i64, Vec<u8>)> = on!(self, c => audit_chain::table
            .order(audit_chain::position.desc())
            .select((audit_chain::position, audit_chain::hash))
            .first(*c)
            .optional())?;
        let (mut position, mut hash) = last.unwrap_or((0, Vec::new()));
        for chunk in waiting.chunks(1_000) {
            let mut rows = Vec::with_capacity(chunk.len());
            for leaf in chunk {
                position += 1;
                hash = link(&hash, leaf);
                rows.push((audit_chain::position.eq(position), audit_chain::leaf_id.eq(leaf.id), audit_chain::hash.eq(hash.clone())));
            }
            let ids: Vec<i64> = chunk.iter().map(|leaf| leaf.id).collect();
            on!(self, c => diesel::insert_into(audit_chain::table).values(&rows).execute(*c))?;
            on!(self, c => diesel::delete(audit_pending::table.filter(audit_pending::leaf_id.eq_any(&ids))).execute(*c))?;
        }
        Ok(i64::try_from(waiting.len()).is_ok_and(|chained| chained == BATCH))
    }

    /// Walks the whole log. What a cut-off tail hides shows only against a copy kept elsewhere.
    pub fn verify_audit(&mut self) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        let (mut position, mut hash) = (0, Vec::new());
        loop {
            let rows: Vec<ChainedRow> = on!(self, c => audit_chain::table
                .left_join(audit_leaf::table.on(audit_leaf::id.eq(audit_chain::leaf_id)))
                .filter(audit_chain::position.gt(position))
                .order(audit_chain::position)
                .limit(BATCH)
                .select((
                    audit_chain::position,
                    audit_chain::hash,
                    (audit_leaf::id, audit_leaf::at, audit_leaf::child_id, audit_leaf::body).nullable(),
                ))
                .load(*c))?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if row.position != position + 1 {
                    report.faults.push(AuditFault::Position(row.position));
                }
                match &row.leaf {
                    None => report.faults.push(AuditFault::LeafGone(row.position)),
                    Some(leaf) if link(&hash, leaf) != row.hash => report.faults.push(AuditFault::Hash(row.position)),
                    Some(_) => {}
                }
                position = row.position;
                hash = row.hash;
                report.chained += 1;
            }
        }
        report.head = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.verify_leaves(&mut report)?;
        Ok(report)
    }

    fn verify_leaves(&mut self, report: &mut AuditReport) -> Result<(), StoreError> {
        let pending: i64 = on!(self, c => audit_pending::table.count().get_result(*c))?;
        report.pending = u64::try_from(pending).unwrap_or(0);
        let outside: Vec<i64> = on!(self, c => audit_leaf::table
            .filter(diesel::dsl::not(diesel::dsl::exists(audit_chain::table.filter(audit_chain::leaf_id.eq(audit_leaf::id)))))
            .filter(diesel::dsl::not(diesel::dsl::exists(audit_pending::table.filter(audit_pending::leaf_id.eq(audit_leaf::id)))))
            .order(audit_leaf::id)
            .limit(BATCH)
            .select(audit_leaf::id)
            .load(*c))?;
        report.faults.extend(outside.into_iter().map(AuditFault::LeafUnchained));
        let gone: Vec<i64> = on!(self, c => audit_pending::table
            .filter(diesel::dsl::not(diesel::dsl::exists(audit_leaf::table.filter(audit_leaf::id.eq(audit_pending::leaf_id)))))
            .order(audit_pending::leaf_id)
            .limit(BATCH)
            .select(audit_pending::leaf_id)
            .load(*c))?;
        report.faults.extend(gone.into_iter().map(AuditFault::WaitingLeafGone));
        Ok(())
    }
}

fn link(before: &[u8], leaf: &LeafRow) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(88);
    bytes.extend_from_slice(before);
    bytes.extend_from_slice(&leaf.id.to_be_bytes());
    bytes.extend_from_slice(&leaf.at.and_utc().timestamp_micros().to_be_bytes());
    bytes.extend_from_slice(&leaf.child_id.unwrap_or(0).to_be_bytes());
    bytes.extend_from_slice(digest(&SHA256, leaf.body.as_bytes()).as_ref());
    digest(&SHA256, &bytes).as_ref().to_vec()
}
