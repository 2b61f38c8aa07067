//! A council's crosswalk: its list of which identifiers are one child's. What is joined, what is refused because it is in
//! doubt, and what ends, follows from the list and from what the council stated before, and from nothing that others hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use crate::children::{ChildIdentifier, ChildReference};
use crate::dates::london_day;
use crate::identifiers::{ChildId, MatchId};
use crate::issues::{Issue, IssueCode, Severity};
use crate::matches::{Match, MatchSource, MatchStatus};
use crate::organisations::OrganisationCode;

/// A list as it was read.
#[derive(Debug, Default)]
pub struct Crosswalk {
    /// How many rows it has.
    pub received: u64,
    pub rows: Vec<CrosswalkRow>,
    /// Of the rows that were rejected, those of which an identifier and the date of birth could be read.
    pub refused: Vec<CrosswalkRow>,
    pub issues: Vec<Issue>,
}

impl Crosswalk {
    /// Takes a row, or rejects it, by what is wrong with it.
    pub fn take(&mut self, row: Option<CrosswalkRow>, issues: Vec<Issue>) {
        self.received += 1;
        let is_rejected = issues.iter().any(|issue| issue.code.severity() == Severity::Error);
        self.issues.extend(issues);
        if is_rejected { self.refused.extend(row) } else { self.rows.extend(row) }
    }

    /// How many rows were rejected.
    pub fn rejected(&self) -> u64 {
        self.received - self.rows.len() as u64
    }

    /// Rejects the rows that contradict others.
    #[must_use]
    pub fn without_contradictions(self) -> Self {
        let found = contradictions(&self.rows);
        let Self { received, rows, mut refused, mut issues } = self;
        let mut sound = Vec::with_capacity(rows.len());
        for (place, row) in rows.into_iter().enumerate() {
            match found.get(&place) {
                None => sound.push(row),
                Some(code) => {
                    issues.push(Issue { row: row.number, referral_id: None, field: "row", code: *code });
                    refused.push(row);
                }
            }
        }
        Self { received, rows: sound, refused, issues }
    }
}

/// One child of the list. The first identifier is the one by which the council keeps the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrosswalkRow {
    /// Counted from 1, without the header.
    pub number: u64,
    pub identifiers: Vec<ChildIdentifier>,
    pub date_of_birth: NaiveDate,
    pub standing: CrosswalkStanding,
}

/// How far a row may be relied upon, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrosswalkStanding {
    /// The NHS number is not said to be traced.
    Stated,
    /// The council traced the NHS number and verified it (trace status 01).
    Traced,
    /// The record is sensitive: it is joined with nothing.
    Sensitive,
}

impl CrosswalkRow {
    fn reference(&self, identifier: &ChildIdentifier) -> ChildReference {
        ChildReference { identifier: identifier.clone(), date_of_birth: self.date_of_birth }
    }

    /// All that the row names.
    pub fn references(&self) -> impl Iterator<Item = ChildReference> {
        self.identifiers.iter().map(|identifier| self.reference(identifier))
    }

    /// The two identifiers of each match that the row states.
    pub fn pairs(&self) -> impl Iterator<Item = (ChildReference, ChildReference)> {
        let first = self.identifiers.first();
        let pair = |first: &ChildIdentifier, other: &ChildIdentifier| (self.reference(first), self.reference(other));
        first.into_iter().flat_map(move |first| self.identifiers.iter().skip(1).map(move |other| pair(first, other)))
    }
}

/// The rows that contradict another, by their places in the list, and what is wrong. Rows that share an identifier, however
/// far round, are about one child: it has one date of birth, and one identifier of each kind. Otherwise all of them are in
/// doubt.
pub fn contradictions(rows: &[CrosswalkRow]) -> BTreeMap<usize, IssueCode> {
    let mut found = BTreeMap::new();
    for places in together(rows) {
        if let Some(code) = contradiction(&places, rows) {
            found.extend(places.into_iter().map(|place| (place, code)));
        }
    }
    found
}

