//! What a family decided about sharing. This is consent in the sense of the duty of confidence:
//! it stands beside the statutory basis of the processing, never in its place.

use chrono::{DateTime, NaiveDate, Utc};

use crate::agreements::{DataClass, Purpose};
use crate::identifiers::ConsentId;
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};

closed! {
    /// What was decided.
    pub enum ConsentDecision {
        Permit = "permit",
        Deny = "deny",
        Objection = "objection",
    }
}

closed! {
    /// Who decided, by the capacity in which they did.
    pub enum DecidedBy {
        Parent = "parent",
        YoungPerson = "young-person",
        CompetentChild = "competent-child",
        Guardian = "guardian",
        McaRepresentative = "mca-representative",
    }
}

/// A decision: these data of these pathways, to this recipient, for this purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub purpose: Purpose,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub recipient: OrganisationCode,
    pub decided_by: DecidedBy,
    pub valid_from: NaiveDate,
    /// Its last day, inclusive.
    pub valid_to: Option<NaiveDate>,
    pub recorded_by: OrganisationCode,
    pub withdrawn_at: Option<DateTime<Utc>>,
}

closed! {
    /// How a decision bears on a day.
    pub enum Standing {
        InForce = "in-force",
        NotYetValid = "not-yet-valid",
        Expired = "expired",
        Withdrawn = "withdrawn",
    }
}

impl Consent {
    /// Where the decision stands. A withdrawal that has been recorded ends it at once.
    pub fn standing(&self, today: NaiveDate) -> Standing {
        if self.withdrawn_at.is_some() {
            Standing::Withdrawn
        } else if today < self.valid_from {
            Standing::NotYetValid
        } else if self.valid_to.is_some_and(|last| last < today) {
            Standing::Expired
        } else {
            Standing::InForce
        }
    }

    /// Whether the decision is about this flow at all.
    pub fn is_about(&self, purpose: Purpose, data: DataClass, pathway: Pathway, recipient: OrganisationCode) -> bool {
        self.purpose == purpose && self.recipient == recipient && self.data.contains(&data) && self.pathways.contains(pathway)
    }
}
