//! Rectifications (UK GDPR art 16): referrals that were sent under another child's identity are moved to their own.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{Act, Attribution, ChildId, ChildReference, DataClass, Dataset, OrganisationCode, Permit, RectificationDraft, Referral};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::records::record_row;
use crate::rows::from_json;
use crate::schema::{record, rectification};
use crate::terms::Terms;
use crate::tombstones::Mark;
use crate::transactions::{Tx, on};
use crate::vault::{Column, uuid_row};

impl Tx<'_> {
    /// The ids of the referrals that an organisation sent about a child.
    pub fn held_referrals(&mut self, organisation: OrganisationCode, child: ChildId) -> Result<Vec<String>, StoreError> {
        Ok(on!(self, c => record::table
            .filter(record::dataset.eq(Dataset::WaitingList.as_str()).and(record::child_id.eq(child.0)))
            .filter(record::organisation.eq(organisation.as_str()))
            .select(record::record_key)
            .load(*c))?)
    }

    /// Moves referrals from the first permit's child to the second's, both held. Marks them, so that they are rejected
    /// if they are sent under the former child again. Answers the organisations that they had been disclosed to.
    pub fn rectify(
        &mut self,
        (from, to): (&Permit, &Permit),
        draft: &RectificationDraft,
        by: &Attribution,
    ) -> Result<Vec<OrganisationCode>, StoreError> {
        let terms = Terms::of(Act::Rectify, DataClass::WaitingListStatus).own().about(draft.id.0);
        let (ask, former_child) = terms.of_a_child(from)?;
        let (former, right) = (self.child_reference(former_child)?, &draft.to);
        let (_, right_child) = terms.held_by(ask.holder).of_a_child(to)?;
        let (organisation, at): (_, DateTime<Utc>) = (ask.holder, from.at());
        let mut marks = Vec::with_capacity(draft.referrals.len());
        let mut beside = Vec::new();
        for id in &draft.referrals {
            let plain = self.move_referral(organisation, id, (right_child, right))?;
            let referral: Referral = from_json(&plain, "a referral")?;
            beside.extend(referral.also_names(&former, organisation));
            // A referral that is moved back may be sent under that child again.
            self.lift_mark(organisation, &Mark::Moved { id: id.clone(), from: right.clone(), to: former.clone() }, at)?;
            marks.push(Mark::Moved { id: id.clone(), from: former.clone(), to: right.clone() });
        }
        // The provider's own number stood beside the wrong child.
        let beside = self.known_among(beside.into_iter())?;
        self.end_own_joins(organisation, former_child, &beside, at)?;
        // If a message of the organisation's had retired that child's identity, it is restored.
        self.unmerge(organisation, (right_child, right), at)?;
        let row = (
            rectification::id.eq(draft.id.to_string()),
            rectification::child_id.eq(right_child.0),
            rectification::organisation.eq(organisation.as_str()),
            rectification::made_at.eq(at.naive_utc()),
            rectification::sealed_reason.eq(self.vault.seal(
                Column::RectificationReason,
                &uuid_row(draft.id.0),
                draft.reason.as_bytes(),
            )?),
        );
        on!(self, c => diesel::insert_into(rectification::table).values(row).execute(*c))?;
        self.mark(draft.id.0, organisation, &marks, at)?;
        self.log_permitted(from, by)?;
        self.log_permitted(to, by)?;
        self.recipients(organisation, former_child, &[DataClass::WaitingListStatus])
    }

    /// Moves a referral to another child, and answers it as it is stored. The sealed record does not name the child, but the
    /// digest depends on it.
    pub(crate) fn move_referral(
        &mut self,
        organisation: OrganisationCode,
        id: &str,
        (child, reference): (ChildId, &ChildReference),
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let own = || {
            record::table.filter(
                record::dataset
                    .eq(Dataset::WaitingList.as_str())
                    .and(record::organisation.eq(organisation.as_str()))
                    .and(record::record_key.eq(id)),
            )
        };
        let sealed: Vec<u8> = on!(self, c => own().select(record::sealed_record).first(*c))?;
        let plain = self.vault.open(Column::Record, &record_row(organisation.as_str(), id), &sealed)?;
        let digest = self.vault.digest(&self.vault.look_up(reference), &plain)?;
        on!(self, c => diesel::update(own()).set((record::child_id.eq(child.0), record::digest.eq(digest.as_slice()))).execute(*c))?;
        Ok(plain)
    }
}
