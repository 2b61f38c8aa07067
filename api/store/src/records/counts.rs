//! The input of a release: every record that may be counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{
    AgreementNeeds, Ask, CallContext, Case, ChildFacts, ChildId, Dataset, HeldReferral, NO_FACTS, OrganisationCode, PathwaySet, Permit,
    ReferralFlow, Refusal,
};

use super::{BATCH, RecordRow};
use crate::StoreError;
use crate::children::BATCH as IDS;
use crate::facts::FactsBetween;
use crate::permitted::judge;
use crate::rows::read;
use crate::schema::record;
use crate::transactions::{Tx, on};
use crate::vault::Vault;

/// A record that may be counted, before it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    pub child: ChildId,
    pub holder: OrganisationCode,
    pub list: &'a str,
    pub pathways: PathwaySet,
}

impl Counted<'_> {
    /// The permit to count it on those pathways that may be counted. `refused` is told about the others.
    fn permit(
        &self,
        pathways: PathwaySet,
        cx: &CallContext,
        facts: &ChildFacts,
        refused: &mut impl FnMut(&Self, &Refusal),
    ) -> Option<Permit> {
        let ask = Ask::count(self.holder, cx.partnership.host()).of(self.child);
        let decided = judge(ask.on(pathways), cx, facts);
        let kept = match &decided {
            Ok(permit) => {
                let missing = pathways.difference(permit.pathways());
                (!missing.is_empty()).then(|| judge(ask.on(missing), cx, facts).err()).flatten()
            }
            Err(refusal) => Some(refusal.clone()),
        };
        if let Some(refusal) = kept {
            refused(self, &refusal);
        }
        decided.ok()
    }
}

impl RecordRow {
    /// As one of `child`'s, which may have other identifiers.
    fn counted(&self, child: ChildId) -> Result<Counted<'_>, StoreError> {
        Ok(Counted {
            child,
            holder: read(&self.organisation, "a provider")?,
            list: &self.list,
            pathways: PathwaySet::from_bits(self.pathways),
        })
    }
}

impl Tx<'_> {
    /// Every child's referrals, child by child, cut to what may be counted of each provider's: the input of a release.
    /// Referrals on a list that did not come count as not flowed. `refused` is told why one may not be counted, or not
    /// on all its pathways.
    pub fn count_referrals(
        &mut self,
        cx: &CallContext,
        came: impl Fn(&Counted<'_>) -> bool,
        mut refused: impl FnMut(&Counted<'_>, &Refusal),
        mut visit: impl FnMut(ChildId, Vec<HeldReferral>),
    ) -> Result<(), StoreError> {
        let mut child: Option<(ChildId, Vec<HeldReferral>)> = None;
        self.each_record(Dataset::WaitingList, cx.partnership.needs(), |vault, child_of, row, facts| {
            let counted = row.counted(child_of)?;
            if let Some((id, held)) = child.take_if(|(current, _)| *current != counted.child) {
                visit(id, held);
            }
            let (_, held) = child.get_or_insert_with(|| (counted.child, Vec::new()));
            if let Some(permit) = counted.permit(counted.pathways, cx, facts, &mut refused)
                && let Ok(referral) = row.cut(&permit, vault)?
            {
                let flow = if came(&counted) { referral.flow } else { ReferralFlow::NotFlowed };
                held.push(HeldReferral { flow, ..referral });
            }
            Ok(())
        })?;
        if let Some((id, held)) = child {
            visit(id, held);
        }
        Ok(())
    }

    /// Every case of a council that may be counted, with its child: the input of a release. `refused` is told why one
    /// may not.
    pub fn count_cases(
        &mut self,
        council: OrganisationCode,
        cx: &CallContext,
        mut refused: impl FnMut(&Counted<'_>, &Refusal),
        mut visit: impl FnMut(ChildId, Case),
    ) -> Result<(), StoreError> {
        self.each_record(Dataset::Ehcp, cx.partnership.needs(), |vault, child, row, facts| {
            let counted = row.counted(child)?;
            let is_counted = row.dispute_id.is_none() && counted.holder == council;
            if is_counted && counted.permit(PathwaySet::EMPTY, cx, facts, &mut refused).is_some() {
                visit(counted.child, row.case(vault)?.case);
            }
            Ok(())
        })
    }

    /// Every record of a dataset, child by child, with its child and the facts about it. A child of several identifiers is
    /// told by the oldest, whose share in published figures it keeps. Reads in batches, so memory does not grow with the
    /// number of children.
    fn each_record(
        &mut self,
        dataset: Dataset,
        needs: AgreementNeeds,
        mut visit: impl FnMut(&Vault, ChildId, &RecordRow, &ChildFacts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut after, mut told) = ((0, 0), None);
        loop {
            // The first condition is redundant. It lets the index be entered where the last batch ended.
            let later = record::child_id.ge(after.0).and(record::child_id.gt(after.0).or(record::id.gt(after.1)));
            let rows: Vec<RecordRow> = on!(self, c => record::table
                .filter(record::dataset.eq(dataset.as_str()).and(later))
                .order((record::child_id, record::id))
                .limit(BATCH)
                .select(RecordRow::as_select())
                .load(*c))?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
            after = (last.child_id, last.id);
            let FactsBetween { facts, same } = self.facts_between(first.child_id, last.child_id, needs, |_| false)?;
            let facts_of = |child: ChildId| facts.get(&child).unwrap_or(&NO_FACTS);
            let joined = self.records_of(dataset, same.values().flatten().map(|id| id.0).collect())?;
            for row in &rows {
                let child = ChildId(row.child_id);
                let Some(same) = same.get(&child) else {
                    visit(self.vault, child, row, facts_of(child))?;
                    continue;
                };
                // All that is held of it is told where the first of it is, and once.
                let leads = same.iter().find(|id| joined.contains_key(id)) == Some(&child);
                if leads && told != Some(child) {
                    told = Some(child);
                    let oldest = same.first().copied().unwrap_or(child);
                    for row in same.iter().filter_map(|id| joined.get(id)).flatten() {
                        visit(self.vault, oldest, row, facts_of(child))?;
                    }
                }
            }
        }
    }

    /// The records of some children, by their children.
    fn records_of(&mut self, dataset: Dataset, children: BTreeSet<i64>) -> Result<BTreeMap<ChildId, Vec<RecordRow>>, StoreError> {
        let children: Vec<i64> = children.into_iter().collect();
        let mut found: BTreeMap<ChildId, Vec<RecordRow>> = BTreeMap::new();
        for children in children.chunks(IDS) {
            let rows = record::table.filter(record::dataset.eq(dataset.as_str()).and(record::child_id.eq_any(children)));
            let rows: Vec<RecordRow> = on!(self, c => rows.order(record::id).select(RecordRow::as_select()).load(*c))?;
            for row in rows {
                found.entry(ChildId(row.child_id)).or_default().push(row);
            }
        }
        Ok(found)
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
