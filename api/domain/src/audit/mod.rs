//! What the audit log says about each disclosure and each refusal.

mod events;
mod heads;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use crate::agreements::{DataClass, Purpose};
use crate::identifiers::{ChildId, ConsentId, OverrideId};
use crate::operations::{Event, Operation};
use crate::organisations::OrganisationCode;
use crate::pathways::PathwaySet;
use crate::policy::{Act, Ground, Permit, Refusal, RefusalReason};

pub use events::event_catalogue;
pub use heads::{LogHash, TreeHead};

/// The person behind a call, as the calling system names them. `role` is `system` for an
/// unattended call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    pub id: String,
    pub role: String,
    pub reason: String,
}

/// Who made a call, and for what.
#[derive(Debug, Clone, Serialize)]
pub struct Attribution {
    pub client: String,
    pub organisation: OrganisationCode,
    pub actor: Option<Actor>,
    pub operation: Operation,
    pub request_id: uuid::Uuid,
    /// The request, case or release that the call named or made.
    #[serde(skip)]
    pub resource: Option<uuid::Uuid>,
}

impl Attribution {
    /// The same call, about one resource.
    #[must_use]
    pub fn about(self, resource: uuid::Uuid) -> Self {
        Self { resource: Some(resource), ..self }
    }
}

closed! {
    /// Whether the flow happened.
    pub enum AuditOutcome {
        Permitted = "permitted",
        Refused = "refused",
    }
}

/// One entry of the log. Its text names no child.
#[derive(Debug, Clone, Serialize)]
pub struct Leaf<'a> {
    pub event: Event,
    /// To the microsecond, as both databases keep it.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub by: &'a Attribution,
    /// What the call named or made, or else the one decision, restriction or the like that the act is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<uuid::Uuid>,
    pub act: Act,
    pub outcome: AuditOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    /// The store binds this into the entry's hash, with a salt.
    #[serde(skip)]
    pub child: Option<ChildId>,
    pub agreements: Vec<&'a str>,
    /// What a permitted flow relied on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
    pub consents: Vec<ConsentId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideId>,
}

impl<'a> Leaf<'a> {
    /// The entry for a permitted flow; `None` for an operation that is not in the catalogue.
    pub fn permitted(permit: &'a Permit, by: &'a Attribution) -> Option<Self> {
        let ask = permit.ask();
        Some(Self {
            event: by.operation.event()?,
            at: permit.at().trunc_subsecs(6),
            by,
            resource: by.resource.or(ask.item),
            act: ask.act,
            outcome: AuditOutcome::Permitted,
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
        })
    }

    /// The same entry, about a decision that the act makes or ends.
    #[must_use]
    pub fn about(self, consent: ConsentId) -> Self {
        Self { consents: vec![consent], ..self }
    }

    /// The entry for a refused flow; `None` for an operation that is not in the catalogue.
    pub fn refused(refusal: &'a Refusal, by: &'a Attribution, at: DateTime<Utc>) -> Option<Self> {
        let ask = refusal.ask();
        Some(Self {
            event: by.operation.event()?,
            at: at.trunc_subsecs(6),
            by,
            resource: by.resource.or(ask.item),
            act: ask.act,
            outcome: AuditOutcome::Refused,
            reason: Some(refusal.reason()),
            holder: ask.holder,
            recipient: ask.recipient,
            purpose: ask.purpose,
            data: ask.data,
            pathways: ask.pathways,
            child: ask.child,
            agreements: refusal.agreement().into_iter().collect(),
            grounds: Vec::new(),
            consents: refusal.consent().into_iter().collect(),
            overrides: Vec::new(),
        })
    }
}
