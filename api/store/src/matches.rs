//! Matches: who claims that which identifiers are one child's, and which identifiers therefore are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{
    Act, Attribution, ChildId, ChildReference, DataClass, Match, MatchDecision, MatchDraft, MatchId, MatchSource, MatchStatus,
    NotDecidable, OrganisationCode, Permit, Verification, joined_groups, london_day, same_child,
};
use uuid::Uuid;

use crate::StoreError;
use crate::children::{Known, KnownRow};
use crate::rows::read;
use crate::schema::{child_identifier, child_match};
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};

/// Ids that are named in one statement.
pub(crate) const BATCH: usize = 500;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = child_match, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct MatchRow {
    pub(crate) id: String,
    pub(crate) first_id: i64,
    pub(crate) second_id: i64,
    pub(crate) claimed_by: String,
    pub(crate) source: String,
    pub(crate) status: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: Option<NaiveDate>,
    pub(crate) verified_by: Option<String>,
    pub(crate) verified_on: Option<NaiveDate>,
    pub(crate) verified_at: Option<NaiveDateTime>,
    pub(crate) ended_at: Option<NaiveDateTime>,
    pub(crate) cause: Option<String>,
}

impl TryFrom<MatchRow> for Match {
    type Error = StoreError;

    fn try_from(row: MatchRow) -> Result<Self, StoreError> {
        let by = row.verified_by.as_deref().map(|by| read(by, "who verified a match")).transpose()?;
        Ok(Self {
            id: read(&row.id, "a match's id")?,
            first: ChildId(row.first_id),
            second: ChildId(row.second_id),
            claimed_by: read(&row.claimed_by, "who claims a match")?,
            source: read(&row.source, "where a match comes from")?,
            status: read(&row.status, "a match's status")?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            verified: by.zip(row.verified_on).map(|(by, on)| Verification { by, on }),
        })
    }
}

impl MatchRow {
    /// A match as it is from `at` on, which was made by `cause`.
    pub(crate) fn of(one: &Match, cause: Option<Uuid>, at: DateTime<Utc>) -> Self {
        Self {
            id: one.id.to_string(),
            first_id: one.first.0,
            second_id: one.second.0,
            claimed_by: one.claimed_by.to_string(),
            source: one.source.to_string(),
            status: one.status.to_string(),
            valid_from: one.valid_from,
            valid_to: one.valid_to,
            verified_by: one.verified.map(|verified| verified.by.to_string()),
            verified_on: one.verified.map(|verified| verified.on),
            verified_at: one.verified.map(|_| at.naive_utc()),
            ended_at: one.valid_to.map(|_| at.naive_utc()),
            cause: cause.map(|cause| cause.to_string()),
        }
    }
}

/// The identifiers of some children that are in a match, and the matches between them.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pub(crate) identifiers: BTreeMap<ChildId, ChildReference>,
    pub(crate) matches: Vec<Match>,
}

