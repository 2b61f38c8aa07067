//! Referrals and EHC cases as they are now. Facts about them (who holds what) go to `decide`. The records themselves
//! come out only against a permit, and each time with an audit entry.

mod cases;
mod counts;
pub(crate) mod reads;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use domain::{
    Act, Ask, Attribution, CallContext, ChildId, DataClass, Dataset, HeldReferral, Journey, OrganisationCode, Pathway, PathwaySet, Permit,
    Referral, Refusal, RefusalReason, journeys, london_day, same_child,
};

use crate::children::Among;
use crate::pages::PageAfter;
use crate::rows::{from_json, read};
use crate::schema::record;
use crate::terms::Terms;
use crate::transactions::{Tx, on};
use crate::vault::{Column, Vault};
use crate::{Decided, StoreError};
pub use cases::HeldCase;
pub use counts::Counted;

/// A referral in a listing, with the cursor that the next page starts after.
#[derive(Debug, Clone)]
pub struct ListedReferral {
    pub cursor: i64,
    pub list: String,
    /// Whether its accuracy is disputed. If so, only its sender sees it.
    pub disputed: bool,
    pub held: HeldReferral,
    /// For an open referral: its journeys, made from what its provider sent about the child and the permit shows.
    pub journeys: Vec<(Pathway, Journey)>,
}

/// No child has this number in the store.
const NO_CHILD: ChildId = ChildId(0);

/// One child's referrals, sealed: only a permit opens them.
pub struct SealedReferrals {
    child: ChildId,
    rows: Vec<RecordRow>,
    holders: BTreeMap<OrganisationCode, PathwaySet>,
}

impl SealedReferrals {
    /// Which providers hold referrals, and of which pathways.
    pub fn holders(&self) -> impl Iterator<Item = (OrganisationCode, PathwaySet)> {
        self.holders.iter().map(|(holder, pathways)| (*holder, *pathways))
    }

    /// Whether nobody holds any.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = record)]
struct RecordRow {
    id: i64,
    organisation: String,
    record_key: String,
    list: String,
    child_id: i64,
    pathways: i16,
    flow: String,
    sealed_record: Vec<u8>,
    dispute_id: Option<String>,
}

impl RecordRow {
    /// The part of the referral that a permit shows. A disputed referral is shown only to its sender.
    fn cut(&self, permit: &Permit, vault: &Vault) -> Result<Result<HeldReferral, RefusalReason>, StoreError> {
        if self.dispute_id.is_some() && !permit.is_own() {
            return Ok(Err(RefusalReason::Disputed));
        }
        let HeldReferral { provider, flow, referral } = self.referral(vault)?;
        Ok(permit.cut(referral).map(|referral| HeldReferral { provider, flow, referral }))
    }

    fn referral(&self, vault: &Vault) -> Result<HeldReferral, StoreError> {
        let referral: Referral = from_json(&self.open(vault)?, "a referral")?;
        Ok(HeldReferral { provider: read(&self.organisation, "a provider")?, flow: read(&self.flow, "a flow")?, referral })
    }

    /// `beside` is all that the permit shows about the child, this referral included.
    fn listed(&self, held: HeldReferral, beside: &[HeldReferral], permit: &Permit) -> ListedReferral {
        let waits = held.referral.status.is_open();
        let told = || journeys(beside, held.provider, &held.referral.referral_id, london_day(permit.at()));
        let journeys = if waits { told() } else { Vec::new() };
        ListedReferral { journeys, ..self.placed(held) }
    }

    /// The same without its journeys.
    fn placed(&self, held: HeldReferral) -> ListedReferral {
        ListedReferral { cursor: self.id, list: self.list.clone(), disputed: self.dispute_id.is_some(), held, journeys: Vec::new() }
    }

    fn open(&self, vault: &Vault) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        vault.open(Column::Record, &record_row(&self.organisation, &self.record_key), &self.sealed_record)
    }
}

/// The row key of a sealed record.
pub(crate) fn record_row(organisation: &str, record_key: &str) -> Vec<u8> {
    let mut row = Vec::with_capacity(organisation.len() + 1 + record_key.len());
    row.extend_from_slice(organisation.as_bytes());
    row.push(0);
    row.extend_from_slice(record_key.as_bytes());
    row
}

