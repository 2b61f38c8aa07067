//! Matches: somebody's dated claim that two identifiers are one child's. A record keeps the identifier that it named; which
//! identifiers are one child's follows from the matches alone, so that ending a match takes nothing apart but itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::dates::london_day;
use crate::identifiers::{ChildId, MatchId};
use crate::organisations::OrganisationCode;

closed! {
    /// Where a match comes from.
    pub enum MatchSource {
        /// A council's list of its children's identifiers.
        Crosswalk = "crosswalk",
        /// A request for advice that named the child by two identifiers.
        AdviceRequest = "advice-request",
        /// A file in which its sender names one of its own children by two identifiers.
        OwnFile = "own-file",
        /// A message in which a provider retires an identifier for another (HL7 v2 ADT^A40).
        Merge = "merge",
    }
}

closed! {
    /// How far a match is to be believed.
    pub enum MatchStatus {
        /// Its claimant says so, and nobody who holds the other identifier's records has.
        Stated = "stated",
        Verified = "verified",
        /// It was verified, and somebody who holds records has said that it is wrong.
        Disputed = "disputed",
        /// Somebody who holds records said that these are two children.
        KeptApart = "kept-apart",
        /// Its claimant took it back, or no longer states it.
        Undone = "undone",
        /// One identifier replaces the other with its claimant, and says nothing to anybody else.
        Superseded = "superseded",
        /// The record is sensitive: its number may be joined with nothing.
        UnmatchedSensitive = "unmatched-sensitive",
    }
}

impl MatchStatus {
    /// Whether what forbids a flow about one of the two forbids it about the other too. In doubt it does.
    pub const fn forbids(self) -> bool {
        matches!(self, Self::Stated | Self::Verified | Self::Disputed | Self::Superseded | Self::UnmatchedSensitive)
    }
}

closed! {
    /// How a match stands, as its parties are told.
    pub enum MatchState {
        /// It is stated, and awaits whoever holds records of the other identifier.
        Potential = "potential",
        Joined = "joined",
        KeptApart = "kept-apart",
        /// Whoever stated it took it back.
        Undone = "undone",
        /// It was joined, and a holder of records says that it is wrong.
        InError = "in-error",
    }
}

impl MatchState {
    /// The statuses of which one may mean this state.
    pub const fn statuses(self) -> &'static [MatchStatus] {
        match self {
            Self::Potential => &[MatchStatus::Stated, MatchStatus::Verified],
            Self::Joined => &[MatchStatus::Verified],
            Self::KeptApart => &[MatchStatus::KeptApart, MatchStatus::UnmatchedSensitive],
            Self::Undone => &[MatchStatus::Undone, MatchStatus::Superseded],
            Self::InError => &[MatchStatus::Disputed],
        }
    }
}

closed! {
    /// What somebody decides about a match.
    pub enum MatchDecision {
        Join = "join",
        KeepApart = "keep-apart",
        Undo = "undo",
    }
}

/// A match. Its first identifier is the one by which its claimant keeps the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub id: MatchId,
    pub first: ChildId,
    pub second: ChildId,
    pub claimed_by: OrganisationCode,
    pub source: MatchSource,
    pub status: MatchStatus,
    /// The day from which its claimant states it.
    pub valid_from: NaiveDate,
    /// The day on which it ended, where it did.
    pub valid_to: Option<NaiveDate>,
    pub verified: Option<Verification>,
}

/// A match to be stated; the permit says by whom, and of which child.
#[derive(Debug, Clone, Copy)]
pub struct MatchDraft {
    pub id: MatchId,
    /// The other identifier that is said to be the child's.
    pub second: ChildId,
    pub source: MatchSource,
}

/// Whose word a match rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    pub by: OrganisationCode,
    pub at: DateTime<Utc>,
}

/// Why a decision about a match is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecidable {
    /// Only an organisation that holds records of the other identifier can say that it is one child.
    NotTheHolder,
    /// It has ended: it has to be stated anew.
    Ended,
    /// Its claimant says that the record is sensitive: it is joined with nothing.
    Sensitive,
}

