//! The columns of a referral, whatever the format. Each adapter gives its values under these, as text,
//! and one place reads and checks them. So a rule about a value holds in every format.

mod cells;
mod draft;
mod filled;
mod header;
mod numbers;

use domain::{IssueCode, REFERRAL_ID_LENGTH, Recognised};

use crate::contract::{Called, Field, Names};
pub(crate) use cells::{Cell, cell, cells, referral_of};
pub(crate) use draft::{draft, id, nhs_number, upn};
pub(crate) use filled::Filled;
pub(crate) use header::Header;
pub(crate) use numbers::number;

macro_rules! columns {
    ($($variant:ident = $name:literal, $required:literal, $meaning:literal;)+) => {
        /// A column, in the order of [`FIELDS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Column { $($variant),+ }

        impl Column {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            /// The column with exactly this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }

        pub(crate) const FIELDS: &[Field] = &[$(Field { name: $name, required: $required, meaning: $meaning }),+];
    };
}

columns! {
    ReferralId = "referral_id", true, "the provider's own id, unique within the provider, at most 50 characters";
    NhsNumber = "nhs_number", false, "ten digits, with or without spaces; this or local_patient_id in every row";
    LocalPatientId = "local_patient_id", false, "the provider's own patient id, where the NHS number is not known";
    DateOfBirth = "date_of_birth", true, "CCYY-MM-DD";
    Pathway = "pathway", true, "autism, adhd, speech-and-language, audiology or mental-health; several joined by |";
    ReferralReceivedDate = "referral_received_date", true, "CCYY-MM-DD, not after today";
    Status = "status", true, "waiting, on-hold, seen, closed or rejected";
    NhsNumberStatus = "nhs_number_status", false, "trace status, 01 to 08; a council is shown 01 only";
    Sex = "sex", false, "1, 2, 9 or X";
    EthnicCategory = "ethnic_category", false, "ethnic category 2001, one letter";
    Lsoa = "lsoa", false, "lower layer super output area of residence, its GSS code";
    District = "district", false, "district of residence, its GSS code (E07000240)";
    ResponsibleLa = "responsible_la", false, "the responsible local authority's code";
    GpPractice = "gp_practice", false, "the ODS code of the practice";
    SchoolUrn = "school_urn", false, "the school's unique reference number";
    Stage = "stage", false, "referral, triage, first-appointment, assessment or treatment";
    StageStartDate = "stage_start_date", false, "CCYY-MM-DD";
    OriginalReferralDate = "original_referral_date", false, "CCYY-MM-DD, the first referral of the journey";
    PreviousReferralId = "previous_referral_id", false, "the referral that this one continues";
    PreviousProvider = "previous_provider", false, "the ODS code of its provider; blank for the same one";
    Ubrn = "ubrn", false, "the unique booking reference number";
    PathwayId = "pathway_id", false, "the patient pathway identifier";
    PathwayIdIssuer = "pathway_id_issuer", false, "the ODS code of the organisation that issued it";
    Priority = "priority", false, "priority type code";
    SourceOfReferral = "source_of_referral", false, "source of referral code";
    ReferredBy = "referred_by", false, "the ODS code of the organisation that referred the child";
    OnwardTo = "onward_to", false, "the ODS code of the provider that the child was referred on to";
    OnwardDate = "onward_date", false, "CCYY-MM-DD, when";
    OnwardReason = "onward_reason", false, "onward referral reason code";
    Commissioner = "commissioner", false, "the commissioner's ODS code";
    Team = "team", false, "the team or service, at most 100 characters";
    SubcontractedBy = "subcontracted_by", false, "the ODS code of the body that holds the contract";
    RightToChoose = "right_to_choose", false, "1 or 0";
    WaitingTimeMeasurementType = "waiting_time_measurement_type", false, "waiting time measurement type code";
    RttStatus = "rtt_status", false, "RTT period status code";
    FirstContactDate = "first_contact_date", false, "CCYY-MM-DD";
    LastContactDate = "last_contact_date", false, "CCYY-MM-DD";
    NextAppointmentDate = "next_appointment_date", false, "CCYY-MM-DD";
    NotBroughtCount = "not_brought_count", false, "how often the child was not brought, a whole number";
    HoldFrom = "hold_from", false, "CCYY-MM-DD; a hold pauses no journey";
    HoldTo = "hold_to", false, "CCYY-MM-DD";
    HoldReason = "hold_reason", false, "why, at most 100 characters";
    ClosedDate = "closed_date", false, "CCYY-MM-DD";
    ClosureReason = "closure_reason", false, "referral closure reason code";
    RejectedDate = "rejected_date", false, "CCYY-MM-DD";
    RejectionReason = "rejection_reason", false, "referral rejection reason code";
    DateOfDeath = "date_of_death", false, "CCYY-MM-DD";
}

impl Column {
    pub(crate) fn is_date(self) -> bool {
        FIELDS[self as usize].meaning.starts_with("CCYY-MM-DD")
    }

    /// The column's name in the native formats.
    pub(crate) fn name(self) -> &'static str {
        FIELDS[self as usize].name
    }
}

/// What a format calls a field; `name` gives the format's name for a column.
pub(crate) fn called(field: &'static str, name: impl Fn(Column) -> Option<&'static str>) -> Called {
    match Column::named(field).map(name) {
        Some(Some(name)) => Called::Column(name),
        Some(None) => Called::Nothing,
        None => Called::Itself,
    }
}

/// What the native formats call a field. They have a place for every column.
pub(crate) fn native(field: &'static str) -> Called {
    called(field, |column| Some(column.name()))
}

/// Whether a text may be reported to the sender as a referral's id, even where nothing else of the row is kept.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= REFERRAL_ID_LENGTH && !text.chars().any(char::is_control)
}

pub(crate) trait Values {
    /// The value of a column, trimmed; `None` where it is blank.
    fn value(&self, column: Column) -> Option<Result<&str, IssueCode>>;

    /// What the format calls the columns, so that issues can name them.
    fn names(&self) -> Names {
        native
    }

    /// The rules that decided the pathways; none where the sender states the pathways.
    fn recognised(&self) -> Vec<Recognised> {
        Vec::new()
    }
}
