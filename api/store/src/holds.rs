//! Legal holds on what an organisation sent about a child.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::{Act, Attribution, ChildFacts, ChildId, DataClass, HoldId, LegalHold, LegalHoldDraft, OrganisationCode, Permit};

use crate::StoreError;
use crate::rows::{read, stored, utc};
use crate::schema::legal_hold;
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = legal_hold, treat_none_as_default_value = false)]
struct LegalHoldRow {
    id: String,
    child_id: i64,
    organisation: String,
    ends: Option<NaiveDate>,
    set_at: NaiveDateTime,
    released_at: Option<NaiveDateTime>,
    sealed_reason: Vec<u8>,
    sealed_release: Option<Vec<u8>>,
}

impl TryFrom<LegalHoldRow> for LegalHold {
    type Error = StoreError;

    fn try_from(row: LegalHoldRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a hold's id")?,
            organisation: read(&row.organisation, "whose hold it is")?,
            ends: row.ends,
            set_at: utc(row.set_at),
            released_at: row.released_at.map(utc),
        })
    }
}

impl Tx<'_> {
    /// The facts that decide whether an organisation may erase or move what it sent about a child.
    pub(crate) fn facts_for_rights(&mut self, child: ChildId, organisation: OrganisationCode) -> Result<ChildFacts, StoreError> {
        // No hold may be set, and nothing be published, between this check and the act.
        self.hold_publications(organisation)?;
        self.holds_on(child, organisation)
    }

    /// The same, for an organisation that is publishing: no hold can be set meanwhile.
    pub(crate) fn holds_on(&mut self, child: ChildId, organisation: OrganisationCode) -> Result<ChildFacts, StoreError> {
        let joined: Vec<i64> = self.joined_with(child)?.into_iter().map(|id| id.0).collect();
        let query = legal_hold::table.filter(legal_hold::child_id.eq_any(joined).and(legal_hold::organisation.eq(organisation.as_str())));
        let rows: Vec<LegalHoldRow> = on!(self, c => query.select(LegalHoldRow::as_select()).load(*c))?;
        let holds = rows.into_iter().map(LegalHold::try_from).collect::<Result<_, _>>()?;
        Ok(ChildFacts { holds, ..ChildFacts::default() })
    }

    /// Sets a hold on a child that is held by [`Tx::child_for_decision`], and writes an audit entry.
    pub fn hold(&mut self, permit: &Permit, draft: &LegalHoldDraft, by: &Attribution) -> Result<LegalHold, StoreError> {
        let (ask, child) = Terms::of(Act::Hold, DataClass::WaitingListStatus).own().about(draft.id.0).of_a_child(permit)?;
        self.hold_publications(ask.holder)?;
        let row = LegalHoldRow {
            id: draft.id.to_string(),
            child_id: child.0,
            organisation: ask.holder.to_string(),
            ends: draft.ends,
            set_at: permit.at().naive_utc(),
            released_at: None,
            sealed_reason: self.vault.seal(Column::HoldReason, &uuid_row(draft.id.0), draft.reason.as_bytes())?,
            sealed_release: None,
        };
        on!(self, c => diesel::insert_into(legal_hold::table).values(&row).execute(*c))?;
        self.log_permitted(permit, by)?;
        row.try_into()
    }

    /// The child that a hold is about, if the organisation set it. A fact for `decide`.
    pub fn child_of_hold(&mut self, id: HoldId, organisation: OrganisationCode) -> Result<Option<ChildId>, StoreError> {
        let query = legal_hold::table.find(id.to_string()).filter(legal_hold::organisation.eq(organisation.as_str()));
        let child: Option<i64> = on!(self, c => query.select(legal_hold::child_id).first(*c).optional())?;
        Ok(child.map(ChildId))
    }

    /// Releases a hold and writes an audit entry. Releasing it twice changes nothing.
    pub fn release_hold(&mut self, permit: &Permit, id: HoldId, reason: &str, by: &Attribution) -> Result<LegalHold, StoreError> {
        let (ask, child) = Terms::of(Act::Hold, DataClass::WaitingListStatus).own().about(id.0).of_a_child(permit)?;
        let own = legal_hold::child_id.eq(child.0).and(legal_hold::organisation.eq(ask.holder.as_str()));
        let row: LegalHoldRow = permitted_row(held!(self, legal_hold::table.find(id.to_string()).filter(own) => LegalHoldRow))?;
        let released = LegalHold::try_from(row)?.release(stored(permit.at()));
        let sealed = self.vault.seal(Column::HoldRelease, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(legal_hold::table.find(id.to_string()).filter(legal_hold::released_at.is_null()))
            .set((legal_hold::released_at.eq(released.released_at.map(|at| at.naive_utc())), legal_hold::sealed_release.eq(&sealed)))
            .execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(released)
    }
}
