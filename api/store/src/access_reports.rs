//! What the audit log says of one child.

use diesel::prelude::*;
use domain::{Act, AgreementNeeds, Attribution, ChildLog, DataClass, Permit, ToldLeaf};

use crate::StoreError;
use crate::schema::audit_leaf;
use crate::terms::Terms;
use crate::transactions::{Tx, on};

/// Leaves that are read at a time.
const BATCH: i64 = 500;

impl Tx<'_> {
    /// At most `limit` leaves about the permit's child after a row, with a leaf of their own; nothing where there is no
    /// child. Readings of this very report are left out: by them a child that is held and was never disclosed would
    /// differ from one that is not held.
    pub fn child_log(
        &mut self,
        permit: &Permit,
        (mut after, limit): (i64, usize),
        needs: AgreementNeeds,
        by: &Attribution,
    ) -> Result<ChildLog, StoreError> {
        let (_, child) = Terms::of(Act::ReadDisclosures, DataClass::WaitingListStatus).of_anybody(permit)?;
        let mut log = ChildLog::default();
        if let Some(child) = child {
            log.facts = self.child_facts(child, needs, |_| false)?;
            let same: Vec<i64> = self.same_child(child, |_| false)?.into_iter().map(|id| id.0).collect();
            loop {
                let rows: Vec<(i64, Option<String>)> = on!(self, c => audit_leaf::table
                    .filter(audit_leaf::child_id.eq_any(&same).and(audit_leaf::id.gt(after)))
                    .order(audit_leaf::id)
                    .limit(BATCH)
                    .select((audit_leaf::id, audit_leaf::body))
                    .load(*c))?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                for (row, body) in rows {
                    let told = body.as_deref().map(told).transpose()?;
                    log.leaves.extend(told.filter(|leaf| leaf.act != Act::ReadDisclosures.as_str()).map(|leaf| (row, leaf)));
                }
                if log.leaves.len() >= limit {
                    log.leaves.truncate(limit);
                    break;
                }
            }
        }
        self.log_permitted(permit, by)?;
        Ok(log)
    }
}

/// A leaf's body, whatever else stands in it.
fn told(body: &str) -> Result<ToldLeaf, StoreError> {
    serde_json::from_str(body).map_err(|_| StoreError::Corrupt("a leaf of the audit log"))
}