impl Tx<'_> {
    /// The identifiers that anybody claims to be one child's with this one, itself included.
    pub(crate) fn joined_with(&mut self, child: ChildId) -> Result<BTreeSet<ChildId>, StoreError> {
        let joined = child_identifier::table.find(child.0).select(child_identifier::joined_id);
        let joined: Option<Option<i64>> = on!(self, c => joined.first(*c).optional())?;
        let mut found = BTreeSet::from([child]);
        if let Some(joined) = joined.flatten() {
            let members = child_identifier::table.filter(child_identifier::joined_id.eq(joined)).select(child_identifier::id);
            found.extend(on!(self, c => members.load::<i64>(*c))?.into_iter().map(ChildId));
        }
        Ok(found)
    }

    /// The identifiers of the child that one of them names, where `trusts` says whose own claims count.
    pub(crate) fn same_child(
        &mut self,
        child: ChildId,
        trusts: impl Fn(OrganisationCode) -> bool,
    ) -> Result<BTreeSet<ChildId>, StoreError> {
        let joined: Vec<i64> = self.joined_with(child)?.into_iter().map(|id| id.0).collect();
        if joined.len() == 1 {
            return Ok(BTreeSet::from([child]));
        }
        Ok(same_child(child, &self.matches_among(&joined)?, trusts))
    }

    /// The identifiers of each of some children that has several, by matches that a holder verified.
    pub(crate) fn same_children(&mut self, children: BTreeSet<i64>) -> Result<BTreeMap<ChildId, BTreeSet<ChildId>>, StoreError> {
        let children: Vec<i64> = children.into_iter().collect();
        let mut joined = Vec::new();
        for children in children.chunks(BATCH) {
            joined.extend(self.known_where(|tx| {
                let joined =
                    child_identifier::table.filter(child_identifier::id.eq_any(children).and(child_identifier::joined_id.is_not_null()));
                Ok(on!(tx, c => joined.select(KnownRow::as_select()).load(*c))?)
            })?);
        }
        let matches = self.joined_of(&joined)?.matches;
        Ok(joined.iter().map(|known| (known.id, same_child(known.id, &matches, |_| false))).filter(|(_, same)| same.len() > 1).collect())
    }

    /// The matches between identifiers that are all of their children's.
    pub(crate) fn matches_among(&mut self, ids: &[i64]) -> Result<Vec<Match>, StoreError> {
        let mut found = Vec::new();
        for ids in ids.chunks(BATCH) {
            let rows = child_match::table.filter(child_match::first_id.eq_any(ids)).order(child_match::id);
            let rows: Vec<MatchRow> = on!(self, c => rows.select(MatchRow::as_select()).load(*c))?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }

    /// What is joined to those of some identifiers that are in a match.
    pub(crate) fn joined_of(&mut self, known: &[Known]) -> Result<Joined, StoreError> {
        let joined: BTreeSet<i64> = known.iter().filter_map(|known| known.joined).collect();
        let joined: Vec<i64> = joined.into_iter().collect();
        let mut found = Joined::default();
        for joined in joined.chunks(BATCH) {
            let members = self.known_where(|tx| {
                let members = child_identifier::table.filter(child_identifier::joined_id.eq_any(joined));
                Ok(on!(tx, c => members.select(KnownRow::as_select()).load(*c))?)
            })?;
            found.identifiers.extend(members.into_iter().map(|known| (known.id, known.reference)));
        }
        let ids: Vec<i64> = found.identifiers.keys().map(|id| id.0).collect();
        found.matches = self.matches_among(&ids)?;
        Ok(found)
    }

    /// States matches, or what has become of them, and groups their identifiers anew. Each is written whole; the gates of
    /// both sides are the caller's to hold.
    pub(crate) fn save_matches(&mut self, rows: &[MatchRow]) -> Result<(), StoreError> {
        for row in rows {
            let rest = diesel::insert_into(child_match::table).values(row).on_conflict(child_match::id).do_update().set(row);
            on!(self, c => rest.execute(*c))?;
        }
        let ids: BTreeSet<i64> = rows.iter().flat_map(|row| [row.first_id, row.second_id]).collect();
        self.index_values(&ids)?;
        self.group(ids)
    }

    /// Forgets the matches of an identifier that is to be forgotten.
    pub(crate) fn forget_matches(&mut self, child: ChildId) -> Result<(), StoreError> {
        let theirs = child_match::table.filter(child_match::first_id.eq(child.0).or(child_match::second_id.eq(child.0)));
        let gone = diesel::delete(theirs).returning((child_match::first_id, child_match::second_id));
        let gone: Vec<(i64, i64)> = on!(self, c => gone.get_results(*c))?;
        self.group(gone.into_iter().flat_map(|(first, second)| [first, second]).collect())
    }

    /// Gives each of the identifiers, and of those that were grouped with them, the group that the matches make.
    fn group(&mut self, ids: BTreeSet<i64>) -> Result<(), StoreError> {
        let mut before: BTreeMap<i64, Option<i64>> = BTreeMap::new();
        let named: Vec<i64> = ids.into_iter().collect();
        for ids in named.chunks(BATCH) {
            let rows = child_identifier::table.filter(child_identifier::id.eq_any(ids));
            let rows = rows.select((child_identifier::id, child_identifier::joined_id));
            before.extend(on!(self, c => rows.load::<(i64, Option<i64>)>(*c))?);
        }
        let groups: Vec<i64> = before.values().filter_map(|joined| *joined).collect::<BTreeSet<_>>().into_iter().collect();
        for groups in groups.chunks(BATCH) {
            let rows = child_identifier::table.filter(child_identifier::joined_id.eq_any(groups));
            let rows = rows.select((child_identifier::id, child_identifier::joined_id));
            before.extend(on!(self, c => rows.load::<(i64, Option<i64>)>(*c))?);
        }
        let ids: Vec<i64> = before.keys().copied().collect();
        let after = joined_groups(&self.matches_among(&ids)?);
        let mut changed: BTreeMap<Option<i64>, Vec<i64>> = BTreeMap::new();
        for (id, joined) in before {
            let now = after.get(&ChildId(id)).map(|oldest| oldest.0);
            if now != joined {
                changed.entry(now).or_default().push(id);
            }
        }
        for (joined, ids) in changed {
            for ids in ids.chunks(BATCH) {
                let rows = child_identifier::table.filter(child_identifier::id.eq_any(ids));
                on!(self, c => diesel::update(rows).set(child_identifier::joined_id.eq(joined)).execute(*c))?;
            }
        }
        Ok(())
    }

    /// States that the permit's child is also the one of another identifier, which is held too, with an audit entry. What the
    /// claimant already states of the two is left as it is.
    pub fn state_match(&mut self, permit: &Permit, draft: MatchDraft, cause: Uuid, by: &Attribution) -> Result<(), StoreError> {
        let (ask, child) = Terms::of(Act::Join, DataClass::ChildMatching).own().about(draft.id.0).of_a_child(permit)?;
        self.hold_joined(BTreeSet::from([child, draft.second]))?;
        let stated = Match {
            id: draft.id,
            first: child,
            second: draft.second,
            claimed_by: ask.holder,
            source: draft.source,
            status: MatchStatus::Stated,
            valid_from: london_day(permit.at()),
            valid_to: None,
            verified: None,
        };
        let joined: Vec<i64> = self.joined_with(child)?.into_iter().map(|id| id.0).collect();
        if !self.matches_among(&joined)?.iter().any(|one| one.is_restated_by(&stated)) {
            self.save_matches(&[MatchRow::of(&stated, Some(cause), permit.at())])?;
        }
        self.log_permitted(permit, by)
    }

    /// The matches that a request or a submission stated, and the child that each keeps: facts for `decide`.
    pub fn matches_stated_by(&mut self, cause: Uuid) -> Result<Vec<Match>, StoreError> {
        let stated = child_match::table.filter(child_match::cause.eq(cause.to_string())).order(child_match::id);
        let rows: Vec<MatchRow> = on!(self, c => stated.select(MatchRow::as_select()).load(*c))?;
        rows.into_iter().map(Match::try_from).collect()
    }

    /// Takes a decision about a match of the permit's child, with an audit entry.
    pub fn decide_match(
        &mut self,
        permit: &Permit,
        id: MatchId,
        decision: MatchDecision,
        by: &Attribution,
    ) -> Result<Result<Match, NotDecidable>, StoreError> {
        let (ask, child) = Terms::of(Act::Join, DataClass::ChildMatching).own().about(id.0).of_a_child(permit)?;
        let theirs = child_match::first_id.eq(child.0).or(child_match::second_id.eq(child.0));
        let row: MatchRow = permitted_row(held!(self, child_match::table.find(id.to_string()).filter(theirs) => MatchRow))?;
        let cause = row.cause.as_deref().map(|cause| read(cause, "a match's cause")).transpose()?;
        let before = Match::try_from(row)?;
        self.hold_joined(BTreeSet::from([before.first, before.second]))?;
        let decided = match before.decide(decision, ask.holder, london_day(permit.at())) {
            Ok(decided) => decided,
            Err(fault) => return Ok(Err(fault)),
        };
        self.save_matches(&[MatchRow::of(&decided, cause, permit.at())])?;
        self.log_permitted(permit, by)?;
        Ok(Ok(decided))
    }

    /// Gives an organisation's referrals of one identifier to another, both held, because a message of it retires the first
    /// (HL7 v2 ADT^A40). Nobody else's referrals are touched, and what permits a flow about one permits nothing about the
    /// other. Answers how many referrals those were.
    pub(crate) fn merge_referrals(
        &mut self,
        cause: Uuid,
        organisation: OrganisationCode,
        retired: ChildId,
        survivor: (ChildId, &ChildReference),
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let referrals = self.held_referrals(organisation, retired)?;
        for id in &referrals {
            self.move_referral(organisation, id, survivor)?;
        }
        self.end_merges(organisation, retired, at)?;
        let merge = Match {
            id: MatchId(self.vault.derived_id(b"merge\0", &[cause.as_bytes(), &retired.0.to_be_bytes(), &survivor.0.0.to_be_bytes()])?),
            first: survivor.0,
            second: retired,
            claimed_by: organisation,
            source: MatchSource::Merge,
            status: MatchStatus::Superseded,
            valid_from: london_day(at),
            valid_to: None,
            verified: None,
        };
        self.save_matches(&[MatchRow::of(&merge, Some(cause), at)])?;
        Ok(referrals.len() as u64)
    }

    /// Lets an identifier stand again that an organisation's message retired.
    pub(crate) fn unmerge(
        &mut self,
        organisation: OrganisationCode,
        (id, reference): (ChildId, &ChildReference),
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if self.end_merges(organisation, id, at)? { self.lift_merges(organisation, reference, at) } else { Ok(()) }
    }

    /// Ends what an organisation's messages said of an identifier that it retired; whether they had.
    fn end_merges(&mut self, organisation: OrganisationCode, retired: ChildId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let merges = child_match::table
            .filter(child_match::second_id.eq(retired.0).and(child_match::claimed_by.eq(organisation.as_str())))
            .filter(child_match::source.eq(MatchSource::Merge.as_str()).and(child_match::status.eq(MatchStatus::Superseded.as_str())));
        let rows: Vec<MatchRow> = on!(self, c => merges.select(MatchRow::as_select()).load(*c))?;
        let mut ended = Vec::with_capacity(rows.len());
        for row in rows {
            let cause = row.cause.as_deref().map(|cause| read(cause, "a submission")).transpose()?;
            ended.push(MatchRow::of(&Match::try_from(row)?.end(london_day(at)), cause, at));
        }
        self.save_matches(&ended)?;
        Ok(!ended.is_empty())
    }

    /// Fills in the look-ups of identifiers without their dates of birth, now that they are in a match.
    fn index_values(&mut self, ids: &BTreeSet<i64>) -> Result<(), StoreError> {
        let ids: Vec<i64> = ids.iter().copied().collect();
        for ids in ids.chunks(BATCH) {
            let without = self.known_where(|tx| {
                let rows = child_identifier::table.filter(child_identifier::id.eq_any(ids).and(child_identifier::value_look_up.is_null()));
                Ok(on!(tx, c => rows.select(KnownRow::as_select()).load(*c))?)
            })?;
            for known in without {
                let look_up = self.vault.value_look_ups(&known.reference.identifier)[0];
                let row = child_identifier::table.find(known.id.0);
                on!(self, c => diesel::update(row).set(child_identifier::value_look_up.eq(look_up.as_slice())).execute(*c))?;
            }
        }
        Ok(())
    }
}
