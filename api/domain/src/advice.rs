//! Health advice for an EHC needs assessment: a council asks, a health body answers within six
//! weeks of the day it received the request (SEND Regulations 2014, regs 6(1) and 8(1)).

use chrono::{DateTime, NaiveDate, Utc};

use crate::clocks::{Duty, StatutoryClock};
use crate::identifiers::{AdviceRequestId, ChildId};
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};

closed! {
    /// What advice is about.
    pub enum AdviceKind {
        Medical = "medical",
        Autism = "autism",
        Adhd = "adhd",
        SpeechAndLanguage = "speech-and-language",
        Audiology = "audiology",
        MentalHealth = "mental-health",
        OccupationalTherapy = "occupational-therapy",
        Physiotherapy = "physiotherapy",
        Other = "other",
    }
}

impl AdviceKind {
    /// The pathway whose agreement must cover this kind, if it belongs to one.
    pub fn pathway(self) -> Option<Pathway> {
        match self {
            Self::Autism => Some(Pathway::Autism),
            Self::Adhd => Some(Pathway::Adhd),
            Self::SpeechAndLanguage => Some(Pathway::SpeechAndLanguage),
            Self::Audiology => Some(Pathway::Audiology),
            Self::MentalHealth => Some(Pathway::MentalHealth),
            Self::Medical | Self::OccupationalTherapy | Self::Physiotherapy | Self::Other => None,
        }
    }

    /// The pathways that several kinds touch.
    pub fn pathways(kinds: &[Self]) -> PathwaySet {
        kinds.iter().filter_map(|kind| kind.pathway()).collect()
    }
}

closed! {
    /// The state of a request for advice.
    pub enum AdviceStatus {
        Requested = "requested",
        Acknowledged = "acknowledged",
        Submitted = "submitted",
    }
}

impl AdviceStatus {
    /// Whether the health body still owes an answer.
    pub fn is_open(self) -> bool {
        self != Self::Submitted
    }
}

/// A request. It names its child only by `child`, an id that stays in the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdviceRequest {
    pub id: AdviceRequestId,
    pub child: ChildId,
    pub requested_by: OrganisationCode,
    pub addressed_to: OrganisationCode,
    pub role: String,
    pub kinds: Vec<AdviceKind>,
    pub status: AdviceStatus,
    /// Whether the text of the advice is held: once submitted, it may have been erased.
    pub has_text: bool,
    /// The day the health body received it: where the six weeks start.
    pub received_on: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub submitted_at: Option<DateTime<Utc>>,
}

/// A request to be made. The permit says who asks whom about which child.
#[derive(Debug, Clone)]
pub struct AdviceRequestDraft {
    pub id: AdviceRequestId,
    pub role: String,
    pub kinds: Vec<AdviceKind>,
    pub case_reference: String,
    pub received_on: NaiveDate,
    pub receipt_evidence: Option<String>,
}

/// The advice was submitted, so its request cannot be acknowledged any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadySubmitted;

/// The advice was erased. It is not taken again unless the council makes a new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdviceErased;

impl AdviceRequest {
    /// Marks it as received and understood. This stops no clock. If it was acknowledged before, the first time is kept.
    pub fn acknowledge(self, at: DateTime<Utc>) -> Result<Self, AlreadySubmitted> {
        match self.status {
            AdviceStatus::Requested | AdviceStatus::Acknowledged => {
                Ok(Self { status: AdviceStatus::Acknowledged, acknowledged_at: self.acknowledged_at.or(Some(at)), changed_at: at, ..self })
            }
            AdviceStatus::Submitted => Err(AlreadySubmitted),
        }
    }

    /// Marks it as answered, which also acknowledges it. If it was submitted before, the text is replaced and the first
    /// time is kept.
    pub fn submit(self, at: DateTime<Utc>) -> Result<Self, AdviceErased> {
        if self.is_erased() {
            return Err(AdviceErased);
        }
        Ok(Self {
            status: AdviceStatus::Submitted,
            has_text: true,
            acknowledged_at: self.acknowledged_at.or(Some(at)),
            submitted_at: self.submitted_at.or(Some(at)),
            changed_at: at,
            ..self
        })
    }

    /// Whether advice was submitted and its text is gone.
    pub fn is_erased(&self) -> bool {
        self.status == AdviceStatus::Submitted && !self.has_text
    }
}

/// The advice: each part is required, because the law requires each to be covered (reg 6(1)).
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Advice {
    pub needs: String,
    pub provision: String,
    pub outcomes: String,
    pub author_role: String,
}

/// The clock of a request. Only the request's receipt starts it and only the advice stops it: an
/// acknowledgement, a holding letter or a waiting list does neither.
pub fn advice_clock(received_on: NaiveDate, submitted_on: Option<NaiveDate>, today: NaiveDate) -> StatutoryClock {
    Duty::GiveAdvice.clock(received_on, submitted_on, today)
}

#[cfg(test)]
mod tests;
