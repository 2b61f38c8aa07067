//! A referral on a waiting list, as every adapter hands it over (contract, section 6).

mod checks;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::children::{ChildIdentifier, ChildReference};
use crate::codelists::VERIFIED_NUMBER;
use crate::issues::IssueCode;
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};
use crate::recognition::Recognised;

pub use checks::code_list_of;

closed! {
    /// The state of a referral. `waiting` and `on-hold` are open: a hold never ends a wait.
    pub enum ReferralStatus as "Status" {
        Waiting = "waiting",
        OnHold = "on-hold",
        Seen = "seen",
        Closed = "closed",
        Rejected = "rejected",
    }
}

impl ReferralStatus {
    /// Whether the child still waits.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::OnHold)
    }
}

closed! {
    /// The part of the pathway that a referral has reached.
    pub enum ReferralStage as "Stage" {
        Referral = "referral",
        Triage = "triage",
        FirstAppointment = "first-appointment",
        Assessment = "assessment",
        Treatment = "treatment",
    }
}

closed! {
    /// How a referral was last heard of.
    pub enum ReferralFlow as "Flow" {
        /// It was in the last submission of its list.
        Flowed = "flowed",
        /// Its row came but was rejected: the earlier record is held.
        Stale = "stale",
        /// It was open and missing from the last snapshot of its list. Never silently closed.
        NotFlowed = "not-flowed",
    }
}

/// The closed list of a column's values, where there is one: any other value is an error.
pub fn closed_values(field: &str) -> Option<Vec<&'static str>> {
    match field {
        "pathway" => Some(Pathway::ALL.iter().map(|pathway| pathway.as_str()).collect()),
        "stage" => Some(ReferralStage::ALL.iter().map(|stage| stage.as_str()).collect()),
        "status" => Some(ReferralStatus::ALL.iter().map(|status| status.as_str()).collect()),
        _ => None,
    }
}

impl ReferralFlow {
    /// Whether an open referral counts as open: only if a row for it came with the last submission of its list
    /// (reference, 8).
    pub fn counts_as_open(self) -> bool {
        self != Self::NotFlowed
    }
}

/// The referral that this one continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousReferral {
    pub referral_id: String,
    /// `None` means the same provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<OrganisationCode>,
}

/// The child was referred on, to another provider or team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnwardReferral {
    /// As it was sent: an ODS code, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub on: NaiveDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A time in which the provider has put the referral aside. It pauses no journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralHold {
    pub from: NaiveDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One referral to one provider. Its child is named beside it ([`crate::submissions::SubmittedRecord`]): the two are
/// kept apart wherever a referral is stored or shown. Codes are as they were sent; those outside their list were warned
/// about, not dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The provider's own id: unique within the provider, at most [`REFERRAL_ID_LENGTH`] characters.
    pub referral_id: String,
    pub pathways: PathwaySet,
    pub status: ReferralStatus,
    pub referral_received_date: NaiveDate,
    /// The codes that put it on its pathways; empty where the sender states them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recognised: Vec<Recognised>,
    pub details: ReferralDetails,
}

/// CSDS and MHSDS allow 20; other systems use UUIDs.
pub const REFERRAL_ID_LENGTH: usize = 50;

/// What a referral may carry beyond its required columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReferralDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_patient_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nhs_number_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ethnic_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsoa: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_la: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gp_practice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school_urn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<ReferralStage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_start_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_referral_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousReferral>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ubrn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pathway_id: Option<String>,
    /// A pathway id is unique only together with who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pathway_id_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_referral: Option<String>,
    /// The organisation that referred the child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onward: Option<OnwardReferral>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commissioner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcontracted_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_to_choose: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_time_measurement_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contact_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_appointment_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_brought_count: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<ReferralHold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closure_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_death: Option<NaiveDate>,
}

impl ReferralDetails {
    /// Blanks whatever tells where the family lives.
    pub fn hide_address(&mut self) {
        self.lsoa = None;
        self.district = None;
        self.responsible_la = None;
        self.gp_practice = None;
        self.school_urn = None;
    }
}

impl Referral {
    /// Checks the record as a whole, whichever format it came in: codes against their lists, days
    /// against each other and against `today`. Errors reject the row, warnings keep it.
    pub fn check(&self, date_of_birth: NaiveDate, today: NaiveDate, report: impl FnMut(&'static str, IssueCode)) {
        checks::run(self, date_of_birth, today, report);
    }

    /// The provider's own number of a child that the referral names by NHS number, where it gives both. A number that its
    /// provider says is not verified is one child's with no other.
    pub fn also_names(&self, child: &ChildReference, provider: OrganisationCode) -> Option<ChildReference> {
        let is_doubtful = self.details.nhs_number_status.as_deref().is_some_and(|status| status != VERIFIED_NUMBER);
        child.nhs_number().filter(|_| !is_doubtful)?;
        let id = self.details.local_patient_id.clone()?;
        Some(ChildReference { identifier: ChildIdentifier::LocalPatient { provider, id }, date_of_birth: child.date_of_birth })
    }

    /// Checks what the record says about its child's number against the child that it names.
    pub fn check_child(&self, child: &ChildIdentifier, report: impl FnMut(&'static str, IssueCode)) {
        checks::run_on_child(self, child, report);
    }
}