impl Match {
    /// What becomes of it by a decision of its claimant or of an organisation that holds records of it. The
    /// claimant's own word joins nothing here, and its undoing ends the match; a holder takes back its own word alone.
    pub fn decide(self, decision: MatchDecision, by: OrganisationCode, at: DateTime<Utc>) -> Result<Self, NotDecidable> {
        use MatchStatus::{Disputed, KeptApart, Stated, Superseded, Undone, UnmatchedSensitive, Verified};
        let is_claimant = by == self.claimed_by;
        match (self.status, decision) {
            (Undone, MatchDecision::Undo) if is_claimant => Ok(self),
            (Undone | Superseded, _) => Err(NotDecidable::Ended),
            (_, MatchDecision::Undo) if is_claimant => Ok(self.end(london_day(at))),
            (UnmatchedSensitive, _) => Err(NotDecidable::Sensitive),
            (_, MatchDecision::Join) if is_claimant => Err(NotDecidable::NotTheHolder),
            (_, MatchDecision::Join) => Ok(self.verify(by, at)),
            (Verified | Disputed, MatchDecision::KeepApart) => Ok(Self { status: Disputed, ..self }),
            (Stated | KeptApart, MatchDecision::KeepApart) => Ok(Self { status: KeptApart, ..self }),
            (_, MatchDecision::Undo) => Ok(Self { status: Stated, verified: None, ..self }),
        }
    }

    /// It rests on somebody's word from now on. The first word is kept, except that a holder's is worth more than the
    /// claimant's own.
    #[must_use]
    pub fn verify(self, by: OrganisationCode, at: DateTime<Utc>) -> Self {
        let rests_on_itself = self.verified.is_some_and(|verified| verified.by == self.claimed_by);
        match self.status {
            MatchStatus::Verified if !rests_on_itself || by == self.claimed_by => self,
            MatchStatus::Stated | MatchStatus::Verified | MatchStatus::Disputed | MatchStatus::KeptApart => {
                Self { status: MatchStatus::Verified, verified: Some(Verification { by, at }), ..self }
            }
            _ => self,
        }
    }

    /// It ends. Who verified it, and when, stays.
    #[must_use]
    pub fn end(self, on: NaiveDate) -> Self {
        Self { status: MatchStatus::Undone, valid_to: self.valid_to.or(Some(on)), ..self }
    }

    /// Whether another says the same again: the same claimant of the same two identifiers, and it has not ended.
    pub fn is_restated_by(&self, other: &Self) -> bool {
        self.status != MatchStatus::Undone && (self.claimed_by, self.first, self.second) == (other.claimed_by, other.first, other.second)
    }

    /// How it stands, where `is_trusted` says whether its claimant's own word is enough.
    pub fn state(&self, is_trusted: bool) -> MatchState {
        match self.status {
            MatchStatus::Verified if self.joins(|_| is_trusted) => MatchState::Joined,
            MatchStatus::Stated | MatchStatus::Verified => MatchState::Potential,
            MatchStatus::KeptApart | MatchStatus::UnmatchedSensitive => MatchState::KeptApart,
            MatchStatus::Undone | MatchStatus::Superseded => MatchState::Undone,
            MatchStatus::Disputed => MatchState::InError,
        }
    }

    /// Whether it makes two identifiers one child's where `trusts` says whose own claims are believed.
    fn joins(&self, trusts: impl Fn(OrganisationCode) -> bool) -> bool {
        let is_its_word = self.verified.is_some_and(|verified| verified.by == self.claimed_by);
        let is_own = self.source == MatchSource::OwnFile;
        self.status == MatchStatus::Verified && (!is_its_word || is_own || trusts(self.claimed_by))
    }
}

/// The identifiers that are one child's with one of them, itself included, by matches that are verified: by a holder, or
/// by their claimant where `trusts` says that its own word is enough.
pub fn same_child(of: ChildId, matches: &[Match], trusts: impl Fn(OrganisationCode) -> bool) -> BTreeSet<ChildId> {
    let is_sensitive = |one: &&Match| one.status == MatchStatus::UnmatchedSensitive;
    let sensitive: BTreeSet<ChildId> = matches.iter().filter(is_sensitive).flat_map(|one| [one.first, one.second]).collect();
    connected(of, matches, |one| one.joins(&trusts) && !sensitive.contains(&one.first) && !sensitive.contains(&one.second))
}

/// The identifiers that anybody claims to be one child's with one of them, itself included.
pub fn claimed_child(of: ChildId, matches: &[Match]) -> BTreeSet<ChildId> {
    connected(of, matches, |one| one.status.forbids())
}

