//! Joins referrals with their children and contacts.

use std::collections::HashMap;

use domain::IssueCode;

use super::parts::{Contact, ContactPart, Part, PatientFault, PatientPart, ReferralPart, Subject};
use super::terms::element;
use crate::columns::{self, Column, Filled};
use crate::contract::{Context, Rows, Unreadable};

/// Drafts every referral among the parts, in order.
pub(crate) fn join(parts: &[Part], context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
    let mut patients: HashMap<&str, Found<'_>> = HashMap::new();
    let mut contacts: HashMap<&str, Vec<&ContactPart>> = HashMap::new();
    let mut referrals: HashMap<&str, &ReferralPart> = HashMap::new();
    for part in parts {
        match part {
            Part::Patient(patient) => {
                for key in &patient.keys {
                    patients.entry(key).and_modify(|found| found.and(patient)).or_insert(Found::One(patient));
                }
            }
            Part::Contact(contact) => contacts.entry(&contact.referral).or_default().push(contact),
            Part::Referral(referral) => referrals.extend(referral.keys.iter().map(|key| (key.as_str(), &**referral))),
        }
    }
    for part in parts {
        let Part::Referral(referral) = part else { continue };
        let mut row = Filled::new(|field| columns::called(field, element));
        let mut faults = Vec::new();
        match child_of(referral.subject.as_ref(), &patients) {
            Ok(child) => {
                fill(&mut row, &child.cells);
                match child.fault {
                    Some(PatientFault::Modified) => faults.push(("subject", IssueCode::ModifierUnknown)),
                    Some(PatientFault::Retired) => faults.push(("subject", IssueCode::SubjectRetired)),
                    None => {}
                }
            }
            Err(Unresolved::ByNumber(number)) => row.set(Column::NhsNumber, number),
            Err(Unresolved::Not) => {
                row.fault(Column::NhsNumber, IssueCode::SubjectUnresolved);
                row.fault(Column::DateOfBirth, IssueCode::SubjectUnresolved);
            }
        }
        fill_contacts(&mut row, referral, &contacts, context);
        fill(&mut row, &referral.cells);
        if let Some(key) = referral.previous.as_deref().filter(|_| referral.cells.get(Column::PreviousReferralId).is_none()) {
            // Where the referral is not in the body, the last part of its address serves as the id.
            let here = referrals.get(key).and_then(|previous| previous.cells.get(Column::ReferralId));
            match here.or_else(|| key.rsplit_once('/').map(|(_, id)| id)) {
                Some(id) => row.set(Column::PreviousReferralId, id),
                None => row.fault(Column::PreviousReferralId, IssueCode::ReferenceUnresolved),
            }
        }
        if !referral.recognised.is_empty() {
            row.recognise(referral.recognised.clone());
        }
        if referral.modified {
            faults.push(("modifierExtension", IssueCode::ModifierUnknown));
        }
        let mut draft = columns::draft(referral.row, &row, context);
        draft.faults.extend(faults);
        rows.draft(draft)?;
    }
    Ok(())
}

/// What a key names.
enum Found<'a> {
    One(&'a PatientPart),
    /// Several patients that differ, so none may be taken for the child.
    Several,
}

impl<'a> Found<'a> {
    fn and(&mut self, other: &'a PatientPart) {
        if !matches!(self, Self::One(one) if *one == other) {
            *self = Self::Several;
        }
    }
}

enum Unresolved<'a> {
    /// Only the NHS number is known.
    ByNumber(&'a str),
    Not,
}

fn child_of<'a>(subject: Option<&'a Subject>, patients: &HashMap<&str, Found<'a>>) -> Result<&'a PatientPart, Unresolved<'a>> {
    let Some(subject) = subject else { return Err(Unresolved::Not) };
    if let Some(contained) = &subject.contained {
        return Ok(contained);
    }
    // A reference into the body must name the same child as the identifier beside it.
    let agrees = |patient: &PatientPart| subject.reference.as_ref().is_none_or(|it| is_address(it) || patient.keys.contains(it));
    match patients.get(subject.key.as_str()) {
        Some(Found::One(patient)) if agrees(patient) => Ok(patient),
        Some(_) => Err(Unresolved::Not),
        None => match (&subject.nhs_number, &subject.reference) {
            (Some(number), None) => Err(Unresolved::ByNumber(number)),
            (Some(number), Some(reference)) if is_address(reference) => Err(Unresolved::ByNumber(number)),
            _ => Err(Unresolved::Not),
        },
    }
}

fn is_address(reference: &str) -> bool {
    reference.starts_with("http")
}

fn fill<'a>(row: &mut Filled<'a>, cells: &'a super::parts::Cells) {
    for (column, value) in cells.iter() {
        match value {
            Ok(value) => row.set(column, value),
            Err(code) => row.fault(column, code),
        }
    }
}

fn fill_contacts(row: &mut Filled<'_>, referral: &ReferralPart, contacts: &HashMap<&str, Vec<&ContactPart>>, context: &Context<'_>) {
    let of = || referral.keys.iter().filter_map(|key| contacts.get(key.as_str())).flatten();
    let days = |kind: Contact| of().filter(move |contact| contact.kind == kind).map(|contact| contact.day.as_str());
    let today = context.today.to_string();
    let missed = days(Contact::NotBrought).count();
    let put = [
        (Column::FirstContactDate, days(Contact::Attended).min().map(str::to_owned)),
        (Column::LastContactDate, days(Contact::Attended).max().map(str::to_owned)),
        (Column::NextAppointmentDate, days(Contact::Booked).filter(|day| *day >= today.as_str()).min().map(str::to_owned)),
        (Column::NotBroughtCount, (missed > 0).then(|| missed.to_string())),
    ];
    for (column, value) in put {
        if let Some(value) = value {
            row.set(column, value);
        }
    }
}
