//! Checks the whole log, offline: nothing is migrated, appended or written.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::{LogHash, TreeHead};

use super::trees::{self, Frontier};
use super::{LEAF, LeafRow};
use crate::StoreError;
use crate::databases;
use crate::schema::{audit_entry, audit_leaf, audit_node, audit_pending};
use crate::transactions::{Handle, on};

/// Rows read at a time. Even, because each hash is made from two below it.
const BATCH: i64 = 5_000;
/// The most faults that are listed one by one.
const TOLD: usize = 100;

/// What the log is checked against.
#[derive(Debug, Clone, Copy)]
pub struct AuditCheck {
    pub now: DateTime<Utc>,
    /// How many days a leaf must keep its body.
    pub keep_days: u32,
    /// A checkpoint: a state that the log is known to have been in.
    pub against: Option<TreeHead>,
}

/// What a check of the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The head computed from the leaves, not from the stored hashes.
    pub head: TreeHead,
    /// Leaves that wait to be appended.
    pub pending: u64,
    /// Leaves whose body was deleted after its retention.
    pub pruned: u64,
    /// How many entries the checkpoint vouches for.
    pub vouched: Option<u64>,
    /// The first hundred faults.
    pub faults: Vec<AuditFault>,
    /// How many faults there are in all.
    pub fault_count: u64,
}

/// Something that should not be in an append-only log. Positions are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// The log skips to a position.
    Position(i64),
    /// The hash of an entry is not that of its leaf.
    Hash(i64),
    /// The leaf of an entry is gone.
    LeafGone(i64),
    /// A leaf's body is not the one that was hashed.
    Body(i64),
    /// A leaf lost its body before its retention ended.
    PrunedEarly(i64),
    /// A leaf is neither in the log nor waiting for it.
    LeafOutside(i64),
    /// A leaf that waited to be appended is gone.
    WaitingLeafGone(i64),
    /// A leaf waits although it is in the log.
    WaitingTwice(i64),
    /// A hash over other hashes is missing, wrong or should not exist.
    Node { level: i32, position: i64 },
    /// The log is shorter than the checkpoint says it was.
    Shorter { checkpoint: u64 },
    /// The log does not begin with what the checkpoint was signed over.
    OtherHistory { checkpoint: u64 },
}

impl AuditReport {
    /// Whether no fault was found.
    pub fn is_whole(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, fault: AuditFault) {
        self.fault_count += 1;
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }
}

impl std::fmt::Display for AuditReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use base64::Engine as _;
        if !self.is_whole() {
            write!(f, "the log is NOT whole: {} faults", self.fault_count)?;
            return self.faults.iter().take(20).try_for_each(|fault| write!(f, "\n  {fault:?}"));
        }
        let root = base64::engine::general_purpose::STANDARD.encode(self.head.root);
        write!(f, "the log is whole: {} entries, {} waiting, {} pruned, root {root}", self.head.size, self.pending, self.pruned)?;
        self.vouched.map_or(Ok(()), |size| write!(f, "; it extends the checkpoint of {size}"))
    }
}

/// Checks the log of a database, which may be in use. It blocks, and writes nothing.
pub fn verify_audit(url: &str, check: AuditCheck) -> Result<AuditReport, StoreError> {
    if databases::is_postgres(url) {
        let mut connection = PgConnection::establish(url).map_err(|error| StoreError::Away(error.to_string()))?;
        connection.build_transaction().read_only().repeatable_read().run(|c| Reading { handle: Handle::Postgres(c) }.verify(check))
    } else {
        let mut connection = databases::sqlite::connect_to_read(Path::new(databases::sqlite_path(url)))?;
        connection.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON")?;
        connection.transaction(|c| Reading { handle: Handle::Sqlite(c) }.verify(check))
    }
}

struct Reading<'a> {
    handle: Handle<'a>,
}

