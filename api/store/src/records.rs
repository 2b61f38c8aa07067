//! Referrals and EHC cases as they stand now. Facts about them (who holds what) go to `decide`; the
//! records themselves come out only against a permit, each with its leaf.

pub(crate) mod reads;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::audit::Attribution;
use domain::dates::london_day;
use domain::ehc_plans::Case;
use domain::identifiers::{CaseId, ChildId};
use domain::journeys::{HeldReferral, Journey, journeys};
use domain::organisations::OrganisationCode;
use domain::partnerships::Needs;
use domain::pathways::{Pathway, PathwaySet};
use domain::policy::{ChildFacts, NOBODY, Permit, Reason, Refusal};
use domain::referrals::{Flow, Referral};
use domain::submissions::Dataset;

use crate::StoreError;
use crate::rows::{from_json, read};
use crate::schema::record;
use crate::transactions::{Tx, on};
use crate::vault::{Column, Vault};

/// A referral in a listing, with the cursor that the next page starts after.
#[derive(Debug, Clone)]
pub struct ListedReferral {
    pub cursor: i64,
    pub list: String,
    /// Whether its accuracy is disputed: then it is listed to who sent it alone.
    pub disputed: bool,
    pub held: HeldReferral,
    /// Of an open one, through what its provider sent of the child and may be seen with it.
    pub journeys: Vec<(Pathway, Journey)>,
}

/// An EHC case in a listing.
#[derive(Debug, Clone)]
pub struct HeldCase {
    pub cursor: i64,
    pub id: CaseId,
    pub flow: Flow,
    pub case: Case,
}

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
}

/// A record that may be counted, before it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    pub child: ChildId,
    pub holder: OrganisationCode,
    pub list: &'a str,
    pub pathways: PathwaySet,
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
    /// What a permit lets out of it. What is disputed goes to nobody but who sent it.
    fn cut(&self, permit: &Permit, vault: &Vault) -> Result<Result<HeldReferral, Reason>, StoreError> {
        if self.dispute_id.is_some() && !permit.is_own() {
            return Ok(Err(Reason::Disputed));
        }
        let HeldReferral { provider, flow, referral } = self.referral(vault)?;
        Ok(permit.cut(referral).map(|referral| HeldReferral { provider, flow, referral }))
    }

    fn referral(&self, vault: &Vault) -> Result<HeldReferral, StoreError> {
        let referral: Referral = from_json(&self.open(vault)?, "a referral")?;
        Ok(HeldReferral { provider: read(&self.organisation, "a provider")?, flow: read(&self.flow, "a flow")?, referral })
    }

    /// `beside` is what may be seen of the child with it, itself included.
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

    fn counted(&self) -> Result<Counted<'_>, StoreError> {
        Ok(Counted {
            child: ChildId(self.child_id),
            holder: read(&self.organisation, "a provider")?,
            list: &self.list,
            pathways: PathwaySet::from_bits(self.pathways),
        })
    }

    fn case(&self, vault: &Vault) -> Result<HeldCase, StoreError> {
        Ok(HeldCase {
            cursor: self.id,
            id: read(&self.record_key, "a case's id")?,
            flow: read(&self.flow, "a flow")?,
            case: from_json(&self.open(vault)?, "a case")?,
        })
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

fn cases() -> diesel::dsl::Filter<record::table, diesel::dsl::Eq<record::dataset, &'static str>> {
    record::table.filter(record::dataset.eq(Dataset::Ehcp.as_str()))
}

