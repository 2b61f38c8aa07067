//! Caldicott guardians' overrides.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::{Act, Attribution, ChildId, DataClass, OrganisationCode, Override, OverrideDraft, OverrideId, PathwaySet, Permit};

use crate::StoreError;
use crate::children::Among;
use crate::rows::{read, stored, utc};
use crate::schema::caldicott_override;
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = caldicott_override, treat_none_as_default_value = false)]
struct OverrideRow {
    id: String,
    child_id: i64,
    holder: String,
    recipient: String,
    purpose: String,
    data: String,
    pathways: i16,
    starts: NaiveDate,
    ends: NaiveDate,
    made_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    sealed_reason: Vec<u8>,
}

impl TryFrom<OverrideRow> for Override {
    type Error = StoreError;

    fn try_from(row: OverrideRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "an override's id")?,
            holder: read(&row.holder, "whose records are opened")?,
            recipient: read(&row.recipient, "to whom records are opened")?,
            purpose: read(&row.purpose, "an override's purpose")?,
            data: read(&row.data, "an override's data")?,
            pathways: PathwaySet::from_bits(row.pathways),
            starts: row.starts,
            ends: row.ends,
            ended_at: row.ended_at.map(utc),
        })
    }
}

impl Tx<'_> {
    pub(crate) fn overrides_among(&mut self, among: Among<'_>) -> Result<Vec<(ChildId, Override)>, StoreError> {
        let all = || caldicott_override::table.order(caldicott_override::id);
        let rows: Vec<OverrideRow> = match among {
            Among::Range(first, last) => {
                on!(self, c => all().filter(caldicott_override::child_id.between(first, last)).select(OverrideRow::as_select()).load(*c))?
            }
            Among::Ids(ids) => {
                on!(self, c => all().filter(caldicott_override::child_id.eq_any(ids)).select(OverrideRow::as_select()).load(*c))?
            }
        };
        rows.into_iter().map(|row| Ok((ChildId(row.child_id), row.try_into()?))).collect()
    }

    /// Makes an override about a child that is held by [`Tx::child_for_decision`], and writes an audit entry.
    pub fn make_override(&mut self, permit: &Permit, draft: &OverrideDraft, by: &Attribution) -> Result<Override, StoreError> {
        let (ask, child) = Terms::of_any_class(Act::Override).about(draft.id.0).of_a_child(permit)?;
        let row = OverrideRow {
            id: draft.id.to_string(),
            child_id: child.0,
            holder: ask.holder.to_string(),
            recipient: ask.recipient.to_string(),
            purpose: ask.purpose.to_string(),
            data: ask.data.to_string(),
            pathways: ask.pathways.bits(),
            starts: draft.starts,
            ends: draft.ends,
            made_at: permit.at().naive_utc(),
            ended_at: None,
            sealed_reason: self.vault.seal(Column::OverrideReason, &uuid_row(draft.id.0), draft.reason.as_bytes())?,
        };
        on!(self, c => diesel::insert_into(caldicott_override::table).values(&row).execute(*c))?;
        self.log_permitted(permit, by)?;
        row.try_into()
    }

    /// The child that an override is about, if the organisation made it.
    pub fn child_of_override(&mut self, id: OverrideId, holder: OrganisationCode) -> Result<Option<ChildId>, StoreError> {
        let query = caldicott_override::table.find(id.to_string()).filter(caldicott_override::holder.eq(holder.as_str()));
        let child: Option<i64> = on!(self, c => query.select(caldicott_override::child_id).first(*c).optional())?;
        Ok(child.map(ChildId))
    }

    /// Ends an override of a child that is held. Ending it twice changes nothing.
    pub fn end_override(&mut self, permit: &Permit, id: OverrideId, by: &Attribution) -> Result<Override, StoreError> {
        let (ask, child) = Terms::of(Act::EndOverride, DataClass::WaitingListStatus).own().about(id.0).of_a_child(permit)?;
        let own = caldicott_override::child_id.eq(child.0).and(caldicott_override::holder.eq(ask.holder.as_str()));
        let row: OverrideRow = permitted_row(held!(self, caldicott_override::table.find(id.to_string()).filter(own) => OverrideRow))?;
        let ended = Override::try_from(row)?.end(stored(permit.at()));
        on!(self, c => diesel::update(caldicott_override::table.find(id.to_string()).filter(caldicott_override::ended_at.is_null()))
            .set(caldicott_override::ended_at.eq(ended.ended_at.map(|at| at.naive_utc())))
            .execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(ended)
    }
}