/// The places of rows that share an identifier with each other, directly or through others.
fn together(rows: &[CrosswalkRow]) -> Vec<Vec<usize>> {
    let mut groups: Vec<usize> = (0..rows.len()).collect();
    let mut first_with: HashMap<&ChildIdentifier, usize> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        for identifier in &row.identifiers {
            let other = *first_with.entry(identifier).or_insert(place);
            let (one, other) = (root(&mut groups, place), root(&mut groups, other));
            groups[one.max(other)] = one.min(other);
        }
    }
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in 0..rows.len() {
        found.entry(root(&mut groups, place)).or_default().push(place);
    }
    found.into_values().filter(|places| places.len() > 1).collect()
}

/// The first place of the group that a place is in. The way there is shortened for the next who asks.
fn root(groups: &mut [usize], mut place: usize) -> usize {
    while groups[place] != place {
        groups[place] = groups[groups[place]];
        place = groups[place];
    }
    place
}

fn contradiction(places: &[usize], rows: &[CrosswalkRow]) -> Option<IssueCode> {
    let (mut born, mut born_by_upn) = (BTreeSet::new(), BTreeMap::new());
    let (mut upns, mut numbers, mut locals) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut upn_of_two = false;
    for row in places.iter().map(|place| &rows[*place]) {
        born.insert(row.date_of_birth);
        for identifier in &row.identifiers {
            match identifier {
                ChildIdentifier::Upn(upn) => {
                    upns.insert(upn.as_str());
                    upn_of_two |= *born_by_upn.entry(upn.as_str()).or_insert(row.date_of_birth) != row.date_of_birth;
                }
                ChildIdentifier::NhsNumber(number) => {
                    numbers.insert(number.as_str());
                }
                ChildIdentifier::LocalPatient { id, .. } => {
                    locals.insert(id.as_str());
                }
                ChildIdentifier::Named { .. } => {}
            }
        }
    }
    if upn_of_two {
        Some(IssueCode::UpnTwoChildren)
    } else if born.len() > 1 || upns.len() > 1 || locals.len() > 1 {
        Some(IssueCode::TwinsInDoubt)
    } else {
        (numbers.len() > 1).then_some(IssueCode::ChildTwoNhsNumbers)
    }
}

/// A match as the list states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated {
    pub first: ChildId,
    pub second: ChildId,
    pub standing: CrosswalkStanding,
}

/// What a list makes of the matches that its council stated before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Restated {
    /// The matches that are new or changed, as they are from now on.
    pub changed: Vec<Match>,
    /// How many the council had not stated before.
    pub opened: u64,
    /// How many it states as before.
    pub unchanged: u64,
    /// How many it states no longer.
    pub ended: u64,
    /// How many are kept although the list does not state them, because the rows that name them are in doubt.
    pub kept: u64,
}

/// What becomes of a council's matches by its new list. `before` are those that it stated and has not ended; `doubted` are
/// the identifiers in rows that were rejected: what the list says of them counts neither for nor against.
pub fn restate<E>(
    council: OrganisationCode,
    before: Vec<Match>,
    stated: &[Stated],
    doubted: &BTreeSet<ChildId>,
    at: DateTime<Utc>,
    mut id: impl FnMut(ChildId, ChildId) -> Result<MatchId, E>,
) -> Result<Restated, E> {
    let mut restated = Restated::default();
    let mut held: BTreeMap<(ChildId, ChildId), Match> = before.into_iter().map(|one| ((one.first, one.second), one)).collect();
    for Stated { first, second, standing } in stated {
        let now = match held.remove(&(*first, *second)) {
            Some(before) => {
                restated.unchanged += 1;
                let now = before.clone().restated(*standing, at);
                (now != before).then_some(now)
            }
            None => {
                restated.opened += 1;
                let made = Match {
                    id: id(*first, *second)?,
                    first: *first,
                    second: *second,
                    claimed_by: council,
                    source: MatchSource::Crosswalk,
                    status: MatchStatus::Stated,
                    valid_from: london_day(at),
                    valid_to: None,
                    verified: None,
                };
                Some(made.restated(*standing, at))
            }
        };
        restated.changed.extend(now);
    }
    for before in held.into_values() {
        if doubted.contains(&before.first) || doubted.contains(&before.second) {
            restated.kept += 1;
            let now = before.clone().restated(CrosswalkStanding::Stated, at);
            restated.changed.extend((now != before).then_some(now));
        } else {
            restated.ended += 1;
            restated.changed.push(before.end(london_day(at)));
        }
    }
    Ok(restated)
}

