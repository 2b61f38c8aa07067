//! A referral under the native columns.

use chrono::NaiveDate;
use domain::children::ChildIdentifier;
use domain::submissions::{Entry, Record};

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Blank,
    Text(String),
    Day(NaiveDate),
    Count(u16),
    Flag(bool),
}

impl Value {
    /// As text, the way every native format reads it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Text(text) => text.clone(),
            Self::Day(day) => day.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Flag(flag) => u8::from(*flag).to_string(),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Into::into)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<NaiveDate> for Value {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<u16> for Value {
    fn from(count: u16) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

macro_rules! columns {
    (|$child:ident, $referral:ident, $details:ident| $($name:literal = $value:expr;)+) => {
        /// The native columns, in the order of the format's description.
        pub const COLUMNS: &[&str] = &[$($name),+];

        /// A record's values in the order of [`COLUMNS`]; nothing for what is no referral.
        pub(crate) fn values(record: &Record) -> Option<Vec<Value>> {
            let Entry::Referral($referral) = &record.entry else { return None };
            let ($child, $details) = (&record.child, &$referral.details);
            Some(vec![$(Value::from($value)),+])
        }
    };
}

columns! { |child, referral, details|
    "referral_id" = &referral.referral_id;
    "nhs_number" = child.nhs_number().map(|number| number.as_str().to_owned());
    "local_patient_id" = details.local_patient_id.as_ref().or(match &child.identifier {
        ChildIdentifier::LocalPatient { id, .. } => Some(id),
        _ => None,
    });
    "date_of_birth" = child.date_of_birth;
    "pathway" = referral.pathways.to_string();
    "referral_received_date" = referral.referral_received_date;
    "status" = referral.status.to_string();
    "nhs_number_status" = details.nhs_number_status.as_ref();
    "sex" = details.sex.as_ref();
    "ethnic_category" = details.ethnic_category.as_ref();
    "lsoa" = details.lsoa.as_ref();
    "district" = details.district.as_ref();
    "responsible_la" = details.responsible_la.as_ref();
    "gp_practice" = details.gp_practice.as_ref();
    "school_urn" = details.school_urn.as_ref();
    "stage" = details.stage.map(|stage| stage.to_string());
    "stage_start_date" = details.stage_start_date;
    "original_referral_date" = details.original_referral_date;
    "previous_referral_id" = details.previous.as_ref().map(|previous| &previous.referral_id);
    "previous_provider" = details.previous.as_ref().and_then(|previous| previous.provider).map(|provider| provider.to_string());
    "ubrn" = details.ubrn.as_ref();
    "pathway_id" = details.pathway_id.as_ref();
    "pathway_id_issuer" = details.pathway_id_issuer.as_ref();
    "priority" = details.priority.as_ref();
    "source_of_referral" = details.source_of_referral.as_ref();
    "referred_by" = details.referred_by.as_ref();
    "onward_to" = details.onward.as_ref().and_then(|onward| onward.to.as_ref());
    "onward_date" = details.onward.as_ref().map(|onward| onward.on);
    "onward_reason" = details.onward.as_ref().and_then(|onward| onward.reason.as_ref());
    "commissioner" = details.commissioner.as_ref();
    "team" = details.team.as_ref();
    "subcontracted_by" = details.subcontracted_by.as_ref();
    "right_to_choose" = details.right_to_choose;
    "waiting_time_measurement_type" = details.waiting_time_measurement_type.as_ref();
    "rtt_status" = details.rtt_status.as_ref();
    "first_contact_date" = details.first_contact_date;
    "last_contact_date" = details.last_contact_date;
    "next_appointment_date" = details.next_appointment_date;
    "not_brought_count" = details.not_brought_count;
    "hold_from" = details.hold.as_ref().map(|hold| hold.from);
    "hold_to" = details.hold.as_ref().and_then(|hold| hold.to);
    "hold_reason" = details.hold.as_ref().and_then(|hold| hold.reason.as_ref());
    "closed_date" = details.closed_date;
    "closure_reason" = details.closure_reason.as_ref();
    "rejected_date" = details.rejected_date;
    "rejection_reason" = details.rejection_reason.as_ref();
    "date_of_death" = details.date_of_death;
}
