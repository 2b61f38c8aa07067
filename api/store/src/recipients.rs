//! Finds in the audit log who was given data: they must be told of an erasure or a correction too (UK GDPR art 19).

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::{Act, AuditOutcome, ChildId, DataClass, OrganisationCode};
use serde::Deserialize;

use crate::StoreError;
use crate::rows::from_json;
use crate::schema::audit_leaf;
use crate::transactions::{Tx, on};

/// Audit entries read at a time.
const BATCH: i64 = 1_000;

/// The parts of an audit entry that show whether something was disclosed.
#[derive(Deserialize)]
pub(crate) struct Told {
    act: String,
    outcome: String,
    pub(crate) holder: OrganisationCode,
    pub(crate) recipient: OrganisationCode,
    pub(crate) data: DataClass,
}

impl Told {
    /// Whether somebody was given another's data.
    pub(crate) fn is_disclosure(&self) -> bool {
        self.act == Act::Disclose.as_str() && self.outcome == AuditOutcome::Permitted.as_str() && self.recipient != self.holder
    }
}

impl Tx<'_> {
    /// The organisations to which a holder's data of these classes about a child were disclosed.
    pub(crate) fn recipients(
        &mut self,
        holder: OrganisationCode,
        child: ChildId,
        classes: &[DataClass],
    ) -> Result<Vec<OrganisationCode>, StoreError> {
        let joined: Vec<i64> = self.same_child(child, |_| false)?.into_iter().map(|id| id.0).collect();
        let (mut found, mut after) = (BTreeSet::new(), 0);
        loop {
            let rows: Vec<(i64, Option<String>)> = on!(self, c => audit_leaf::table
                .filter(audit_leaf::child_id.eq_any(&joined).and(audit_leaf::id.gt(after)))
                .order(audit_leaf::id)
                .limit(BATCH)
                .select((audit_leaf::id, audit_leaf::body))
                .load(*c))?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for body in rows.iter().filter_map(|(_, body)| body.as_deref()) {
                let told: Told = from_json(body.as_bytes(), "a leaf of the log")?;
                if told.is_disclosure() && told.holder == holder && classes.contains(&told.data) {
                    found.insert(told.recipient);
                }
            }
        }
        Ok(found.into_iter().collect())
    }
}
