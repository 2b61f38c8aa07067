//! Roots and proofs, made from stored hashes. Each takes a few dozen look-ups, however long the log is.

use diesel::prelude::*;
use domain::{LogHash, TreeHead};

use super::appending::signed;
use super::trees::{self, Node, Span};
use crate::StoreError;
use crate::schema::{audit_entry, audit_node};
use crate::transactions::{Tx, on};

/// Proof that an entry is in the tree of a given size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    pub leaf_hash: LogHash,
    pub head: TreeHead,
    /// From the leaf to the root (RFC 9162, 2.1.3).
    pub path: Vec<LogHash>,
}

/// Proof that a tree begins with a smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    pub from: TreeHead,
    pub to: TreeHead,
    /// RFC 9162, 2.1.4. Empty where the two are the same, or the smaller is empty.
    pub path: Vec<LogHash>,
}

impl Tx<'_> {
    pub(super) fn tree_size(&mut self) -> Result<u64, StoreError> {
        let last: Option<i64> = on!(self, c => audit_entry::table.select(diesel::dsl::max(audit_entry::position)).first(*c))?;
        last.map_or(Ok(0), |last| u64::try_from(last).map(|last| last + 1).map_err(|_| StoreError::Corrupt("a position below 0")))
    }

    /// The head of the log, up to the last appended entry.
    pub fn tree_head(&mut self) -> Result<TreeHead, StoreError> {
        let size = self.tree_size()?;
        self.tree_head_at(size)
    }

    fn tree_head_at(&mut self, size: u64) -> Result<TreeHead, StoreError> {
        Ok(TreeHead { size, root: self.hash_of(Span::whole(size))? })
    }

    /// The proof for the entry at an index, counted from 0. `None` where the tree of that size does not exist yet, or
    /// does not have the entry.
    pub fn inclusion(&mut self, index: u64, size: u64) -> Result<Option<Inclusion>, StoreError> {
        if index >= size || size > self.tree_size()? {
            return Ok(None);
        }
        let leaf_hash = self.hash_at(Node { level: 0, index })?;
        let path = self.hashes_of_spans(&trees::inclusion(index, size))?;
        Ok(Some(Inclusion { leaf_hash, head: self.tree_head_at(size)?, path }))
    }

    /// The proof that the tree of size `to` begins with that of size `from`. `None` where there is no such tree.
    pub fn consistency(&mut self, from: u64, to: u64) -> Result<Option<Consistency>, StoreError> {
        if from > to || to > self.tree_size()? {
            return Ok(None);
        }
        let path = self.hashes_of_spans(&trees::consistency(from, to))?;
        Ok(Some(Consistency { from: self.tree_head_at(from)?, to: self.tree_head_at(to)?, path }))
    }

    fn hashes_of_spans(&mut self, spans: &[Span]) -> Result<Vec<LogHash>, StoreError> {
        spans.iter().map(|span| self.hash_of(*span)).collect()
    }

    fn hash_of(&mut self, span: Span) -> Result<LogHash, StoreError> {
        self.hashes_of(&span.nodes()).map(|hashes| trees::fold(&hashes))
    }

    pub(super) fn hashes_of(&mut self, nodes: &[Node]) -> Result<Vec<LogHash>, StoreError> {
        nodes.iter().map(|node| self.hash_at(*node)).collect()
    }

    fn hash_at(&mut self, node: Node) -> Result<LogHash, StoreError> {
        let position = signed(node.index)?;
        let hash: Option<Vec<u8>> = if node.level == 0 {
            on!(self, c => audit_entry::table.find(position).select(audit_entry::hash).first(*c).optional())?
        } else {
            let level = i32::try_from(node.level).unwrap_or(i32::MAX);
            on!(self, c => audit_node::table.find((level, position)).select(audit_node::hash).first(*c).optional())?
        };
        hash.and_then(|hash| hash.try_into().ok()).ok_or(StoreError::Corrupt("a hash of the audit log"))
    }
}
