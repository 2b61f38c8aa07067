//! The sequencer: appends waiting leaves to the tree, and empties the bodies of leaves past their retention.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::{dsl, sql_query};

use super::trees::{Frontier, Node};
use super::{LEAF, LeafRow};
use crate::StoreError;
use crate::schema::{audit_entry, audit_leaf, audit_node, audit_pending};
use crate::transactions::{Handle, Tx, on};

/// The most leaves appended in one transaction: few enough not to hold up traffic.
const BATCH: i64 = 1_000;
/// The key of the advisory lock that one gateway holds while it appends.
const APPENDING: i64 = 7_364_657;

/// How many leaves may wait, and how long bodies are kept.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// The most leaves that may wait to be appended. Above this, `Store::transaction` refuses work.
    pub most_waiting: u32,
    /// How many days a leaf keeps its body.
    pub keep_days: u32,
}

/// Whether too many leaves are waiting. Checked every second, not in every transaction.
#[derive(Debug, Default)]
pub(crate) struct Backlog(AtomicBool);

impl Backlog {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) { Err(StoreError::LogBehind) } else { Ok(()) }
    }

    pub(crate) fn set(&self, is_full: bool) {
        self.0.store(is_full, Ordering::Relaxed);
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// Does on SQLite what the function `audit_prune` does on PostgreSQL.
const PRUNE_SQLITE: &str = "
    UPDATE audit_leaf SET body = NULL WHERE id IN (
        SELECT id FROM audit_leaf JOIN audit_entry ON leaf_id = id
        WHERE body IS NOT NULL AND at < (SELECT strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || keep_days || ' days') FROM audit_retention)
        ORDER BY at LIMIT ?
    )";

impl Tx<'_> {
    /// Appends a batch of waiting leaves, and answers whether more may be waiting. Does nothing while another gateway
    /// is appending.
    pub(crate) fn append_audit(&mut self) -> Result<bool, StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            let ours: bool =
                diesel::select(dsl::sql::<Bool>(&format!("pg_try_advisory_xact_lock({APPENDING})"))).get_result(*connection)?;
            if !ours {
                return Ok(false);
            }
        }
        let waiting: Vec<LeafRow> = on!(self, c => audit_pending::table
            .inner_join(audit_leaf::table.on(audit_leaf::id.eq(audit_pending::leaf_id)))
            .order(audit_pending::leaf_id)
            .limit(BATCH)
            .select(LEAF)
            .load(*c))?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let mut tree = self.frontier()?;
        let (mut entries, mut nodes) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
        for leaf in &waiting {
            let hash = leaf.hash();
            let position = signed(tree.size())?;
            entries.push((audit_entry::position.eq(position), audit_entry::leaf_id.eq(leaf.id), audit_entry::hash.eq(hash.to_vec())));
            tree.push(hash, |node, hash| nodes.push((node, hash)));
        }
        let nodes: Vec<_> = nodes
            .into_iter()
            .map(|(Node { level, index }, hash)| {
                let level = i32::try_from(level).map_err(|_| StoreError::Corrupt("a tree too high"))?;
                Ok((audit_node::level.eq(level), audit_node::position.eq(signed(index)?), audit_node::hash.eq(hash.to_vec())))
            })
            .collect::<Result<_, StoreError>>()?;
        let ids: Vec<i64> = waiting.iter().map(|leaf| leaf.id).collect();
        on!(self, c => diesel::insert_into(audit_entry::table).values(&entries).execute(*c))?;
        on!(self, c => diesel::insert_into(audit_node::table).values(&nodes).execute(*c))?;
        on!(self, c => diesel::delete(audit_pending::table.filter(audit_pending::leaf_id.eq_any(&ids))).execute(*c))?;
        Ok(i64::try_from(ids.len()).is_ok_and(|appended| appended == BATCH))
    }

    fn frontier(&mut self) -> Result<Frontier, StoreError> {
        let size = self.tree_size()?;
        let hashes = self.hashes_of(&super::trees::Span::whole(size).nodes())?;
        Ok(Frontier::resume(size, hashes))
    }

    /// Whether more than `most` leaves are waiting.
    pub(crate) fn is_behind(&mut self, most: u32) -> Result<bool, StoreError> {
        let query =
            || sql_query("SELECT count(*) AS value FROM (SELECT 1 FROM audit_pending LIMIT 1 OFFSET ").sql(format!("{most}) AS more"));
        let more: Number = on!(self, c => query().get_result(*c))?;
        Ok(more.value > 0)
    }

    /// Empties the bodies of the oldest leaves past their retention, at most `most`. Answers how many.
    pub(crate) fn prune_audit(&mut self, most: i64) -> Result<u64, StoreError> {
        let pruned = match &mut self.handle {
            Handle::Sqlite(connection) => i64::try_from(sql_query(PRUNE_SQLITE).bind::<BigInt, _>(most).execute(*connection)?).unwrap_or(0),
            Handle::Postgres(connection) => {
                sql_query("SELECT audit_prune($1) AS value").bind::<BigInt, _>(most).get_result::<Number>(*connection)?.value
            }
        };
        Ok(u64::try_from(pruned).unwrap_or(0))
    }
}

pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt("a log too long"))
}
