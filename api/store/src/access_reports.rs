//! What the audit log says about one child.

use diesel::prelude::*;
use domain::{Act, AgreementNeeds, Attribution, ChildLog, DataClass, Permit, ToldLeaf};

use crate::StoreError;
use crate::pages::PageAfter;
use crate::schema::audit_leaf;
use crate::terms::Terms;
use crate::transactions::{Tx, on};

/// Audit entries read at a time.
const BATCH: i64 = 500;

impl Tx<'_> {
    /// At most `limit` audit entries about the permit's child after a row; none where the permit names no child. The
    /// read itself is audited. Entries about reading this report are left out: they would show whether the gateway
    /// holds a child whose data was never disclosed.
    pub fn child_log(
        &mut self,
        permit: &Permit,
        page: PageAfter<i64>,
        needs: AgreementNeeds,
        by: &Attribution,
    ) -> Result<ChildLog, StoreError> {
        let (_, child) = Terms::of(Act::ReadDisclosures, DataClass::WaitingListStatus).of_anybody(permit)?;
        let PageAfter { mut after, limit } = page;
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

/// Reads the body of an audit entry. Fields that are not known are ignored.
fn told(body: &str) -> Result<ToldLeaf, StoreError> {
    serde_json::from_str(body).map_err(|_| StoreError::Corrupt("a leaf of the audit log"))
}
