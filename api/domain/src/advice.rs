//! Health advice for an EHC needs assessment: a council asks, a health body answers within six
//! weeks of the day it received the request (SEND Regulations 2014, regs 6(1) and 8(1)).

use chrono::NaiveDate;

use crate::clocks::{Clock, Duty};
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
    /// Where a request for advice stands.
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
pub fn clock(received_on: NaiveDate, submitted_on: Option<NaiveDate>, today: NaiveDate) -> Clock {
    Duty::GiveAdvice.clock(received_on, submitted_on, today)
}