/// Of each identifier that is claimed to be one child's with another, the oldest that is.
pub fn joined_groups(matches: &[Match]) -> BTreeMap<ChildId, ChildId> {
    let across = neighbours(matches, |one| one.status.forbids());
    let mut groups = BTreeMap::new();
    // In the order of their age: who is reached first is the oldest.
    for oldest in across.keys() {
        if !groups.contains_key(oldest) {
            groups.extend(reached(*oldest, &across).into_iter().map(|id| (id, *oldest)));
        }
    }
    groups
}

type Neighbours = BTreeMap<ChildId, Vec<ChildId>>;

fn neighbours(matches: &[Match], counts: impl Fn(&Match) -> bool) -> Neighbours {
    let mut across = Neighbours::new();
    for one in matches.iter().filter(|one| counts(one)) {
        across.entry(one.first).or_default().push(one.second);
        across.entry(one.second).or_default().push(one.first);
    }
    across
}

fn reached(of: ChildId, across: &Neighbours) -> BTreeSet<ChildId> {
    let (mut found, mut next) = (BTreeSet::from([of]), vec![of]);
    while let Some(at) = next.pop() {
        next.extend(across.get(&at).into_iter().flatten().copied().filter(|id| found.insert(*id)));
    }
    found
}

fn connected(of: ChildId, matches: &[Match], counts: impl Fn(&Match) -> bool) -> BTreeSet<ChildId> {
    reached(of, &neighbours(matches, counts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn noon(day: &str) -> DateTime<Utc> {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    fn organisation(text: &str) -> OrganisationCode {
        text.parse().unwrap()
    }

    fn claimed(first: i64, second: i64, source: MatchSource) -> Match {
        Match {
            id: MatchId(Uuid::from_u128(1)),
            first: ChildId(first),
            second: ChildId(second),
            claimed_by: organisation("E10000015"),
            source,
            status: MatchStatus::Stated,
            valid_from: day("2026-11-01"),
            valid_to: None,
            verified: None,
        }
    }

    fn ids(ids: impl IntoIterator<Item = i64>) -> BTreeSet<ChildId> {
        ids.into_iter().map(ChildId).collect()
    }

    fn nobody(_: OrganisationCode) -> bool {
        false
    }

    #[test]
    fn only_a_holder_joins_and_either_side_takes_apart() {
        let (council, trust, at) = (organisation("E10000015"), organisation("RY4"), noon("2026-11-30"));
        let stated = claimed(1, 2, MatchSource::Crosswalk);
        assert_eq!(stated.clone().decide(MatchDecision::Join, council, at), Err(NotDecidable::NotTheHolder));
        let joined = stated.clone().decide(MatchDecision::Join, trust, at).unwrap();
        assert_eq!((joined.status, joined.verified), (MatchStatus::Verified, Some(Verification { by: trust, at })));
        assert_eq!(joined.clone().decide(MatchDecision::Join, council, at), Err(NotDecidable::NotTheHolder));
        let taken_back = joined.clone().decide(MatchDecision::Undo, trust, at).unwrap();
        assert_eq!(taken_back, stated, "a holder takes back its own word alone");
        let disputed = joined.clone().decide(MatchDecision::KeepApart, trust, at).unwrap();
        assert_eq!(disputed.status, MatchStatus::Disputed);
        assert_eq!(disputed.clone().decide(MatchDecision::Join, council, at), Err(NotDecidable::NotTheHolder));
        assert_eq!(disputed.decide(MatchDecision::Join, trust, at).unwrap().status, MatchStatus::Verified);
        let apart = stated.decide(MatchDecision::KeepApart, trust, at).unwrap();
        assert_eq!(apart.status, MatchStatus::KeptApart);
        let undone = joined.decide(MatchDecision::Undo, council, at).unwrap();
        assert_eq!((undone.status, undone.valid_to), (MatchStatus::Undone, Some(day("2026-11-30"))));
        assert_eq!(undone.clone().decide(MatchDecision::Undo, council, at), Ok(undone.clone()));
        assert_eq!(undone.decide(MatchDecision::Join, trust, at), Err(NotDecidable::Ended));
        // A holder's word replaces the claimant's own, and is not replaced by it.
        let own = claimed(1, 2, MatchSource::Crosswalk).verify(council, at);
        let told = own.decide(MatchDecision::Join, trust, at).unwrap();
        assert_eq!(told.verified, Some(Verification { by: trust, at }));
        assert_eq!(told.clone().verify(council, at), told);
    }

    #[test]
    fn what_is_sensitive_is_joined_with_nothing_and_still_forbids() {
        let joined = claimed(2, 3, MatchSource::OwnFile).verify(organisation("RY4"), noon("2026-11-30"));
        let sensitive = Match { status: MatchStatus::UnmatchedSensitive, ..claimed(1, 2, MatchSource::Crosswalk) };
        assert_eq!(same_child(ChildId(3), std::slice::from_ref(&joined), nobody), ids([2, 3]));
        assert_eq!(same_child(ChildId(3), &[joined.clone(), sensitive.clone()], nobody), ids([3]));
        assert_eq!(claimed_child(ChildId(3), &[joined, sensitive.clone()]), ids([1, 2, 3]));
        assert_eq!(sensitive.decide(MatchDecision::Join, organisation("RY4"), noon("2026-11-30")), Err(NotDecidable::Sensitive));
    }

    #[test]
    fn a_claimants_own_word_counts_only_where_it_is_trusted() {
        let council = organisation("E10000015");
        let own = claimed(1, 2, MatchSource::Crosswalk).verify(council, noon("2026-11-30"));
        assert_eq!(same_child(ChildId(1), std::slice::from_ref(&own), nobody), ids([1]));
        assert_eq!(same_child(ChildId(1), std::slice::from_ref(&own), |claimant| claimant == council), ids([1, 2]));
        let file = claimed(1, 2, MatchSource::OwnFile).verify(council, noon("2026-11-30"));
        assert_eq!(same_child(ChildId(2), &[file], nobody), ids([1, 2]));
    }

    #[test]
    fn what_is_only_stated_forbids_and_does_not_permit() {
        let chain = [
            claimed(1, 2, MatchSource::Crosswalk),
            claimed(2, 3, MatchSource::AdviceRequest).verify(organisation("RY4"), noon("2026-11-30")),
            Match { status: MatchStatus::KeptApart, ..claimed(3, 4, MatchSource::Crosswalk) },
        ];
        assert_eq!(same_child(ChildId(2), &chain, nobody), ids([2, 3]));
        assert_eq!(claimed_child(ChildId(3), &chain), ids([1, 2, 3]));
        assert_eq!(claimed_child(ChildId(4), &chain), ids([4]));
    }

    #[test]
    fn a_state_is_found_among_its_statuses() {
        for status in MatchStatus::ALL {
            let by = organisation("E10000015");
            let verified = (*status == MatchStatus::Verified).then(|| Verification { by, at: noon("2026-11-30") });
            let one = Match { status: *status, verified, ..claimed(1, 2, MatchSource::Crosswalk) };
            for trusted in [true, false] {
                assert!(one.state(trusted).statuses().contains(status), "{status}");
            }
        }
        let own = claimed(1, 2, MatchSource::Crosswalk).verify(organisation("E10000015"), noon("2026-11-30"));
        assert_eq!((own.state(true), own.state(false)), (MatchState::Joined, MatchState::Potential));
    }

    fn any_match() -> impl Strategy<Value = Match> {
        (1_i64..8, 1_i64..8, 0..MatchStatus::ALL.len(), 0..MatchSource::ALL.len(), any::<bool>()).prop_map(
            |(first, second, status, source, own)| {
                let by = organisation(if own { "E10000015" } else { "RY4" });
                let status = MatchStatus::ALL[status];
                let verified = (status == MatchStatus::Verified).then_some(Verification { by, at: noon("2026-11-30") });
                Match { status, verified, ..claimed(first, second, MatchSource::ALL[source]) }
            },
        )
    }

    proptest! {
        #[test]
        fn it_is_the_same_child_from_each_of_its_identifiers(matches in prop::collection::vec(any_match(), 0..10), of in 1_i64..8) {
            let same = same_child(ChildId(of), &matches, nobody);
            for other in &same {
                prop_assert_eq!(&same_child(*other, &matches, nobody), &same);
            }
            prop_assert!(same.is_subset(&claimed_child(ChildId(of), &matches)));
        }

        #[test]
        fn an_undone_match_leaves_what_was_before_it(mut matches in prop::collection::vec(any_match(), 0..10), of in 1_i64..8, one in any_match()) {
            let before = same_child(ChildId(of), &matches, nobody);
            matches.push(one.end(day("2026-11-30")));
            prop_assert_eq!(same_child(ChildId(of), &matches, nobody), before);
        }
    }
}
