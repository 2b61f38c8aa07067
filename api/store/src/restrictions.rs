//! Restrictions on what flows about a child.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::{Act, Attribution, ChildId, DataClass, OrganisationCode, Permit, Restriction, RestrictionDraft, RestrictionId};

use crate::StoreError;
use crate::children::Among;
use crate::rows::{read, stored, utc};
use crate::schema::restriction;
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = restriction, treat_none_as_default_value = false)]
struct RestrictionRow {
    id: String,
    child_id: i64,
    kind: String,
    against: Option<String>,
    starts: NaiveDate,
    ends: Option<NaiveDate>,
    set_by: String,
    set_at: NaiveDateTime,
    lifted_at: Option<NaiveDateTime>,
    sealed_reason: Vec<u8>,
    sealed_lifting: Option<Vec<u8>>,
}

impl TryFrom<RestrictionRow> for Restriction {
    type Error = StoreError;

    fn try_from(row: RestrictionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a restriction's id")?,
            kind: read(&row.kind, "a restriction's kind")?,
            against: row.against.as_deref().map(|against| read(against, "whom a restriction is against")).transpose()?,
            starts: row.starts,
            ends: row.ends,
            set_by: read(&row.set_by, "who set a restriction")?,
            lifted_at: row.lifted_at.map(utc),
        })
    }
}

impl Tx<'_> {
    pub(crate) fn restrictions_among(&mut self, among: Among<'_>) -> Result<Vec<(ChildId, Restriction)>, StoreError> {
        let all = || restriction::table.order(restriction::id);
        let rows: Vec<RestrictionRow> = match among {
            Among::Range(first, last) => {
                on!(self, c => all().filter(restriction::child_id.between(first, last)).select(RestrictionRow::as_select()).load(*c))?
            }
            Among::Ids(ids) => {
                on!(self, c => all().filter(restriction::child_id.eq_any(ids)).select(RestrictionRow::as_select()).load(*c))?
            }
        };
        rows.into_iter().map(|row| Ok((ChildId(row.child_id), row.try_into()?))).collect()
    }

    /// Sets a restriction on a child that is held by [`Tx::child_for_decision`], and writes an audit entry.
    pub fn restrict(&mut self, permit: &Permit, draft: &RestrictionDraft, by: &Attribution) -> Result<Restriction, StoreError> {
        let (ask, child) = Terms::of(Act::Restrict, DataClass::WaitingListStatus).about(draft.id.0).of_a_child(permit)?;
        let row = RestrictionRow {
            id: draft.id.to_string(),
            child_id: child.0,
            kind: draft.kind.to_string(),
            against: draft.against.map(|against| against.to_string()),
            starts: draft.starts,
            ends: draft.ends,
            set_by: ask.holder.to_string(),
            set_at: permit.at().naive_utc(),
            lifted_at: None,
            sealed_reason: self.vault.seal(Column::RestrictionReason, &uuid_row(draft.id.0), draft.reason.as_bytes())?,
            sealed_lifting: None,
        };
        on!(self, c => diesel::insert_into(restriction::table).values(&row).execute(*c))?;
        self.log_permitted(permit, by)?;
        row.try_into()
    }

    /// The restrictions on a child that the permit's holder set. Writes an audit entry.
    pub fn own_restrictions(&mut self, permit: &Permit, by: &Attribution) -> Result<Vec<Restriction>, StoreError> {
        let (ask, child) = Terms::of(Act::ReadConsents, DataClass::WaitingListStatus).own().of_a_child(permit)?;
        let mut found = self.restrictions_among(Among::Range(child.0, child.0))?;
        found.retain(|(_, restriction)| restriction.set_by == ask.holder);
        self.log_permitted(permit, by)?;
        Ok(found.into_iter().map(|(_, restriction)| restriction).collect())
    }

    /// The child that a restriction is about, if the organisation set it.
    pub fn child_of_restriction(&mut self, id: RestrictionId, set_by: OrganisationCode) -> Result<Option<ChildId>, StoreError> {
        let query = restriction::table.find(id.to_string()).filter(restriction::set_by.eq(set_by.as_str())).select(restriction::child_id);
        let child: Option<i64> = on!(self, c => query.first(*c).optional())?;
        Ok(child.map(ChildId))
    }

    /// Lifts a restriction of a child that is held. Lifting it twice changes nothing.
    pub fn lift_restriction(
        &mut self,
        permit: &Permit,
        id: RestrictionId,
        reason: &str,
        by: &Attribution,
    ) -> Result<Restriction, StoreError> {
        let (ask, child) = Terms::of(Act::LiftRestriction, DataClass::WaitingListStatus).own().about(id.0).of_a_child(permit)?;
        let own = restriction::child_id.eq(child.0).and(restriction::set_by.eq(ask.holder.as_str()));
        let row: RestrictionRow = permitted_row(held!(self, restriction::table.find(id.to_string()).filter(own) => RestrictionRow))?;
        let lifted = Restriction::try_from(row)?.lift(stored(permit.at()));
        let sealed = self.vault.seal(Column::RestrictionLifting, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(restriction::table.find(id.to_string()).filter(restriction::lifted_at.is_null()))
            .set((restriction::lifted_at.eq(lifted.lifted_at.map(|at| at.naive_utc())), restriction::sealed_lifting.eq(&sealed)))
            .execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(lifted)
    }
}
