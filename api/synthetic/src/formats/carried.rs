//! What each format makes of a record: the fields that it cannot carry, and what follows from the others.

use chrono::NaiveDate;
use domain::{ChildIdentifier, Pathway, PathwaySet, Referral, ReferralDetails, ReferralStatus, SubmittedEntry, SubmittedRecord};

/// What no format but the national data sets' loses: where the writer states the pathways, no code decides them.
pub(crate) const DECIDED: &[&str] = &["recognised"];

/// Fields that CSDS cannot carry. Besides, the pathway mental health is not of this data set, a
/// hold is an open referral, and an end without its day is none.
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

/// Fields that MHSDS cannot carry. Besides, speech and language and audiology are not of this data
/// set, a hold is an open referral, and an end without its day is none.
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

/// What comes of a record in CSDS, read on a day: nothing, where it has no pathway of this data set.
pub(crate) fn in_csds(record: &SubmittedRecord, as_of: NaiveDate) -> Option<SubmittedRecord> {
    as_carried(record, as_of, &CSDS, |details| {
        // A contact is a contact: which is the first and which the last is told by their days.
        let contacts = [details.first_contact_date, details.last_contact_date];
        details.first_contact_date = contacts.into_iter().flatten().min();
        details.last_contact_date = contacts.into_iter().flatten().max();
    })
}

/// What comes of a record in MHSDS, read on a day: nothing, where it has no pathway of this data set.
pub(crate) fn in_mhsds(record: &SubmittedRecord, as_of: NaiveDate) -> Option<SubmittedRecord> {
    as_carried(record, as_of, &MHSDS, |details| {
        (details.ubrn, details.priority, details.source_of_referral) = (None, None, None);
    })
}

/// What comes of a record in a national data set, read on a day: with the pathways of it, of which there has
/// to be one, and `lose` for what this one makes of its details.
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

/// What the tables say of a referral's standing: it is not in them, and follows from its ends and contacts.
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
