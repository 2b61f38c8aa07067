//! A council's crosswalk: its list of which identifiers are one child's. What is joined, and what is refused because it is
//! in doubt, follows from the list alone.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::children::{ChildIdentifier, ChildReference};
use crate::issues::IssueCode;
use crate::nhs_numbers::NhsNumber;
use crate::upns::Upn;

/// One child of the list, with the identifiers that its row gives.
#[derive(Clone, PartialEq, Eq)]
pub struct CrosswalkRow {
    pub nhs_number: Option<NhsNumber>,
    pub upn: Option<Upn>,
    /// The council's own number.
    pub local: Option<ChildIdentifier>,
    pub date_of_birth: NaiveDate,
    /// The number is of a sensitive record, which is joined with nothing.
    pub is_sensitive: bool,
}

impl CrosswalkRow {
    /// The two identifiers of each match that the row states: the one by which the council keeps the child, and each other.
    pub fn pairs(&self) -> Vec<(ChildReference, ChildReference)> {
        let named = [
            self.upn.map(ChildIdentifier::Upn),
            self.local.clone(),
            self.nhs_number.map(ChildIdentifier::NhsNumber),
        ];
        let mut named = named.into_iter().flatten().map(|identifier| ChildReference { identifier, date_of_birth: self.date_of_birth });
        let Some(first) = named.next() else { return Vec::new() };
        named.map(|other| (first.clone(), other)).collect()
    }
}

/// What is wrong with each row of a list, by its place, of those that contradict another. Nothing of them is joined.
pub fn contradictions(rows: &[CrosswalkRow]) -> BTreeMap<usize, IssueCode> {
    let mut found = BTreeMap::new();
    contradictory(rows, |row| row.upn.map(|upn| upn.as_str().to_owned()), &mut found, |one, other| {
        if one.date_of_birth != other.date_of_birth {
            Some(IssueCode::UpnTwoChildren)
        } else {
            differ(&one.nhs_number, &other.nhs_number).then_some(IssueCode::ChildTwoNhsNumbers)
        }
    });
    contradictory(rows, |row| row.nhs_number.map(|number| number.as_str().to_owned()), &mut found, |one, other| {
        (differ(&one.upn, &other.upn) || one.date_of_birth != other.date_of_birth).then_some(IssueCode::TwinsInDoubt)
    });
    contradictory(rows, |row| local_of(row), &mut found, |one, other| {
        let differs = differ(&one.upn, &other.upn) || differ(&one.nhs_number, &other.nhs_number);
        (differs || one.date_of_birth != other.date_of_birth).then_some(IssueCode::TwinsInDoubt)
    });
    found
}

fn local_of(row: &CrosswalkRow) -> Option<String> {
    match &row.local {
        Some(ChildIdentifier::LocalPatient { id, .. }) => Some(id.clone()),
        _ => None,
    }
}

/// Both are known, and they are not the same.
fn differ<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

/// Notes what is wrong with all rows of one value, if any of them contradicts the first. The first fault of a row is kept.
fn contradictory(
    rows: &[CrosswalkRow],
    value: impl Fn(&CrosswalkRow) -> Option<String>,
    found: &mut BTreeMap<usize, IssueCode>,
    fault: impl Fn(&CrosswalkRow, &CrosswalkRow) -> Option<IssueCode>,
) {
    let mut by_value: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(value) = value(row) {
            by_value.entry(value).or_default().push(at);
        }
    }
    for places in by_value.values() {
        let faults = places.iter().enumerate().flat_map(|(nth, one)| places[nth + 1..].iter().map(move |other| (one, other)));
        let Some(code) = faults.take(PAIRS).find_map(|(one, other)| fault(&rows[*one], &rows[*other])) else { continue };
        for at in places {
            found.entry(*at).or_insert(code);
        }
    }
}

/// How many pairs of rows of one value are compared: a value that occurs in more rows than any child has is in doubt by
/// what the first of them say.
const PAIRS: usize = 10_000;