impl Reading<'_> {
    fn verify(&mut self, check: AuditCheck) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport {
            head: TreeHead { size: 0, root: trees::fold(&[]) },
            pending: 0,
            pruned: 0,
            vouched: None,
            faults: Vec::new(),
            fault_count: 0,
        };
        self.verify_entries(&mut report, check)?;
        self.verify_nodes(&mut report)?;
        self.verify_leaves(&mut report)?;
        Ok(report)
    }

    fn verify_entries(&mut self, report: &mut AuditReport, check: AuditCheck) -> Result<(), StoreError> {
        let kept_from = check.now - TimeDelta::days(i64::from(check.keep_days));
        let mut tree = Frontier::default();
        check_head(&tree, check.against, report);
        let mut next = 0;
        loop {
            let rows: Vec<(i64, Vec<u8>, Option<LeafRow>)> = on!(self, c => audit_entry::table
                .left_join(audit_leaf::table.on(audit_leaf::id.eq(audit_entry::leaf_id)))
                .filter(audit_entry::position.ge(next))
                .order(audit_entry::position)
                .limit(BATCH)
                .select((audit_entry::position, audit_entry::hash, LEAF.nullable()))
                .load(*c))?;
            if rows.is_empty() {
                break;
            }
            for (position, hash, leaf) in rows {
                if position != next {
                    report.fault(AuditFault::Position(position + 1));
                }
                next = position + 1;
                let computed = match &leaf {
                    None => {
                        report.fault(AuditFault::LeafGone(next));
                        // Go on with the stored hash, so that one lost leaf is not reported as many faults.
                        LogHash::try_from(hash.as_slice()).unwrap_or_default()
                    }
                    Some(leaf) => {
                        check_body(leaf, next, kept_from, report);
                        leaf.hash()
                    }
                };
                if computed.as_slice() != hash {
                    report.fault(AuditFault::Hash(next));
                }
                tree.push(computed, |_, _| {});
                check_head(&tree, check.against, report);
            }
        }
        report.head = TreeHead { size: tree.size(), root: tree.root() };
        if let Some(checkpoint) = check.against.filter(|checkpoint| checkpoint.size > tree.size()) {
            report.fault(AuditFault::Shorter { checkpoint: checkpoint.size });
        }
        Ok(())
    }

    /// Checks each stored hash over other hashes against the two below it.
    fn verify_nodes(&mut self, report: &mut AuditReport) -> Result<(), StoreError> {
        let size = i64::try_from(report.head.size).map_err(|_| StoreError::Corrupt("a log too long"))?;
        let mut level = 1;
        while size >> level > 0 {
            let expected = size >> level;
            let mut from = 0;
            while from < expected {
                let to = expected.min(from + BATCH / 2);
                let below = self.hashes(level - 1, 2 * from, 2 * to)?;
                let above = self.hashes(level, from, to)?;
                for position in from..to {
                    let expected =
                        below.get(&(2 * position)).zip(below.get(&(2 * position + 1))).map(|(left, right)| trees::join(left, right));
                    if expected.is_none() || expected.as_ref() != above.get(&position) {
                        report.fault(AuditFault::Node { level, position: position + 1 });
                    }
                }
                from = to;
            }
            self.verify_edge(level, expected, report)?;
            level += 1;
        }
        let beyond = audit_node::level.lt(1).or(audit_node::level.ge(level));
        let beyond: Vec<(i32, i64)> = on!(self, c => audit_node::table
            .filter(beyond)
            .limit(BATCH)
            .select((audit_node::level, audit_node::position))
            .load(*c))?;
        beyond.into_iter().for_each(|(level, position)| report.fault(AuditFault::Node { level, position: position + 1 }));
        Ok(())
    }

    /// Reports the hashes on a level that lie before or after those that belong there.
    fn verify_edge(&mut self, level: i32, expected: i64, report: &mut AuditReport) -> Result<(), StoreError> {
        let outside: Vec<i64> = on!(self, c => audit_node::table
            .filter(audit_node::level.eq(level).and(audit_node::position.ge(expected).or(audit_node::position.lt(0))))
            .limit(BATCH)
            .select(audit_node::position)
            .load(*c))?;
        outside.into_iter().for_each(|position| report.fault(AuditFault::Node { level, position: position + 1 }));
        Ok(())
    }

    fn hashes(&mut self, level: i32, from: i64, to: i64) -> Result<BTreeMap<i64, LogHash>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = if level == 0 {
            on!(self, c => audit_entry::table
                .filter(audit_entry::position.ge(from).and(audit_entry::position.lt(to)))
                .select((audit_entry::position, audit_entry::hash))
                .load(*c))?
        } else {
            let there = audit_node::position.ge(from).and(audit_node::position.lt(to));
            on!(self, c => audit_node::table
                .filter(audit_node::level.eq(level).and(there))
                .select((audit_node::position, audit_node::hash))
                .load(*c))?
        };
        Ok(rows.into_iter().filter_map(|(position, hash)| Some((position, hash.try_into().ok()?))).collect())
    }

    /// Checks that every leaf is either in the log or waiting for it, and not both.
    fn verify_leaves(&mut self, report: &mut AuditReport) -> Result<(), StoreError> {
        use diesel::dsl::{exists, not};
        let pending: i64 = on!(self, c => audit_pending::table.count().get_result(*c))?;
        report.pending = u64::try_from(pending).unwrap_or(0);
        let outside: Vec<i64> = on!(self, c => audit_leaf::table
            .filter(not(exists(audit_entry::table.filter(audit_entry::leaf_id.eq(audit_leaf::id)))))
            .filter(not(exists(audit_pending::table.filter(audit_pending::leaf_id.eq(audit_leaf::id)))))
            .order(audit_leaf::id)
            .limit(BATCH)
            .select(audit_leaf::id)
            .load(*c))?;
        outside.into_iter().for_each(|leaf| report.fault(AuditFault::LeafOutside(leaf)));
        let gone: Vec<i64> = on!(self, c => audit_pending::table
            .filter(not(exists(audit_leaf::table.filter(audit_leaf::id.eq(audit_pending::leaf_id)))))
            .order(audit_pending::leaf_id)
            .limit(BATCH)
            .select(audit_pending::leaf_id)
            .load(*c))?;
        gone.into_iter().for_each(|leaf| report.fault(AuditFault::WaitingLeafGone(leaf)));
        let twice: Vec<i64> = on!(self, c => audit_pending::table
            .inner_join(audit_entry::table.on(audit_entry::leaf_id.eq(audit_pending::leaf_id)))
            .order(audit_pending::leaf_id)
            .limit(BATCH)
            .select(audit_pending::leaf_id)
            .load(*c))?;
        twice.into_iter().for_each(|leaf| report.fault(AuditFault::WaitingTwice(leaf)));
        Ok(())
    }
}

/// Compares the log with the checkpoint once both have the same size.
fn check_head(tree: &Frontier, against: Option<TreeHead>, report: &mut AuditReport) {
    let Some(checkpoint) = against.filter(|checkpoint| checkpoint.size == tree.size()) else { return };
    if checkpoint.root == tree.root() {
        report.vouched = Some(checkpoint.size);
    } else {
        report.fault(AuditFault::OtherHistory { checkpoint: checkpoint.size });
    }
}

fn check_body(leaf: &LeafRow, position: i64, kept_from: DateTime<Utc>, report: &mut AuditReport) {
    match &leaf.body {
        Some(body) if trees::sha256(body.as_bytes(), &[]).as_slice() != leaf.body_hash => report.fault(AuditFault::Body(position)),
        Some(_) => {}
        None if leaf.at.and_utc() >= kept_from => report.fault(AuditFault::PrunedEarly(position)),
        None => report.pruned += 1,
    }
}
