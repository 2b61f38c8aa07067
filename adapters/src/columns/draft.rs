//! Makes a referral from a row's values. The domain says whether the referral makes sense.

use chrono::NaiveDate;
use domain::{
    ChildIdentifier, IssueCode, NhsNumber, NhsNumberError, OnwardReferral, OrganisationCode, PathwaySet, PreviousReferral,
    REFERRAL_ID_LENGTH, Referral, ReferralDetails, ReferralHold, ReferralStatus, SubmittedEntry, Upn, UpnError, parse_day,
};

use super::{Column, Values};
use crate::contract::{Context, Draft, Fault};

/// Lengths in characters: a code, an id, a phrase.
const CODE: usize = 20;
const ID: usize = REFERRAL_ID_LENGTH;
const PHRASE: usize = 100;

/// The draft of one row, with everything that is wrong with its values.
pub(crate) fn draft(number: u64, row: &impl Values, context: &Context<'_>) -> Draft {
    let mut reading = Reading { row, faults: Vec::new() };
    let referral_id = reading.required(Column::ReferralId, id);
    let local_patient_id = reading.value(Column::LocalPatientId, id);
    let child = reading.child(local_patient_id.as_deref(), context);
    let date_of_birth = reading.required(Column::DateOfBirth, day);
    let pathways = reading.required(Column::Pathway, listed::<PathwaySet>);
    let received = reading.required(Column::ReferralReceivedDate, day);
    let status = reading.required(Column::Status, listed::<ReferralStatus>);
    let details = reading.details(local_patient_id);
    // The defaults are never kept, since a value that could not be read has an error. They let the
    // rest of the row be checked.
    let entry = received.map(|referral_received_date| {
        SubmittedEntry::Referral(Box::new(Referral {
            referral_id: referral_id.clone().unwrap_or_default(),
            pathways: pathways.unwrap_or_default(),
            status: status.unwrap_or(ReferralStatus::Waiting),
            referral_received_date,
            recognised: row.recognised(),
            details,
        }))
    });
    Draft { number, referral_id, child, date_of_birth, entry, faults: reading.faults, names: row.names() }
}

struct Reading<'a, V> {
    row: &'a V,
    faults: Vec<Fault>,
}

impl<'a, V: Values> Reading<'a, V> {
    fn fault(&mut self, column: Column, code: IssueCode) {
        self.faults.push((column.name(), code));
    }