fn referrals() -> diesel::dsl::Filter<record::table, diesel::dsl::Eq<record::dataset, &'static str>> {
    record::table.filter(record::dataset.eq(Dataset::WaitingList.as_str()))
}

impl Tx<'_> {
    /// The referrals of a child, still sealed: who holds which pathways may be asked of them, and goes
    /// to `decide`.
    pub fn referrals_of(
        &mut self,
        child: ChildId,
        trusts: impl Fn(OrganisationCode, OrganisationCode) -> bool,
    ) -> Result<SealedReferrals, StoreError> {
        let joined: Vec<i64> = self.joined_with(child)?.into_iter().map(|id| id.0).collect();
        let mut rows: Vec<RecordRow> =
            on!(self, c => referrals().filter(record::child_id.eq_any(&joined)).select(RecordRow::as_select()).load(*c))?;
        if joined.len() > 1 {
            let matches = self.matches_among(&joined)?;
            let mut theirs = Vec::with_capacity(rows.len());
            for row in rows {
                let holder = read(&row.organisation, "a provider")?;
                if same_child(child, &matches, |claimant| trusts(holder, claimant)).contains(&ChildId(row.child_id)) {
                    theirs.push(row);
                }
            }
            rows = theirs;
        }
        let mut holders: BTreeMap<OrganisationCode, PathwaySet> = BTreeMap::new();
        for row in &rows {
            let pathways = holders.entry(read(&row.organisation, "a provider")?).or_default();
            *pathways = pathways.union(PathwaySet::from_bits(row.pathways));
        }
        Ok(SealedReferrals { child, rows, holders })
    }

    /// Refuses the waits of a child about whom nothing is held. It looks up as much as for any other child, so that the
    /// time it takes reveals nothing.
    pub fn refuse_waits_not_held<T>(&mut self, ask: Ask, cx: &CallContext) -> Decided<T> {
        self.referrals_of(NO_CHILD, |_, _| false)?;
        self.child_facts(NO_CHILD, cx.partnership.needs(), |_| false)?;
        // As for a child that is joined: its matches, and what was decided about its other identifiers.
        let nobody = [NO_CHILD.0];
        self.matches_among(&nobody)?;
        self.consents_among(Among::Ids(&nobody))?;
        self.restrictions_among(Among::Ids(&nobody))?;
        self.overrides_among(Among::Ids(&nobody))?;
        self.refuse_unknown(ask, cx)
    }

    /// What the permits show of a child's referrals, without journeys. Writes an audit entry for each permit: of a
    /// disclosure or, where nothing of the holder's may be shown after all, of a refusal. Where `only` is given, only
    /// the referral with that row id counts.
    pub fn disclose_listed(
        &mut self,
        sealed: &SealedReferrals,
        permits: &[Permit],
        only: Option<i64>,
        by: &Attribution,
    ) -> Result<Vec<ListedReferral>, StoreError> {
        let terms = Terms::of(Act::Disclose, DataClass::WaitingListStatus);
        let asks = permits.iter().map(|permit| terms.of_child(sealed.child, permit)).collect::<Result<Vec<_>, _>>()?;
        let mut found = Vec::new();
        for (permit, ask) in permits.iter().zip(asks) {
            let before = found.len();
            let mut kept = RefusalReason::NotHeld;
            let asked = |row: &&RecordRow| row.organisation == ask.holder.as_str() && only.is_none_or(|only| row.id == only);
            for row in sealed.rows.iter().filter(asked) {
                match row.cut(permit, self.vault)? {
                    Ok(held) => found.push(row.placed(held)),
                    Err(reason) => kept = kept.max(reason),
                }
            }
            if found.len() > before {
                self.log_permitted(permit, by)?;
            } else {
                self.log_refused(&Refusal::of_record(permit, kept), by, permit.at())?;
            }
        }
        Ok(found)
    }

    /// A page of the referrals that an organisation sent itself. Writes one audit entry.
    pub fn own_referrals(
        &mut self,
        permit: &Permit,
        list: Option<&str>,
        after: i64,
        limit: i64,
        by: &Attribution,
    ) -> Result<Vec<ListedReferral>, StoreError> {
        let ask = Terms::of(Act::Disclose, DataClass::WaitingListStatus).own().of_nobody(permit)?;
        let rows = self.referral_rows(ask.holder, list, after, limit)?;
        self.log_permitted(permit, by)?;
        let same = self.same_children(rows.iter().map(|row| row.child_id).collect())?;
        let children: Vec<i64> = rows.iter().map(|row| row.child_id).chain(same.values().flatten().map(|id| id.0)).collect();
        let mut theirs: BTreeMap<ChildId, Vec<HeldReferral>> = BTreeMap::new();
        for row in self.rows_of(ask.holder, &children)? {
            theirs.entry(ChildId(row.child_id)).or_default().push(row.referral(self.vault)?);
        }
        let listed = |row: &RecordRow| {
            let child = ChildId(row.child_id);
            let own = BTreeSet::from([child]);
            let ids = same.get(&child).unwrap_or(&own);
            let beside: Vec<_> = ids.iter().filter_map(|id| theirs.get(id)).flatten().cloned().collect();
            Ok(row.listed(row.referral(self.vault)?, &beside, permit))
        };
        rows.iter().map(listed).collect()
    }

    /// Every referral that an organisation sent itself, one at a time. The caller must write the audit entry.
    pub(crate) fn each_own_referral(&mut self, holder: OrganisationCode, mut visit: impl FnMut(&HeldReferral)) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let rows = self.referral_rows(holder, None, after, BATCH)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in &rows {
                visit(&row.referral(self.vault)?);
            }
        }
    }

    /// Another organisation's referrals, each with a permit of its own or left out, until there are `limit` or no more:
    /// so nobody sees how many were left out. `refused` is called with each refusal to permit one.
    pub fn permitted_referrals(
        &mut self,
        ask: Ask,
        cx: &CallContext,
        list: Option<&str>,
        page: PageAfter<i64>,
        mut refused: impl FnMut(Refusal),
    ) -> Result<Vec<ListedReferral>, StoreError> {
        let PageAfter { mut after, limit } = page;
        let mut found = Vec::new();
        loop {
            let rows = self.referral_rows(ask.holder, list, after, BATCH)?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = last.id;
            for row in rows {
                let of_row = ask.on(PathwaySet::from_bits(row.pathways)).of(ChildId(row.child_id));
                let permit = match self.decided(of_row, cx)? {
                    Ok(permit) => permit,
                    Err(refusal) => {
                        refused(refusal);
                        continue;
                    }
                };
                if let Ok(held) = row.cut(&permit, self.vault)? {
                    let mut beside = Vec::new();
                    let same = self.same_child(ChildId(row.child_id), |claimant| cx.trusts(ask.holder, claimant))?;
                    let same: Vec<i64> = same.into_iter().map(|id| id.0).collect();
                    for other in self.rows_of(ask.holder, &same)? {
                        beside.extend(other.cut(&permit, self.vault)?);
                    }
                    found.push(row.listed(held, &beside, &permit));
                    self.log_permitted(&permit, &cx.by)?;
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
    }

    /// What an organisation sent about some children.
    fn rows_of(&mut self, holder: OrganisationCode, children: &[i64]) -> Result<Vec<RecordRow>, StoreError> {
        let own = referrals().filter(record::child_id.eq_any(children).and(record::organisation.eq(holder.as_str())));
        Ok(on!(self, c => own.select(RecordRow::as_select()).load(*c))?)
    }

    /// Rows in the order of their keys, which is the order of the index, after the row of a cursor.
    fn referral_rows(
        &mut self,
        holder: OrganisationCode,
        list: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RecordRow>, StoreError> {
        let key = self.key_of(after)?;
        let page = referrals().filter(record::organisation.eq(holder.as_str()).and(record::record_key.gt(key))).order(record::record_key);
        Ok(match list {
            None => on!(self, c => page.limit(limit).select(RecordRow::as_select()).load(*c))?,
            Some(list) => on!(self, c => page.filter(record::list.eq(list)).limit(limit).select(RecordRow::as_select()).load(*c))?,
        })
    }

    /// The key of a row. Without such a row, a key that comes before all others.
    fn key_of(&mut self, id: i64) -> Result<String, StoreError> {
        let key: Option<String> = on!(self, c => record::table.find(id).select(record::record_key).first(*c).optional())?;
        Ok(key.unwrap_or_default())
    }
}

/// Rows that are read at a time.
const BATCH: i64 = 2_000;
