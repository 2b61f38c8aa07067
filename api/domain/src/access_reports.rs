//! What the audit log says about one child: the data of an access report.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::identifiers::{ConsentId, OverrideId};
use crate::organisations::OrganisationCode;
use crate::policy::ChildFacts;

/// An audit entry, as far as it is known here. An older version may have written the log, so closed lists are text, and
/// what is not known is left out.
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

/// What the log says about a child, and the facts needed to understand it.
#[derive(Debug, Clone, Default)]
pub struct ChildLog {
    /// Oldest first, each with its row.
    pub leaves: Vec<(i64, ToldLeaf)>,
    pub facts: ChildFacts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_extra_or_missing_fields_is_still_read() {
        let told = |body| serde_json::from_str::<ToldLeaf>(body);
        let leaf = told(r#"{"at":"2026-11-03T14:05:00Z","event":"waits-read","act":"dance","more":{"a":[1]},"actor":{"id":"a","role":"b","reason":"c","x":1}}"#)
            .unwrap();
        assert_eq!((leaf.act.as_str(), leaf.outcome.as_str(), leaf.actor.unwrap().role.as_str()), ("dance", "", "b"));
        assert!(told("{}").is_err() && told("nothing").is_err());
    }
}