    /// The value of a column; `None` where it is blank, or cannot be read (its fault is noted).
    fn value<T>(&mut self, column: Column, read: impl FnOnce(&'a str) -> Result<T, IssueCode>) -> Option<T> {
        let value = self.row.value(column)?.and_then(read);
        value.map_err(|code| self.fault(column, code)).ok()
    }

    fn required<T>(&mut self, column: Column, read: impl FnOnce(&'a str) -> Result<T, IssueCode>) -> Option<T> {
        if self.row.value(column).is_none() {
            self.fault(column, IssueCode::ValueMissing);
        }
        self.value(column, read)
    }

    fn text(&mut self, column: Column, most: usize) -> Option<String> {
        self.value(column, |text| within(text, most).map(str::to_owned))
    }

    fn day(&mut self, column: Column) -> Option<NaiveDate> {
        self.value(column, day)
    }

    /// A code. One of the wrong shape is kept, with a warning.
    fn coded(&mut self, column: Column, shaped: impl FnOnce(&str) -> bool) -> Option<String> {
        let code = self.text(column, CODE)?;
        if !shaped(&code) {
            self.fault(column, IssueCode::CodeUnknown);
        }
        Some(code)
    }

    fn child(&mut self, local_patient_id: Option<&str>, context: &Context<'_>) -> Option<ChildIdentifier> {
        if self.row.value(Column::NhsNumber).is_some() {
            return self.value(Column::NhsNumber, nhs_number).map(ChildIdentifier::NhsNumber);
        }
        if self.row.value(Column::LocalPatientId).is_none() {
            self.fault(Column::NhsNumber, IssueCode::ChildNotIdentified);
        }
        local_patient_id.map(|id| ChildIdentifier::LocalPatient { provider: context.organisation, id: id.to_owned() })
    }

    fn details(&mut self, local_patient_id: Option<String>) -> ReferralDetails {
        ReferralDetails {
            local_patient_id,
            nhs_number_status: self.text(Column::NhsNumberStatus, CODE),
            sex: self.text(Column::Sex, CODE),
            ethnic_category: self.text(Column::EthnicCategory, CODE),
            lsoa: self.coded(Column::Lsoa, is_gss),
            district: self.district(),
            responsible_la: self.coded(Column::ResponsibleLa, is_organisation),
            gp_practice: self.coded(Column::GpPractice, is_organisation),
            school_urn: self.text(Column::SchoolUrn, CODE),
            stage: self.value(Column::Stage, listed),
            stage_start_date: self.day(Column::StageStartDate),
            original_referral_date: self.day(Column::OriginalReferralDate),
            previous: self.previous(),
            ubrn: self.text(Column::Ubrn, CODE),
            pathway_id: self.value(Column::PathwayId, id),
            pathway_id_issuer: self.coded(Column::PathwayIdIssuer, is_organisation),
            priority: self.text(Column::Priority, CODE),
            source_of_referral: self.text(Column::SourceOfReferral, CODE),
            referred_by: self.coded(Column::ReferredBy, is_organisation),
            onward: self.onward(),
            commissioner: self.coded(Column::Commissioner, is_organisation),
            team: self.text(Column::Team, PHRASE),
            subcontracted_by: self.coded(Column::SubcontractedBy, is_organisation),
            right_to_choose: self.value(Column::RightToChoose, flag),
            waiting_time_measurement_type: self.text(Column::WaitingTimeMeasurementType, CODE),
            rtt_status: self.text(Column::RttStatus, CODE),
            first_contact_date: self.day(Column::FirstContactDate),
            last_contact_date: self.day(Column::LastContactDate),
            next_appointment_date: self.day(Column::NextAppointmentDate),
            not_brought_count: self.value(Column::NotBroughtCount, count),
            hold: self.hold(),
            closed_date: self.day(Column::ClosedDate),
            closure_reason: self.text(Column::ClosureReason, CODE),
            rejected_date: self.day(Column::RejectedDate),
            rejection_reason: self.text(Column::RejectionReason, CODE),
            date_of_death: self.day(Column::DateOfDeath),
        }
    }

    /// The district. Anything but a code is not kept, since it would get a cell of its own in every table.
    fn district(&mut self) -> Option<String> {
        self.value(Column::District, |text| if is_gss(text) { Ok(text.to_owned()) } else { Err(IssueCode::DistrictUnknown) })
    }

    fn previous(&mut self) -> Option<PreviousReferral> {
        let provider = self.value(Column::PreviousProvider, |text| text.parse().map_err(|_| IssueCode::OrganisationCodeFormat));
        if provider.is_some() && self.row.value(Column::PreviousReferralId).is_none() {
            self.fault(Column::PreviousProvider, IssueCode::PreviousWithoutId);
        }
        let referral_id = self.value(Column::PreviousReferralId, id)?;
        Some(PreviousReferral { referral_id, provider })
    }

    fn onward(&mut self) -> Option<OnwardReferral> {
        let to = self.coded(Column::OnwardTo, is_organisation);
        let on = self.day(Column::OnwardDate);
        let reason = self.text(Column::OnwardReason, CODE);
        if on.is_none() && to.is_some() {
            self.fault(Column::OnwardDate, IssueCode::OnwardWithoutDate);
        }
        Some(OnwardReferral { to, on: on?, reason })
    }

    fn hold(&mut self) -> Option<ReferralHold> {
        let from = self.day(Column::HoldFrom);
        let to = self.day(Column::HoldTo);
        let reason = self.text(Column::HoldReason, PHRASE);
        if self.row.value(Column::HoldFrom).is_none() && (to.is_some() || reason.is_some()) {
            self.fault(Column::HoldFrom, IssueCode::HoldWithoutStart);
        }
        Some(ReferralHold { from: from?, to, reason })
    }
}

fn within(text: &str, most: usize) -> Result<&str, IssueCode> {
    if text.len() <= most || text.chars().count() <= most { Ok(text) } else { Err(IssueCode::ValueTooLong) }
}

/// An id. Two that were rounded to the same text would become one.
pub(crate) fn id(text: &str) -> Result<String, IssueCode> {
    if is_rounded(text) { Err(IssueCode::DigitsLost) } else { within(text, ID).map(str::to_owned) }
}

/// A long number as spreadsheets show it: `9.99E+09`.
pub(crate) fn is_rounded(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, power)) = text.split_once("E+").or_else(|| text.split_once("e+")) else { return false };
    let rest = mantissa.strip_prefix(|first: char| first.is_ascii_digit());
    digits(power) && rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(digits))
}

fn day(text: &str) -> Result<NaiveDate, IssueCode> {
    parse_day(text).ok_or(IssueCode::DateFormat)
}

fn listed<T: std::str::FromStr>(text: &str) -> Result<T, IssueCode> {
    text.parse().map_err(|_| IssueCode::ValueNotClosedList)
}

/// The NHS number, or what is wrong with it.
pub(crate) fn nhs_number(text: &str) -> Result<NhsNumber, IssueCode> {
    if is_rounded(text) {
        return Err(IssueCode::DigitsLost);
    }
    text.parse().map_err(|error| match error {
        NhsNumberError::Format => IssueCode::NhsNumberFormat,
        NhsNumberError::CheckDigit | NhsNumberError::AllZeros => IssueCode::NhsNumberCheckDigit,
    })
}

/// The UPN, or what is wrong with it.
pub(crate) fn upn(text: &str) -> Result<Upn, IssueCode> {
    text.parse().map_err(|error| match error {
        UpnError::Format => IssueCode::UpnFormat,
        UpnError::CheckLetter => IssueCode::UpnCheckLetter,
    })
}

fn flag(text: &str) -> Result<bool, IssueCode> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if ["y", "true"].iter().any(|yes| text.eq_ignore_ascii_case(yes)) => Ok(true),
        _ if ["n", "false"].iter().any(|no| text.eq_ignore_ascii_case(no)) => Ok(false),
        _ => Err(IssueCode::ValueNotBoolean),
    }
}

fn count(text: &str) -> Result<u16, IssueCode> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| IssueCode::ValueTooLong)
    } else {
        Err(IssueCode::ValueNotNumber)
    }
}

/// An English GSS code: E and eight digits.
fn is_gss(text: &str) -> bool {
    text.len() == 9 && text.strip_prefix('E').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_organisation(text: &str) -> bool {
    text.parse::<OrganisationCode>().is_ok()
}