impl Tx<'_> {
    /// The referrals of a child, still sealed: who holds which pathways may be asked of them, and goes
    /// to `decide`.
    pub fn referrals_of(&mut self, child: ChildId) -> Result<SealedReferrals, StoreError> {
        let rows: Vec<RecordRow> =
            on!(self, c => referrals().filter(record::child_id.eq(child.0)).select(RecordRow::as_select()).load(*c))?;
        let mut holders: BTreeMap<OrganisationCode, PathwaySet> = BTreeMap::new();
        for row in &rows {
            let pathways = holders.entry(read(&row.organisation, "a provider")?).or_default();
            *pathways = pathways.union(PathwaySet::from_bits(row.pathways));
        }
        Ok(SealedReferrals { child, rows, holders })
    }

    /// What the permits let out of a child's referrals, with a leaf for each permit: of the disclosure
    /// or, where nothing of the holder's may be seen after all, of the refusal.
    pub fn disclose_referrals(
        &mut self,
        sealed: &SealedReferrals,
        permits: &[Permit],
        by: &Attribution,
    ) -> Result<Vec<HeldReferral>, StoreError> {
        Ok(self.disclose_listed(sealed, permits, None, by)?.into_iter().map(|listed| listed.held).collect())
    }

    /// The same with where each stands, its journeys left out, and of one of them alone where only that is asked for.
    pub fn disclose_listed(
        &mut self,
        sealed: &SealedReferrals,
        permits: &[Permit],
        only: Option<i64>,
        by: &Attribution,
    ) -> Result<Vec<ListedReferral>, StoreError> {
        let mut found = Vec::new();
        for permit in permits {
            let ask = *permit.ask();
            if ask.child != Some(sealed.child) {
                return Err(StoreError::Corrupt("a permit for another child"));
            }
            let before = found.len();
            let mut kept = Reason::NotHeld;
            let asked = |row: &&RecordRow| row.organisation == ask.holder.as_str() && only.is_none_or(|only| row.id == only);
            for row in sealed.rows.iter().filter(asked) {
                match row.cut(permit, self.vault)? {
                    Ok(held) => found.push(row.placed(held)),
                    Err(reason) => kept = kept.max(reason),
                }
            }
            if found.len() > before {
                self.leave_permitted(permit, by)?;
            } else {
                self.leave_refused(&Refusal::of_record(permit, kept), by, permit.at())?;
            }
        }
        Ok(found)
    }

    /// A page of the referrals that an organisation sent itself, with one leaf.
    pub fn own_referrals(
        &mut self,
        permit: &Permit,
        list: Option<&str>,
        after: i64,
        limit: i64,
        by: &Attribution,
    ) -> Result<Vec<ListedReferral>, StoreError> {
        if !permit.is_own() {
            return Err(StoreError::Corrupt("a permit for another's records"));
        }
        let rows = self.referral_rows(permit.ask().holder, list, after, limit)?;
        self.leave_permitted(permit, by)?;
        let children: Vec<_> = rows.iter().map(|row| row.child_id).collect();
        let mut beside: BTreeMap<i64, Vec<HeldReferral>> = BTreeMap::new();
        for row in self.rows_of(permit.ask().holder, &children)? {
            beside.entry(row.child_id).or_default().push(row.referral(self.vault)?);
        }
        let listed = |row: &RecordRow| {
            let beside = beside.get(&row.child_id).map_or(&[][..], Vec::as_slice);
            Ok(row.listed(row.referral(self.vault)?, beside, permit))
        };
        rows.iter().map(listed).collect()
    }

    /// Every referral that an organisation sent itself, one at a time. The leaf is the caller's to leave.
    pub(crate) fn each_own_referral(&mut self, permit: &Permit, mut visit: impl FnMut(&HeldReferral)) -> Result<(), StoreError> {
        let (holder, mut after) = (own(permit)?, 0);
        loop {
            let rows = self.referral_rows(holder, None, after, BATCH)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in &rows {
                visit(&row.referral(self.vault)?);
            }
        }
    }

    /// Another organisation's referrals, each let out by a permit of its own or left out, until there
    /// are `limit` of them or no more: how many were left out does not show. `judge` is given a child,
    /// its pathways in the row and the facts about it.
    pub fn permitted_referrals(
        &mut self,
        holder: OrganisationCode,
        list: Option<&str>,
        (mut after, limit): (i64, usize),
        (needs, by): (Needs, &Attribution),
        mut judge: impl FnMut(ChildId, PathwaySet, &ChildFacts) -> Option<Permit>,
    ) -> Result<Vec<ListedReferral>, StoreError> {
        let mut found = Vec::new();
        loop {
            let rows = self.referral_rows(holder, list, after, BATCH)?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = last.id;
            for row in rows {
                let child = ChildId(row.child_id);
                self.child_for_disclosure(child)?;
                let facts = self.child_facts(child, needs)?;
                let Some(permit) = judge(child, PathwaySet::from_bits(row.pathways), &facts) else { continue };
                if let Ok(held) = row.cut(&permit, self.vault)? {
                    let mut beside = Vec::new();
                    for other in self.rows_of(holder, &[row.child_id])? {
                        beside.extend(other.cut(&permit, self.vault)?);
                    }
                    found.push(row.listed(held, &beside, &permit));
                    self.leave_permitted(&permit, by)?;
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
    }

    /// What an organisation sent of some children.
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

    /// The key of a row, and what comes before all keys where there is none.
    fn key_of(&mut self, id: i64) -> Result<String, StoreError> {
        let key: Option<String> = on!(self, c => record::table.find(id).select(record::record_key).first(*c).optional())?;
        Ok(key.unwrap_or_default())
    }

    /// A page of the cases that a council sent itself, with one leaf.
    pub fn own_cases(&mut self, permit: &Permit, after: i64, limit: i64, by: &Attribution) -> Result<Vec<HeldCase>, StoreError> {
        let rows = self.case_rows(own(permit)?, after, limit)?;
        self.leave_permitted(permit, by)?;
        rows.iter().map(|row| row.case(self.vault)).collect()
    }

    fn case_rows(&mut self, council: OrganisationCode, after: i64, limit: i64) -> Result<Vec<RecordRow>, StoreError> {
        let key = self.key_of(after)?;
        Ok(on!(self, c => cases()
            .filter(record::organisation.eq(council.as_str()).and(record::record_key.gt(&key)))
            .order(record::record_key)
            .limit(limit)
            .select(RecordRow::as_select())
            .load(*c))?)
    }

    /// Whose case it is, if the organisation sent it: a fact for `decide`.
    pub fn child_of_case(&mut self, id: CaseId, organisation: OrganisationCode) -> Result<Option<ChildId>, StoreError> {
        let child: Option<i64> = on!(self, c => cases()
            .filter(record::organisation.eq(organisation.as_str()).and(record::record_key.eq(id.to_string())))
            .select(record::child_id)
            .first(*c)
            .optional())?;
        Ok(child.map(ChildId))
    }

    /// One case of the council's own, with its leaf.
    pub fn own_case(&mut self, permit: &Permit, id: CaseId, by: &Attribution) -> Result<HeldCase, StoreError> {
        let row: RecordRow = on!(self, c => cases()
            .filter(record::organisation.eq(own(permit)?.as_str()).and(record::record_key.eq(id.to_string())))
            .select(RecordRow::as_select())
            .first(*c))?;
        self.leave_permitted(permit, by)?;
        row.case(self.vault)
    }

    /// Every child's referrals, child by child, cut to what `judge` permits of each provider's: the
    /// input of a release. What stands in a list that did not come did not flow.
    pub fn count_referrals(
        &mut self,
        needs: Needs,
        came: impl Fn(&Counted<'_>) -> bool,
        judge: impl Fn(&Counted<'_>, &ChildFacts) -> Option<Permit>,
        mut visit: impl FnMut(ChildId, Vec<HeldReferral>),
    ) -> Result<(), StoreError> {
        let mut child: Option<(ChildId, Vec<HeldReferral>)> = None;
        self.each_record(Dataset::WaitingList, needs, |vault, row, facts| {
            let counted = row.counted()?;
            if let Some((id, held)) = child.take_if(|(current, _)| *current != counted.child) {
                visit(id, held);
            }
            let (_, held) = child.get_or_insert_with(|| (counted.child, Vec::new()));
            if let Some(permit) = judge(&counted, facts)
                && let Ok(referral) = row.cut(&permit, vault)?
            {
                let flow = if came(&counted) { referral.flow } else { Flow::NotFlowed };
                held.push(HeldReferral { flow, ..referral });
            }
            Ok(())
        })?;
        if let Some((id, held)) = child {
            visit(id, held);
        }
        Ok(())
    }

    /// Every case that `judge` permits, with its child: the input of a release.
    pub fn count_cases(
        &mut self,
        needs: Needs,
        judge: impl Fn(&Counted<'_>, &ChildFacts) -> Option<Permit>,
        mut visit: impl FnMut(ChildId, Case),
    ) -> Result<(), StoreError> {
        self.each_record(Dataset::Ehcp, needs, |vault, row, facts| {
            let counted = row.counted()?;
            if row.dispute_id.is_none() && judge(&counted, facts).is_some() {
                visit(counted.child, row.case(vault)?.case);
            }
            Ok(())
        })
    }

    /// Every record of a dataset, child by child, with the facts about its child. Reads in batches, so memory
    /// does not grow with the number of children.
    fn each_record(
        &mut self,
        dataset: Dataset,
        needs: Needs,
        mut visit: impl FnMut(&Vault, &RecordRow, &ChildFacts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after = (0, 0);
        loop {
            // Said twice, so that the index is entered where the last batch ended.
            let later = record::child_id.ge(after.0).and(record::child_id.gt(after.0).or(record::id.gt(after.1)));
            let rows: Vec<RecordRow> = on!(self, c => record::table
                .filter(record::dataset.eq(dataset.as_str()).and(later))
                .order((record::child_id, record::id))
                .limit(BATCH)
                .select(RecordRow::as_select())
                .load(*c))?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
            after = (last.child_id, last.id);
            let facts = self.facts_between(first.child_id, last.child_id, needs)?;
            for row in &rows {
                visit(self.vault, row, facts.get(&ChildId(row.child_id)).unwrap_or(&NOBODY))?;
            }
        }
    }

    /// The lists that have been sent, with the day each was last true of.
    pub fn lists(&mut self, dataset: Dataset) -> Result<Vec<(OrganisationCode, String, NaiveDate)>, StoreError> {
        use crate::schema::list;
        let rows: Vec<(String, String, Option<NaiveDate>)> = on!(self, c => list::table
            .filter(list::dataset.eq(dataset.as_str()))
            .order((list::organisation, list::name))
            .select((list::organisation, list::name, list::as_of))
            .load(*c))?;
        rows.into_iter()
            .filter_map(|(organisation, name, as_of)| Some((organisation, name, as_of?)))
            .map(|(organisation, name, as_of)| Ok((read(&organisation, "a provider")?, name, as_of)))
            .collect()
    }
}

/// Rows that are read at a time.
const BATCH: i64 = 2_000;

fn own(permit: &Permit) -> Result<OrganisationCode, StoreError> {
    if permit.is_own() { Ok(permit.ask().holder) } else { Err(StoreError::Corrupt("a permit for another's records")) }
}
