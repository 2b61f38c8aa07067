//! Disputes (UK GDPR art 18(1)(a)): while the accuracy of a record is contested, it is kept but not shared.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use domain::{Act, Attribution, ChildId, DataClass, Dataset, Dispute, DisputeDraft, DisputeId, OrganisationCode, Permit};

use crate::StoreError;
use crate::rows::{read, stored, utc};
use crate::schema::{dispute, record};
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

#[derive(Queryable, Selectable)]
#[diesel(table_name = dispute)]
struct DisputeRow {
    id: String,
    child_id: i64,
    opened_at: NaiveDateTime,
    settled_at: Option<NaiveDateTime>,
}

impl TryFrom<DisputeRow> for Dispute {
    type Error = StoreError;

    fn try_from(row: DisputeRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a dispute's id")?,
            child: ChildId(row.child_id),
            opened_at: utc(row.opened_at),
            settled_at: row.settled_at.map(utc),
        })
    }
}

impl Tx<'_> {
    /// Opens a dispute about referrals of a child that is held. A referral in an earlier dispute moves to this one.
    /// Answers the organisations that they had been disclosed to.
    pub fn open_dispute(
        &mut self,
        permit: &Permit,
        draft: &DisputeDraft,
        referrals: &[String],
        by: &Attribution,
    ) -> Result<Vec<OrganisationCode>, StoreError> {
        let (ask, child) = Terms::of(Act::Rectify, DataClass::WaitingListStatus).own().about(draft.id.0).of_a_child(permit)?;
        let organisation = ask.holder;
        let row = (
            dispute::id.eq(draft.id.to_string()),
            dispute::child_id.eq(child.0),
            dispute::organisation.eq(organisation.as_str()),
            dispute::opened_at.eq(permit.at().naive_utc()),
            dispute::sealed_reason.eq(self.vault.seal(Column::DisputeReason, &uuid_row(draft.id.0), draft.reason.as_bytes())?),
        );
        on!(self, c => diesel::insert_into(dispute::table).values(row).execute(*c))?;
        let named = record::table
            .filter(record::dataset.eq(Dataset::WaitingList.as_str()).and(record::child_id.eq(child.0)))
            .filter(record::organisation.eq(organisation.as_str()).and(record::record_key.eq_any(referrals)));
        on!(self, c => diesel::update(named).set(record::dispute_id.eq(draft.id.to_string())).execute(*c))?;
        self.log_permitted(permit, by)?;
        self.recipients(organisation, child, &[DataClass::WaitingListStatus])
    }

    /// A dispute by its id, if the organisation opened it. A fact for `decide`.
    pub fn dispute(&mut self, id: DisputeId, organisation: OrganisationCode) -> Result<Option<Dispute>, StoreError> {
        let query = dispute::table.find(id.to_string()).filter(dispute::organisation.eq(organisation.as_str()));
        let row: Option<DisputeRow> = on!(self, c => query.select(DisputeRow::as_select()).first(*c).optional())?;
        row.map(Dispute::try_from).transpose()
    }

    /// Settles a dispute: its referrals may be shared again. Settling it twice changes nothing.
    pub fn settle_dispute(&mut self, permit: &Permit, id: DisputeId, reason: &str, by: &Attribution) -> Result<Dispute, StoreError> {
        let (ask, child) = Terms::of(Act::Rectify, DataClass::WaitingListStatus).own().about(id.0).of_a_child(permit)?;
        let own = dispute::child_id.eq(child.0).and(dispute::organisation.eq(ask.holder.as_str()));
        let row: DisputeRow = permitted_row(held!(self, dispute::table.find(id.to_string()).filter(own) => DisputeRow))?;
        let settled = Dispute::try_from(row)?.settle(stored(permit.at()));
        let sealed = self.vault.seal(Column::DisputeSettlement, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(dispute::table.find(id.to_string()).filter(dispute::settled_at.is_null()))
            .set((dispute::settled_at.eq(settled.settled_at.map(|at| at.naive_utc())), dispute::sealed_settlement.eq(&sealed)))
            .execute(*c))?;
        let in_it = record::organisation.eq(ask.holder.as_str()).and(record::dispute_id.eq(id.to_string()));
        on!(self, c => diesel::update(record::table.filter(record::dataset.eq(Dataset::WaitingList.as_str()).and(in_it)))
            .set(record::dispute_id.eq(None::<String>))
            .execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(settled)
    }
}
