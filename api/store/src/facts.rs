//! What `decide` has to know of children, read where it will also be written down.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use domain::identifiers::ChildId;
use domain::partnerships::Needs;
use domain::policy::ChildFacts;
use domain::submissions::Dataset;

use crate::StoreError;
use crate::consents::ConsentRow;
use crate::overrides::OverrideRow;
use crate::restrictions::RestrictionRow;
use crate::rows::read;
use crate::schema::{advice_request, caldicott_override, child, consent, record, restriction};
use crate::transactions::{Tx, on};

/// A child, by its id, its index and its sealed reference, with one thing that was recorded of it at the most.
type Recorded = (i64, Vec<u8>, Vec<u8>, Option<ConsentRow>, Option<RestrictionRow>, Option<OverrideRow>);

impl Tx<'_> {
    /// Everything that bears on a decision about a child. Facts for `decide`, not for showing.
    pub fn child_facts(&mut self, child: ChildId, needs: Needs) -> Result<ChildFacts, StoreError> {
        Ok(self.facts_between(child.0, child.0, needs)?.remove(&child).unwrap_or_default())
    }

    /// The same of every child of a range of ids.
    pub(crate) fn facts_between(&mut self, first: i64, last: i64, needs: Needs) -> Result<BTreeMap<ChildId, ChildFacts>, StoreError> {
        let mut facts: BTreeMap<ChildId, ChildFacts> = BTreeMap::new();
        let mut numbers = Vec::new();
        for (id, look_up, sealed, consent, restriction, found) in self.recorded_between(first, last)? {
            let child = ChildId(id);
            let facts = match facts.entry(child) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let reference = self.open_reference(&look_up, &sealed)?;
                    numbers.extend(reference.nhs_number().map(|number| (child, *number)));
                    unknown.insert(ChildFacts { born: Some(reference.date_of_birth), ..ChildFacts::default() })
                }
            };
            facts.consents.extend(consent.map(TryInto::try_into).transpose()?);
            facts.restrictions.extend(restriction.map(TryInto::try_into).transpose()?);
            facts.overrides.extend(found.map(TryInto::try_into).transpose()?);
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

    /// Each child of a range of ids with each decision, restriction and override of it, one a row: one question,
    /// however little or much there is, so that the time it takes tells nothing.
    fn recorded_between(&mut self, first: i64, last: i64) -> Result<Vec<Recorded>, StoreError> {
        Ok(on!(self, c => {
            // Joined one at a time: each of several to each of several others would be many rows.
            let part = |kind: i32| {
                child::table
                    .left_join(consent::table.on(consent::child_id.eq(child::id).and(kind.into_sql::<Integer>().eq(1))))
                    .left_join(restriction::table.on(restriction::child_id.eq(child::id).and(kind.into_sql::<Integer>().eq(2))))
                    .left_join(caldicott_override::table.on(caldicott_override::child_id.eq(child::id).and(kind.into_sql::<Integer>().eq(3))))
                    .filter(child::id.between(first, last))
                    .select((
                        child::id,
                        child::look_up,
                        child::sealed_reference,
                        Option::<ConsentRow>::as_select(),
                        Option::<RestrictionRow>::as_select(),
                        Option::<OverrideRow>::as_select(),
                    ))
            };
            part(1).union_all(part(2)).union_all(part(3)).load(*c)
        })?)
    }

    /// The councils that sent a case of a child, or asked for advice about it.
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
