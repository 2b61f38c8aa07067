//! What `decide` has to know about children, read in the transaction that also writes the audit entry.

use std::collections::BTreeMap;

use diesel::prelude::*;
use domain::{AgreementNeeds, ChildFacts, ChildId, Consent, ConsentDecision, Dataset};

use crate::StoreError;
use crate::rows::read;
use crate::schema::{advice_request, record};
use crate::transactions::{Tx, on};

impl Tx<'_> {
    /// Everything that `decide` needs to know about a child. Not for showing.
    pub fn child_facts(&mut self, child: ChildId, needs: AgreementNeeds) -> Result<ChildFacts, StoreError> {
        Ok(self.facts_between(child.0, child.0, needs)?.remove(&child).unwrap_or_default())
    }

    /// The same for every child in a range of ids.
    pub(crate) fn facts_between(
        &mut self,
        first: i64,
        last: i64,
        needs: AgreementNeeds,
    ) -> Result<BTreeMap<ChildId, ChildFacts>, StoreError> {
        let references = self.references_between(first, last)?;
        let mut facts: BTreeMap<ChildId, ChildFacts> = BTreeMap::new();
        for (child, reference) in &references {
            facts.insert(*child, ChildFacts { born: Some(reference.date_of_birth), ..ChildFacts::default() });
        }
        for (child, consent) in self.consents_between(first, last)? {
            facts.entry(child).or_default().consents.push(consent);
        }
        for (child, restriction) in self.restrictions_between(first, last)? {
            facts.entry(child).or_default().restrictions.push(restriction);
        }
        for (child, found) in self.overrides_between(first, last)? {
            facts.entry(child).or_default().overrides.push(found);
        }
        let mut numbers: Vec<_> = references.iter().filter_map(|(child, reference)| Some((*child, *reference.nhs_number()?))).collect();
        for (child, retired) in self.retired_between(first, last)? {
            let against = |consent: &Consent| consent.decision != ConsentDecision::Permit;
            let facts = facts.entry(child).or_default();
            // Only what forbids is carried over: what was permitted was permitted about the retired identity alone.
            facts.consents.extend(self.consents_between(retired.0, retired.0)?.into_iter().map(|(_, consent)| consent).filter(against));
            facts.restrictions.extend(self.restrictions_between(retired.0, retired.0)?.into_iter().map(|(_, restriction)| restriction));
            numbers.extend(self.child_reference(retired)?.nhs_number().map(|number| (child, *number)));
        }
        if needs.opt_outs {
            for child in self.opted_out(&numbers)? {
                facts.entry(child).or_default().opted_out = true;
            }
        }
        if needs.plans {
            for (child, council) in self.plans_between(first, last)? {
                facts.entry(ChildId(child)).or_default().plan_with.push(read(&council, "a council")?);
            }
        }
        Ok(facts)
    }

    /// For a range of ids: the councils that sent a case of a child, or asked for advice about it.
    fn plans_between(&mut self, first: i64, last: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let cases = record::table
            .filter(record::dataset.eq(Dataset::Ehcp.as_str()).and(record::child_id.between(first, last)))
            .select((record::child_id, record::organisation));
        let requests = advice_request::table
            .filter(advice_request::child_id.between(first, last))
            .select((advice_request::child_id, advice_request::requested_by));
        Ok(on!(self, c => cases.union(requests).load(*c))?)
    }
}
