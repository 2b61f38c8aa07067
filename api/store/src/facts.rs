//! What `decide` has to know about children, read in the transaction that also writes the audit entry.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use domain::{
    AgreementNeeds, ChildFacts, ChildId, Consent, ConsentDecision, Dataset, NhsNumber, OrganisationCode, claimed_child, same_child,
};

use crate::StoreError;
use crate::children::{Among, BATCH, Known};
use crate::rows::read;
use crate::schema::{advice_request, record};
use crate::transactions::{Tx, on};

/// Facts about the children of a range of ids.
#[derive(Default)]
pub(crate) struct FactsBetween {
    pub(crate) facts: BTreeMap<ChildId, ChildFacts>,
    /// The identifiers of each child that has several, by any of those in the range.
    pub(crate) same: BTreeMap<ChildId, BTreeSet<ChildId>>,
}

impl Tx<'_> {
    /// Everything that bears on a decision about a child, whichever of its identifiers is named. `trusts` says whose own
    /// claims about identifiers count. Facts for `decide`, not for showing.
    pub(crate) fn child_facts(
        &mut self,
        child: ChildId,
        needs: AgreementNeeds,
        trusts: impl Fn(OrganisationCode) -> bool,
    ) -> Result<ChildFacts, StoreError> {
        Ok(self.facts_between(child.0, child.0, needs, trusts)?.facts.remove(&child).unwrap_or_default())
    }

    /// The same for every child in a range of ids.
    pub(crate) fn facts_between(
        &mut self,
        first: i64,
        last: i64,
        needs: AgreementNeeds,
        trusts: impl Fn(OrganisationCode) -> bool,
    ) -> Result<FactsBetween, StoreError> {
        let known = self.known_between(first, last)?;
        let mut found = FactsBetween::default();
        let facts = &mut found.facts;
        let mut numbers = Vec::new();
        for known in &known {
            facts.insert(known.id, ChildFacts { born: Some(known.reference.date_of_birth), ..ChildFacts::default() });
            numbers.extend(known.reference.nhs_number().map(|number| (known.id, *number)));
        }
        let range = Among::Range(first, last);
        for (child, consent) in self.consents_among(range)? {
            facts.entry(child).or_default().consents.push(consent);
        }
        for (child, restriction) in self.restrictions_among(range)? {
            facts.entry(child).or_default().restrictions.push(restriction);
        }
        for (child, found) in self.overrides_among(range)? {
            facts.entry(child).or_default().overrides.push(found);
        }
        if needs.plans {
            for (child, council) in self.plans_among(range)? {
                facts.entry(child).or_default().plan_with.push(council);
            }
        }
        if known.iter().any(|known| known.joined.is_some()) {
            self.add_joined(&known, needs, trusts, &mut found, &mut numbers)?;
        }
        if needs.opt_outs {
            for child in self.opted_out(&numbers)? {
                found.facts.entry(child).or_default().opted_out = true;
            }
        }
        Ok(found)
    }

    /// Adds what is known of a child by its other identifiers: whatever forbids, of all that are claimed to be the same
    /// child's; what permits, of those alone that are.
    fn add_joined(
        &mut self,
        known: &[Known],
        needs: AgreementNeeds,
        trusts: impl Fn(OrganisationCode) -> bool,
        found: &mut FactsBetween,
        numbers: &mut Vec<(ChildId, NhsNumber)>,
    ) -> Result<(), StoreError> {
        let joined = self.joined_of(known)?;
        let ids: Vec<i64> = joined.identifiers.keys().map(|id| id.0).collect();
        let mut theirs: BTreeMap<ChildId, ChildFacts> = BTreeMap::new();
        for ids in ids.chunks(BATCH) {
            let named = Among::Ids(ids);
            for (child, consent) in self.consents_among(named)? {
                theirs.entry(child).or_default().consents.push(consent);
            }
            for (child, restriction) in self.restrictions_among(named)? {
                theirs.entry(child).or_default().restrictions.push(restriction);
            }
            for (child, found) in self.overrides_among(named)? {
                theirs.entry(child).or_default().overrides.push(found);
            }
            if needs.plans {
                for (child, council) in self.plans_among(named)? {
                    theirs.entry(child).or_default().plan_with.push(council);
                }
            }
        }
        for known in known.iter().filter(|known| known.joined.is_some()) {
            let same = same_child(known.id, &joined.matches, &trusts);
            let own = found.facts.entry(known.id).or_default();
            for other in claimed_child(known.id, &joined.matches).into_iter().filter(|other| *other != known.id) {
                numbers.extend(joined.identifiers.get(&other).and_then(|reference| Some((known.id, *reference.nhs_number()?))));
                let Some(facts) = theirs.get(&other) else { continue };
                own.restrictions.extend(facts.restrictions.iter().cloned());
                let is_same = same.contains(&other);
                let counts = |consent: &&Consent| is_same || consent.decision != ConsentDecision::Permit;
                own.consents.extend(facts.consents.iter().filter(counts).cloned());
                if is_same {
                    own.overrides.extend(facts.overrides.iter().cloned());
                    own.plan_with.extend(&facts.plan_with);
                }
            }
            if same.len() > 1 {
                found.same.insert(known.id, same);
            }
        }
        Ok(())
    }

    /// The councils that sent a case of a child, or asked for advice about it.
    fn plans_among(&mut self, among: Among<'_>) -> Result<Vec<(ChildId, OrganisationCode)>, StoreError> {
        let cases = || record::table.filter(record::dataset.eq(Dataset::Ehcp.as_str())).select((record::child_id, record::organisation));
        let requests = || advice_request::table.select((advice_request::child_id, advice_request::requested_by));
        let rows: Vec<(i64, String)> = match among {
            Among::Range(first, last) => {
                let requests = requests().filter(advice_request::child_id.between(first, last));
                on!(self, c => cases().filter(record::child_id.between(first, last)).union(requests).load(*c))?
            }
            Among::Ids(ids) => {
                let requests = requests().filter(advice_request::child_id.eq_any(ids));
                on!(self, c => cases().filter(record::child_id.eq_any(ids)).union(requests).load(*c))?
            }
        };
        rows.into_iter().map(|(child, council)| Ok((ChildId(child), read(&council, "a council")?))).collect()
    }
}
