//! Matches: who claims that which identifiers are one child's, and which identifiers therefore are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::{
    ChildId, ChildReference, Match, MatchId, MatchSource, MatchStatus, OrganisationCode, Verification, joined_groups, london_day,
    same_child,
};
use uuid::Uuid;

use crate::StoreError;
use crate::children::{BATCH, Known, KnownRow};
use crate::rows::{read, utc};
use crate::schema::{child_identifier, child_match};
use crate::transactions::{Tx, on};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = child_match, treat_none_as_default_value = false)]
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
            verified: by.zip(row.verified_at).map(|(by, at)| Verification { by, at: utc(at) }),
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
            verified_at: one.verified.map(|verified| verified.at.naive_utc()),
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
        for rows in rows.chunks(BATCH) {
            let rest = diesel::insert_into(child_match::table).values(rows).on_conflict(child_match::id).do_update();
            let rest = rest.set((
                child_match::status.eq(excluded(child_match::status)),
                child_match::valid_from.eq(excluded(child_match::valid_from)),
                child_match::valid_to.eq(excluded(child_match::valid_to)),
                child_match::verified_by.eq(excluded(child_match::verified_by)),
                child_match::verified_at.eq(excluded(child_match::verified_at)),
                child_match::ended_at.eq(excluded(child_match::ended_at)),
                child_match::cause.eq(excluded(child_match::cause)),
            ));
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
        let changed: Vec<(i64, Option<i64>)> = before
            .into_iter()
            .map(|(id, joined)| (id, joined, after.get(&ChildId(id)).map(|oldest| oldest.0)))
            .filter(|(_, joined, now)| now != joined)
            .map(|(id, _, now)| (id, now))
            .collect();
        for changed in changed.chunks(BATCH) {
            // Numbers alone, so they can stand in the statement; both databases name the columns of such a table so.
            let rows: Vec<String> =
                changed.iter().map(|(id, now)| format!("({id}, {})", now.map_or("NULL".to_owned(), |now| now.to_string()))).collect();
            let update = format!(
                "UPDATE child_identifier SET joined_id = CAST(now.column2 AS BIGINT)
                 FROM (VALUES {}) AS now WHERE child_identifier.id = now.column1",
                rows.join(", ")
            );
            on!(self, c => diesel::sql_query(&update).execute(*c))?;
        }
        Ok(())
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
        self.end_matches(rows, at)
    }

    /// Ends what an organisation's files said of a child and other identifiers: they stood beside the wrong child.
    pub(crate) fn end_own_joins(
        &mut self,
        organisation: OrganisationCode,
        child: ChildId,
        others: &BTreeSet<ChildId>,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let others: Vec<i64> = others.iter().map(|other| other.0).collect();
        let joins = child_match::table
            .filter(child_match::first_id.eq(child.0).and(child_match::second_id.eq_any(others)))
            .filter(child_match::source.eq(MatchSource::OwnFile.as_str()).and(child_match::claimed_by.eq(organisation.as_str())))
            .filter(child_match::ended_at.is_null());
        let rows: Vec<MatchRow> = on!(self, c => joins.select(MatchRow::as_select()).load(*c))?;
        self.end_matches(rows, at).map(drop)
    }

    /// Whether there was one to end.
    fn end_matches(&mut self, rows: Vec<MatchRow>, at: DateTime<Utc>) -> Result<bool, StoreError> {
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
