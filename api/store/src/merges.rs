//! Identities that an organisation retired in favour of another (HL7 v2 ADT^A40).
//!
//! From then on the organisation's own referrals belong to the surviving identity; those of other organisations are not
//! touched. What forbids a flow about the retired identity (a denial, an objection, a restriction, an opt-out) forbids
//! it about the survivor too. What permits one does not.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{ChildId, ChildReference, OrganisationCode};

use crate::StoreError;
use crate::schema::child_merge;
use crate::transactions::{Tx, on};

impl Tx<'_> {
    /// Moves an organisation's referrals from one child to another, both held. Answers how many.
    pub(crate) fn merge_referrals(
        &mut self,
        organisation: OrganisationCode,
        retired: ChildId,
        survivor: (ChildId, &ChildReference),
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let referrals = self.held_referrals(organisation, retired)?;
        for id in &referrals {
            self.move_referral(organisation, id, survivor)?;
        }
        let now = (child_merge::survivor_id.eq(survivor.0.0), child_merge::merged_at.eq(at.naive_utc()));
        let row = (child_merge::organisation.eq(organisation.as_str()), child_merge::retired_id.eq(retired.0), now);
        on!(self, c => diesel::insert_into(child_merge::table)
            .values(row)
            .on_conflict((child_merge::organisation, child_merge::retired_id))
            .do_update()
            .set(now)
            .execute(*c))?;
        Ok(referrals.len() as u64)
    }

    /// Restores an identity that an organisation's message had retired.
    pub(crate) fn unmerge(
        &mut self,
        organisation: OrganisationCode,
        (id, reference): (ChildId, &ChildReference),
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let own = child_merge::table.find((organisation.as_str(), id.0));
        if on!(self, c => diesel::delete(own).execute(*c))? > 0 {
            self.lift_merges(organisation, reference, at)?;
        }
        Ok(())
    }

    /// The identities retired in favour of the children in a range of ids, directly or through others: survivor, then
    /// retired.
    pub(crate) fn retired_between(&mut self, first: i64, last: i64) -> Result<Vec<(ChildId, ChildId)>, StoreError> {
        let direct = child_merge::table.filter(child_merge::survivor_id.between(first, last));
        let mut found: Vec<(i64, i64)> =
            on!(self, c => direct.select((child_merge::survivor_id, child_merge::retired_id)).distinct().load(*c))?;
        let mut at = 0;
        while let Some((survivor, retired)) = found.get(at).copied() {
            let before = child_merge::table.filter(child_merge::survivor_id.eq(retired)).select(child_merge::retired_id);
            for earlier in on!(self, c => before.load::<i64>(*c))? {
                // Two organisations may each have retired what the other kept.
                if earlier != survivor && !found.contains(&(survivor, earlier)) {
                    found.push((survivor, earlier));
                }
            }
            at += 1;
        }
        Ok(found.into_iter().map(|(survivor, retired)| (ChildId(survivor), ChildId(retired))).collect())
    }

    /// The children that an identity was retired in favour of, directly or through others.
    pub(crate) fn survivors_of(&mut self, retired: ChildId) -> Result<BTreeSet<ChildId>, StoreError> {
        let (mut found, mut next) = (BTreeSet::new(), vec![retired.0]);
        while let Some(id) = next.pop() {
            let after = child_merge::table.filter(child_merge::retired_id.eq(id)).select(child_merge::survivor_id);
            next.extend(on!(self, c => after.load::<i64>(*c))?.into_iter().filter(|id| found.insert(ChildId(*id))));
        }
        Ok(found)
    }
}
