//! What the audit log says of each disclosure and each refusal.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::agreements::{DataClass, Purpose};
use crate::identifiers::{ChildId, ConsentId, OverrideId};
use crate::organisations::OrganisationCode;
use crate::pathways::PathwaySet;
use crate::policy::{Act, Ground, Permit, Reason, Refusal};

/// The person behind a call, as the calling system names them. `role` is `system` for an
/// unattended call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    pub id: String,
    pub role: String,
    pub reason: String,
}

/// Who did it.
#[derive(Debug, Clone, Serialize)]
pub struct Attribution {
    pub client: String,
    pub organisation: OrganisationCode,
    pub actor: Option<Actor>,
    /// The operation's name in the OpenAPI document.
    pub operation: &'static str,
    pub request_id: uuid::Uuid,
}

closed! {
    /// Whether the flow happened.
    pub enum Outcome {
        Permitted = "permitted",
        Refused = "refused",
    }
}

/// One entry of the log. It names the child by the gateway's own id alone.
#[derive(Debug, Clone, Serialize)]
pub struct Leaf<'a> {
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub by: &'a Attribution,
    pub act: Act,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<ChildId>,
    pub agreements: Vec<&'a str>,
    /// What a permitted flow rested on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
    pub consents: Vec<ConsentId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideId>,
    /// The decision, restriction or override that the act was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<uuid::Uuid>,
}

impl<'a> Leaf<'a> {
    /// The leaf of a flow that was let happen.
    pub fn permitted(permit: &'a Permit, by: &'a Attribution) -> Self {
        let ask = permit.ask();
        Self {
            at: permit.at(),
            by,
            act: ask.act,
            outcome: Outcome::Permitted,
            reason: None,
            holder: ask.holder,
            recipient: ask.recipient,
            purpose: ask.purpose,
            data: ask.data,
            pathways: permit.pathways(),
            child: ask.child,
            agreements: permit.grants().iter().map(|grant| grant.agreement()).collect(),
            grounds: permit.grounds(),
            consents: permit.grants().iter().flat_map(|grant| grant.consents()).copied().collect(),
            overrides: permit.grants().iter().flat_map(|grant| grant.overrides()).copied().collect(),
            item: ask.item,
        }
    }

    /// The leaf of a flow that was refused.
    pub fn refused(refusal: &'a Refusal, by: &'a Attribution, at: DateTime<Utc>) -> Self {
        let ask = &refusal.ask;
        Self {
            at,
            by,
            act: ask.act,
            outcome: Outcome::Refused,
            reason: Some(refusal.reason),
            holder: ask.holder,
            recipient: ask.recipient,
            purpose: ask.purpose,
            data: ask.data,
            pathways: ask.pathways,
            child: ask.child,
            agreements: refusal.agreement.as_deref().into_iter().collect(),
            grounds: Vec::new(),
            consents: refusal.consent.into_iter().collect(),
            overrides: Vec::new(),
            item: ask.item,
        }
    }
}
