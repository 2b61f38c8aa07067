//! What the audit log says of one child.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::audit::Attribution;
use domain::identifiers::{ConsentId, OverrideId};
use domain::organisations::OrganisationCode;
use domain::partnerships::Needs;
use domain::policy::{Act, ChildFacts, Permit};
use serde::Deserialize;
use uuid::Uuid;

use crate::StoreError;
use crate::schema::audit_leaf;
use crate::transactions::{Tx, on};

/// Leaves that are read at a time.
const BATCH: i64 = 500;

/// A leaf, as far as it is known here: a log outlives the words it was written in, so closed lists are text,
/// and what is not known is left out.
#[derive(Debug, Clone, Deserialize)]
pub struct ToldLeaf {
    pub at: DateTime<Utc>,
    pub client: Option<String>,
    pub organisation: Option<OrganisationCode>,
    pub actor: Option<ToldActor>,
    pub operation: Option<String>,
    pub request_id: Option<Uuid>,
    #[serde(default)]
    pub act: String,
    #[serde(default)]
    pub outcome: String,
    pub reason: Option<String>,
    pub holder: Option<OrganisationCode>,
    pub recipient: Option<OrganisationCode>,
    #[serde(default)]
    pub purpose: String,
    #[serde(default)]
    pub data: String,
    #[serde(default)]
    pub pathways: Vec<String>,
    #[serde(default)]
    pub agreements: Vec<String>,
    #[serde(default)]
    pub grounds: Vec<String>,
    #[serde(default)]
    pub consents: Vec<ConsentId>,
    #[serde(default)]
    pub overrides: Vec<OverrideId>,
    pub resource: Option<Uuid>,
}

/// The person behind a call, as the calling system named them.
#[derive(Debug, Clone, Deserialize)]
pub struct ToldActor {
    pub id: String,
    pub role: String,
    pub reason: String,
}

/// What the log says of a child, and what it takes to understand it.
#[derive(Debug, Clone, Default)]
pub struct ChildLog {
    /// Oldest first, each with its row.
    pub leaves: Vec<(i64, ToldLeaf)>,
    pub facts: ChildFacts,
}

impl Tx<'_> {
    /// At most `limit` leaves about the permit's child after a row, with a leaf of their own; nothing where there is no
    /// child. Readings of this very report are left out: by them a child that is held and was never disclosed would
    /// differ from one that is not held.
    pub fn disclosures(
        &mut self,
        permit: &Permit,
        (mut after, limit): (i64, usize),
        needs: Needs,
        by: &Attribution,
    ) -> Result<ChildLog, StoreError> {
        let ask = permit.ask();
        if ask.act != Act::ReadDisclosures {
            return Err(StoreError::Corrupt("a permit for something else"));
        }
        let mut log = ChildLog::default();
        if let Some(child) = ask.child {
            log.facts = self.child_facts(child, needs)?;
            loop {
                let rows: Vec<(i64, Option<String>)> = on!(self, c => audit_leaf::table
                    .filter(audit_leaf::child_id.eq(child.0).and(audit_leaf::id.gt(after)))
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
        self.leave_permitted(permit, by)?;
        Ok(log)
    }
}

/// A leaf's body, whatever else stands in it.
fn told(body: &str) -> Result<ToldLeaf, StoreError> {
    serde_json::from_str(body).map_err(|_| StoreError::Corrupt("a leaf of the audit log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_with_more_or_less_in_it_is_still_told() {
        let leaf = told(r#"{"at":"2026-11-03T14:05:00Z","event":"waits-read","act":"dance","more":{"a":[1]},"actor":{"id":"a","role":"b","reason":"c","x":1}}"#)
            .unwrap();
        assert_eq!((leaf.act.as_str(), leaf.outcome.as_str(), leaf.actor.unwrap().role.as_str()), ("dance", "", "b"));
        assert!(told("{}").is_err() && told("nothing").is_err());
    }
}