impl Match {
    /// What its claimant's next list makes of it. Only the claimant's own word changes; what a holder said of it stays.
    fn restated(self, standing: CrosswalkStanding, at: DateTime<Utc>) -> Self {
        let is_own_word = self.verified.is_some_and(|verified| verified.by == self.claimed_by);
        match (standing, self.status) {
            (CrosswalkStanding::Sensitive, _) => Self { status: MatchStatus::UnmatchedSensitive, verified: None, ..self },
            (_, MatchStatus::UnmatchedSensitive) => Self { status: MatchStatus::Stated, ..self }.restated(standing, at),
            (CrosswalkStanding::Traced, MatchStatus::Stated) => {
                let by = self.claimed_by;
                self.verify(by, at)
            }
            (CrosswalkStanding::Stated, MatchStatus::Verified) if is_own_word => {
                Self { status: MatchStatus::Stated, verified: None, ..self }
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::matches::{MatchDecision, same_child};
    use crate::upns::Upn;

    fn noon(day: &str) -> DateTime<Utc> {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    fn council() -> OrganisationCode {
        "E10000015".parse().unwrap()
    }

    const NUMBERS: [&str; 4] = ["9990000018", "9990000026", "9990000034", "9990000042"];

    fn row(upn: Option<u16>, local: Option<u8>, number: Option<usize>, born: u32) -> CrosswalkRow {
        let upn = upn.map(|serial| ChildIdentifier::Upn(Upn::from_parts(919, 4001, 20, serial).unwrap()));
        let local = local.map(|id| ChildIdentifier::LocalPatient { provider: council(), id: id.to_string() });
        let number = number.map(|nth| ChildIdentifier::NhsNumber(NUMBERS[nth].parse().unwrap()));
        CrosswalkRow {
            number: 1,
            identifiers: [upn, local, number].into_iter().flatten().collect(),
            date_of_birth: NaiveDate::from_ymd_opt(2016, 5, born).unwrap(),
            standing: CrosswalkStanding::Stated,
        }
    }

    fn codes(rows: &[CrosswalkRow]) -> Vec<Option<&'static str>> {
        let found = contradictions(rows);
        (0..rows.len()).map(|place| found.get(&place).map(|code| code.as_str())).collect()
    }

    #[test]
    fn each_contradiction_has_its_name_and_takes_every_row_of_the_child() {
        let sound = row(Some(1), None, Some(0), 4);
        assert_eq!(codes(&[sound.clone(), sound.clone()]), [None, None], "the same twice contradicts nothing");
        assert_eq!(codes(&[sound.clone(), row(Some(1), None, Some(1), 5)]), [Some("upn-two-children"); 2]);
        assert_eq!(codes(&[sound.clone(), row(Some(1), None, Some(1), 4)]), [Some("child-two-nhs-numbers"); 2]);
        assert_eq!(codes(&[sound.clone(), row(Some(2), None, Some(0), 4)]), [Some("twins-in-doubt"); 2]);
        assert_eq!(codes(&[sound.clone(), row(Some(2), None, Some(0), 5)]), [Some("twins-in-doubt"); 2]);
        // Twins: born on one day, and everything else is their own.
        assert_eq!(codes(&[sound.clone(), row(Some(2), None, Some(1), 4)]), [None, None]);
        // A chain that ends in a contradiction is in doubt as a whole; one that closes in a circle is not.
        let chain = [
            row(Some(1), Some(7), None, 4),
            row(None, Some(7), Some(0), 4),
            row(Some(2), None, Some(0), 4),
            row(Some(9), None, Some(3), 4),
        ];
        assert_eq!(codes(&chain), [Some("twins-in-doubt"), Some("twins-in-doubt"), Some("twins-in-doubt"), None]);
        assert_eq!(codes(&[row(Some(1), Some(7), None, 4), row(None, Some(7), Some(0), 4), sound]), [None, None, None]);
    }

    fn stated(first: i64, second: i64, standing: CrosswalkStanding) -> Stated {
        Stated { first: ChildId(first), second: ChildId(second), standing }
    }

    fn list(before: Vec<Match>, stated: &[Stated], doubted: &[i64], on: &str) -> Restated {
        let doubted = doubted.iter().copied().map(ChildId).collect();
        restate(council(), before, stated, &doubted, noon(on), |first, second| {
            Ok::<_, Infallible>(MatchId(Uuid::from_u128(u128::try_from(first.0 * 1000 + second.0).unwrap())))
        })
        .unwrap()
    }

    #[test]
    fn the_next_list_opens_keeps_and_ends_and_leaves_a_holders_word_alone() {
        let first = list(vec![], &[stated(1, 2, CrosswalkStanding::Stated), stated(3, 4, CrosswalkStanding::Traced)], &[], "2026-11-01");
        assert_eq!((first.opened, first.unchanged, first.ended), (2, 0, 0));
        assert_eq!(first.changed.iter().map(|one| one.status).collect::<Vec<_>>(), [MatchStatus::Stated, MatchStatus::Verified]);
        let trust = "RY4".parse().unwrap();
        let told = first.changed[0].clone().decide(MatchDecision::Join, trust, noon("2026-11-02")).unwrap();
        let held = vec![told, first.changed[1].clone()];
        // The same list again changes nothing; without its trace the council's own word is worth less.
        let again =
            list(held.clone(), &[stated(1, 2, CrosswalkStanding::Traced), stated(3, 4, CrosswalkStanding::Stated)], &[], "2026-11-08");
        assert_eq!((again.unchanged, again.changed.len()), (2, 1));
        assert_eq!((again.changed[0].status, again.changed[0].verified), (MatchStatus::Stated, None));
        // What a rejected row names is kept, on a holder's word and on no other.
        let doubted = list(held.clone(), &[], &[2, 3], "2026-11-08");
        assert_eq!((doubted.kept, doubted.ended), (2, 0));
        assert_eq!(doubted.changed.iter().map(|one| (one.first.0, one.status)).collect::<Vec<_>>(), [(3, MatchStatus::Stated)]);
        let sensitive = list(held, &[stated(1, 2, CrosswalkStanding::Sensitive)], &[], "2026-11-08");
        assert_eq!((sensitive.changed[0].status, sensitive.changed[0].verified), (MatchStatus::UnmatchedSensitive, None));
        assert_eq!((sensitive.ended, sensitive.changed[1].status), (1, MatchStatus::Undone));
    }

    proptest! {
        #[test]
        fn what_is_not_in_doubt_names_one_child_with_one_of_each(
            given in prop::collection::vec((prop::option::of(1_u16..5), prop::option::of(1_u8..4), prop::option::of(0_usize..4), 1_u32..4), 0..12),
        ) {
            let rows: Vec<_> = given.into_iter().map(|(upn, local, number, born)| row(upn, local, number, born)).collect();
            let found = contradictions(&rows);
            for (place, one) in rows.iter().enumerate().filter(|(place, _)| !found.contains_key(place)) {
                for (other_place, other) in rows.iter().enumerate() {
                    let shared = one.identifiers.iter().any(|identifier| other.identifiers.contains(identifier));
                    if shared {
                        prop_assert!(!found.contains_key(&other_place), "{} {}", place, other_place);
                        prop_assert_eq!(one.date_of_birth, other.date_of_birth);
                    }
                }
            }
        }

        #[test]
        fn a_list_and_its_repetition_give_the_same_children(pairs in prop::collection::btree_set((1_i64..6, 6_i64..12), 0..8), of in 1_i64..12) {
            let stated: Vec<_> = pairs.iter().map(|(first, second)| stated(*first, *second, CrosswalkStanding::Traced)).collect();
            let first = list(vec![], &stated, &[], "2026-11-01");
            let again = list(first.changed.clone(), &stated, &[], "2026-11-08");
            prop_assert_eq!((again.changed.len(), again.unchanged), (0, first.opened));
            let ended = list(first.changed.clone(), &[], &[], "2026-11-08");
            prop_assert_eq!(ended.ended, first.opened);
            prop_assert_eq!(same_child(ChildId(of), &ended.changed, |_| true).len(), 1);
        }
    }
}
