//! What each format makes of a record: the fields that it cannot carry, and what is worked out from the others.

use chrono::NaiveDate;
use domain::{ChildIdentifier, Pathway, PathwaySet, Referral, ReferralDetails, ReferralStatus, SubmittedEntry, SubmittedRecord};

/// The field that a format loses if it states the pathways itself: then no code decides them.
pub(crate) const DECIDED: &[&str] = &["recognised"];

/// Fields that CSDS cannot carry. Mental health is not a pathway of this data set, a hold becomes an
/// open referral, and an end without a day is lost.
pub(crate) const CSDS_LOSSES: &[&str] = &[
    "lsoa",
    "district",
    "responsible_la",
    "gp_practice",
    "stage",
    "stage_start_date",
    "original_referral_date",
    "previous",
    "subcontracted_by",
    "right_to_choose",
    "hold",
    "recognised",
];

/// Fields that MHSDS cannot carry. Speech and language and audiology are not pathways of this data set,
/// a hold becomes an open referral, and an end without a day is lost.
pub(crate) const MHSDS_LOSSES: &[&str] = &[
    "lsoa",
    "district",
    "responsible_la",
    "gp_practice",
    "stage",
    "stage_start_date",
    "original_referral_date",
    "previous",
    "ubrn",
    "priority",
    "source_of_referral",
    "subcontracted_by",
    "right_to_choose",
    "hold",
    "recognised",
];

/// The pathways of community services.
const CSDS: [Pathway; 4] = [Pathway::Autism, Pathway::Adhd, Pathway::SpeechAndLanguage, Pathway::Audiology];

/// The pathways of mental health services.
const MHSDS: [Pathway; 3] = [Pathway::MentalHealth, Pathway::Autism, Pathway::Adhd];

/// The record that CSDS gives back when it is read on this day; `None` for one on no pathway of this data set.
pub(crate) fn in_csds(record: &SubmittedRecord, as_of: NaiveDate) -> Option<SubmittedRecord> {
    as_carried(record, as_of, &CSDS, |details| {
        // CSDS does not say which contact is the first and which the last: the days decide.
        let contacts = [details.first_contact_date, details.last_contact_date];
        details.first_contact_date = contacts.into_iter().flatten().min();
        details.last_contact_date = contacts.into_iter().flatten().max();
    })
}

/// The record that MHSDS gives back when it is read on this day; `None` for one on no pathway of this data set.
pub(crate) fn in_mhsds(record: &SubmittedRecord, as_of: NaiveDate) -> Option<SubmittedRecord> {
    as_carried(record, as_of, &MHSDS, |details| {
        (details.ubrn, details.priority, details.source_of_referral) = (None, None, None);
    })
}

/// The record that a national data set gives back, with only the pathways of that set; `None` where it has none
/// of them. `lose` makes the changes of one data set to the details.
fn as_carried(record: &SubmittedRecord, as_of: NaiveDate, pathways: &[Pathway], lose: fn(&mut ReferralDetails)) -> Option<SubmittedRecord> {
    let SubmittedEntry::Referral(referral) = &record.entry else { return None };
    let mut referral = referral.clone();
    let of_set = pathways.iter().fold(PathwaySet::EMPTY, |all, pathway| all.with(*pathway));
    referral.pathways = referral.pathways.intersection(of_set);
    if referral.pathways.is_empty() {
        return None;
    }
    // The data sets need a patient id for everybody.
    let patient_id = match &record.child.identifier {
        ChildIdentifier::LocalPatient { id, .. } => id.clone(),
        ChildIdentifier::NhsNumber(number) => referral.details.local_patient_id.take().unwrap_or_else(|| number.as_str().to_owned()),
        _ => String::new(),
    };
    referral.details.local_patient_id = Some(patient_id);
    lose(&mut referral.details);
    referral.details = without_losses(referral.details);
    settle(&mut referral, as_of);
    Some(SubmittedRecord { child: record.child.clone(), entry: SubmittedEntry::Referral(referral) })
}

/// Works out the referral's status from its ends and contacts, since the tables do not hold it.
fn settle(referral: &mut Referral, as_of: NaiveDate) {
    let is_assessed = [Pathway::Autism, Pathway::Adhd].iter().any(|pathway| referral.pathways.contains(*pathway));
    let details = &mut referral.details;
    let closed = details.closed_date.filter(|_| referral.status == ReferralStatus::Closed);
    let rejected = details.rejected_date.filter(|_| referral.status == ReferralStatus::Rejected);
    details.last_contact_date = details.last_contact_date.max(details.first_contact_date);
    details.next_appointment_date = details.next_appointment_date.filter(|day| *day > as_of);
    details.not_brought_count = details.not_brought_count.filter(|count| *count > 0);
    (details.closed_date, details.rejected_date) = (closed, rejected);
    details.closure_reason.take_if(|_| closed.is_none());
    details.rejection_reason.take_if(|_| rejected.is_none());
    referral.status = if rejected.is_some() {
        ReferralStatus::Rejected
    } else if closed.is_some() {
        ReferralStatus::Closed
    } else if details.first_contact_date.is_some_and(|day| day <= as_of) && !is_assessed {
        ReferralStatus::Seen
    } else {
        ReferralStatus::Waiting
    };
    referral.recognised.clear();
}

/// Drops what neither data set has a column for.
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
