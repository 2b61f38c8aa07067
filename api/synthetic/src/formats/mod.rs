//! Records written in the formats that partners send, for tests, templates and benchmarks. Beside each writer
//! stand the fields that its format cannot carry, and what it makes of a record.

pub mod csds;
pub mod csv;
pub mod fhir;
pub mod hl7v2;
pub mod mhsds;
#[cfg(test)]
mod names;
mod native;
pub mod ndjson;
#[cfg(test)]
mod round_trips;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
pub mod xlsx;

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use domain::children::ChildIdentifier;
use domain::pathways::{Pathway, PathwaySet};
use domain::referrals::{Referral, ReferralDetails, Status};
use domain::submissions::{Entry, Record};

pub use native::COLUMNS;
pub(crate) use native::{Value, values};

/// The first and the last day of what a file reports.
pub type Period = RangeInclusive<NaiveDate>;

/// The referral of a record; nothing of other entries goes into these formats.
fn referral_of(record: &Record) -> Option<&Referral> {
    match &record.entry {
        Entry::Referral(referral) => Some(referral),
        Entry::Case(_) | Entry::Merge(_) => None,
    }
}

/// The provider's own patient id: the national data sets need one for everybody.
fn patient_id<'a>(record: &'a Record, referral: &'a Referral) -> &'a str {
    match &record.child.identifier {
        ChildIdentifier::LocalPatient { id, .. } => id,
        ChildIdentifier::NhsNumber(number) => referral.details.local_patient_id.as_deref().unwrap_or(number.as_str()),
        _ => "",
    }
}

/// When the referral ended, if it says so: an end without its day is carried by neither format.
fn ended(referral: &Referral) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let details = &referral.details;
    match referral.status {
        Status::Closed => (details.closed_date, None),
        Status::Rejected => (None, details.rejected_date),
        Status::Waiting | Status::OnHold | Status::Seen => (None, None),
    }
}

/// What comes of a record in a national data set, read on a day: with the pathways of it, of which there has
/// to be one, and `lose` for what this one makes of its details.
fn as_carried(record: &Record, as_of: NaiveDate, pathways: fn(PathwaySet) -> PathwaySet, lose: fn(&mut ReferralDetails)) -> Option<Record> {
    let mut referral = referral_of(record)?.clone();
    referral.pathways = pathways(referral.pathways);
    if referral.pathways.is_empty() {
        return None;
    }
    referral.details.local_patient_id = Some(patient_id(record, &referral).to_owned());
    lose(&mut referral.details);
    referral.details = without_losses(referral.details);
    settle(&mut referral, as_of);
    Some(Record { child: record.child.clone(), entry: Entry::Referral(Box::new(referral)) })
}

/// What the tables say of a referral's standing: it is not in them, and follows from its ends and contacts.
fn settle(referral: &mut Referral, as_of: NaiveDate) {
    let is_assessed = [Pathway::Autism, Pathway::Adhd].iter().any(|pathway| referral.pathways.contains(*pathway));
    let (closed, rejected) = ended(referral);
    let details = &mut referral.details;
    details.last_contact_date = details.last_contact_date.max(details.first_contact_date);
    details.next_appointment_date = details.next_appointment_date.filter(|day| *day > as_of);
    details.not_brought_count = details.not_brought_count.filter(|count| *count > 0);
    (details.closed_date, details.rejected_date) = (closed, rejected);
    details.closure_reason.take_if(|_| closed.is_none());
    details.rejection_reason.take_if(|_| rejected.is_none());
    referral.status = if rejected.is_some() {
        Status::Rejected
    } else if closed.is_some() {
        Status::Closed
    } else if details.first_contact_date.is_some_and(|day| day <= as_of) && !is_assessed {
        Status::Seen
    } else {
        Status::Waiting
    };
    referral.recognised.clear();
}

/// What neither data set has a column for.
fn without_losses(details: ReferralDetails) -> ReferralDetails {
    ReferralDetails {
        lsoa: None,
        district: None,
        responsible_la: None,
        gp_practice: None,
        stage: None,
        stage_start_date: None,
        original_referral_date: None,
        previous: None,
        subcontracted_by: None,
        right_to_choose: None,
        hold: None,
        ..details
    }
}
