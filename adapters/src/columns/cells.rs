//! A referral as cells, one for each native column.

use chrono::NaiveDate;
use domain::{ChildIdentifier, ChildReference, Referral, SubmittedEntry, SubmittedRecord};

use super::Column;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Blank,
    Text(String),
    Day(NaiveDate),
    Count(u16),
    Flag(bool),
}

impl Cell {
    /// The value as text, the way every native format reads it; `None` where it is blank.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Blank => None,
            Self::Text(text) => Some(text),
            Self::Day(day) => Some(day.to_string()),
            Self::Count(count) => Some(count.to_string()),
            Self::Flag(flag) => Some(u8::from(flag).to_string()),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Into::into)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<u16> for Cell {
    fn from(count: u16) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// The record's referral; `None` for a case or a merge.
pub(crate) fn referral_of(record: &SubmittedRecord) -> Option<&Referral> {
    match &record.entry {
        SubmittedEntry::Referral(referral) => Some(referral),
        SubmittedEntry::Case(_) | SubmittedEntry::Merge(_) => None,
    }
}

/// A record's cells in the order of the columns; `None` where it is no referral.
pub(crate) fn cells(record: &SubmittedRecord) -> Option<impl Iterator<Item = Cell>> {
    let referral = referral_of(record)?;
    Some(Column::ALL.iter().map(|column| cell(*column, &record.child, referral)))
}

pub(crate) fn cell(column: Column, child: &ChildReference, referral: &Referral) -> Cell {
    let details = &referral.details;
    match column {
        Column::ReferralId => (&referral.referral_id).into(),
        Column::NhsNumber => child.nhs_number().map(|number| number.as_str().to_owned()).into(),
        Column::LocalPatientId => {
            let own = match &child.identifier {
                ChildIdentifier::LocalPatient { id, .. } => Some(id),
                _ => None,
            };
            details.local_patient_id.as_ref().or(own).into()
        }
        Column::DateOfBirth => child.date_of_birth.into(),
        Column::Pathway => referral.pathways.to_string().into(),
        Column::ReferralReceivedDate => referral.referral_received_date.into(),
        Column::Status => referral.status.to_string().into(),
        Column::NhsNumberStatus => details.nhs_number_status.as_ref().into(),
        Column::Sex => details.sex.as_ref().into(),
        Column::EthnicCategory => details.ethnic_category.as_ref().into(),
        Column::Lsoa => details.lsoa.as_ref().into(),
        Column::District => details.district.as_ref().into(),
        Column::ResponsibleLa => details.responsible_la.as_ref().into(),
        Column::GpPractice => details.gp_practice.as_ref().into(),
        Column::SchoolUrn => details.school_urn.as_ref().into(),
        Column::Stage => details.stage.map(|stage| stage.to_string()).into(),
        Column::StageStartDate => details.stage_start_date.into(),
        Column::OriginalReferralDate => details.original_referral_date.into(),
        Column::PreviousReferralId => details.previous.as_ref().map(|previous| &previous.referral_id).into(),
        Column::PreviousProvider => {
            details.previous.as_ref().and_then(|previous| previous.provider).map(|provider| provider.to_string()).into()
        }
        Column::Ubrn => details.ubrn.as_ref().into(),
        Column::PathwayId => details.pathway_id.as_ref().into(),
        Column::PathwayIdIssuer => details.pathway_id_issuer.as_ref().into(),
        Column::Priority => details.priority.as_ref().into(),
        Column::SourceOfReferral => details.source_of_referral.as_ref().into(),
        Column::ReferredBy => details.referred_by.as_ref().into(),
        Column::OnwardTo => details.onward.as_ref().and_then(|onward| onward.to.as_ref()).into(),
        Column::OnwardDate => details.onward.as_ref().map(|onward| onward.on).into(),
        Column::OnwardReason => details.onward.as_ref().and_then(|onward| onward.reason.as_ref()).into(),
        Column::Commissioner => details.commissioner.as_ref().into(),
        Column::Team => details.team.as_ref().into(),
        Column::SubcontractedBy => details.subcontracted_by.as_ref().into(),
        Column::RightToChoose => details.right_to_choose.into(),
        Column::WaitingTimeMeasurementType => details.waiting_time_measurement_type.as_ref().into(),
        Column::RttStatus => details.rtt_status.as_ref().into(),
        Column::FirstContactDate => details.first_contact_date.into(),
        Column::LastContactDate => details.last_contact_date.into(),
        Column::NextAppointmentDate => details.next_appointment_date.into(),
        Column::NotBroughtCount => details.not_brought_count.into(),
        Column::HoldFrom => details.hold.as_ref().map(|hold| hold.from).into(),
        Column::HoldTo => details.hold.as_ref().and_then(|hold| hold.to).into(),
        Column::HoldReason => details.hold.as_ref().and_then(|hold| hold.reason.as_ref()).into(),
        Column::ClosedDate => details.closed_date.into(),
        Column::ClosureReason => details.closure_reason.as_ref().into(),
        Column::RejectedDate => details.rejected_date.into(),
        Column::RejectionReason => details.rejection_reason.as_ref().into(),
        Column::DateOfDeath => details.date_of_death.into(),
    }
}
