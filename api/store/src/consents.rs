//! Families' decisions.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::audit::Attribution;
use domain::consents::{Consent, ConsentDecision, DecidedBy};
use domain::identifiers::{ChildId, ConsentId};
use domain::organisations::OrganisationCode;
use domain::policy::{Act, Permit};

use crate::StoreError;
use crate::rows::{join, read, read_all, utc};
use crate::schema::consent;
use crate::transactions::{Tx, on};
use crate::vault::{Column, uuid_row};

/// A decision as it is recorded; whose, for what and to whom stand in the permit.
#[derive(Debug, Clone)]
pub struct ConsentDraft {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub decided_by: DecidedBy,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    /// How it is known, in the recorder's words. Sealed.
    pub evidence: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent, treat_none_as_default_value = false)]
struct ConsentRow {
    id: String,
    child_id: i64,
    decision: String,
    purpose: String,
    data: String,
    pathways: i16,
    recipient: String,
    decided_by: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    recorded_by: String,
    recorded_at: NaiveDateTime,
    withdrawn_at: Option<NaiveDateTime>,
    sealed_evidence: Vec<u8>,
    sealed_reason: Option<Vec<u8>>,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a consent's id")?,
            decision: read(&row.decision, "a consent's decision")?,
            purpose: read(&row.purpose, "a consent's purpose")?,
            data: read_all(&row.data, "a consent's data")?,
            pathways: domain::pathways::PathwaySet::from_bits(row.pathways),
            recipient: read(&row.recipient, "a consent's recipient")?,
            decided_by: read(&row.decided_by, "who decided")?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            recorded_by: read(&row.recorded_by, "who recorded a consent")?,
            withdrawn_at: row.withdrawn_at.map(utc),
        })
    }
}

impl Tx<'_> {
    /// Every decision about a child: facts for `decide`, not for showing.
    pub fn consents_of(&mut self, child: ChildId) -> Result<Vec<Consent>, StoreError> {
        let rows: Vec<ConsentRow> =
            on!(self, c => consent::table.filter(consent::child_id.eq(child.0)).select(ConsentRow::as_select()).load(*c))?;
        rows.into_iter().map(Consent::try_from).collect()
    }

    /// The decisions about the children of a range of ids, each with its child.
    pub(crate) fn consents_between(&mut self, first: i64, last: i64) -> Result<Vec<(ChildId, Consent)>, StoreError> {
        let rows: Vec<ConsentRow> =
            on!(self, c => consent::table.filter(consent::child_id.between(first, last)).select(ConsentRow::as_select()).load(*c))?;
        rows.into_iter().map(|row| Ok((ChildId(row.child_id), row.try_into()?))).collect()
    }

    /// Records a decision about the classes of data that the permits were asked for, one each, with
    /// a leaf for each.
    pub fn record_consent(&mut self, permits: &[Permit], draft: &ConsentDraft, by: &Attribution) -> Result<Consent, StoreError> {
        let permit = permits.first().ok_or(StoreError::Corrupt("no permit"))?;
        let (ask, child) = about(permit, Act::RecordConsent)?;
        let data: Vec<_> = permits.iter().map(|permit| permit.ask().data).collect();
        let id = draft.id.to_string();
        let row = ConsentRow {
            child_id: child.0,
            decision: draft.decision.to_string(),
            purpose: ask.purpose.to_string(),
            data: join(&data),
            pathways: ask.pathways.bits(),
            recipient: ask.recipient.to_string(),
            decided_by: draft.decided_by.to_string(),
            valid_from: draft.valid_from,
            valid_to: draft.valid_to,
            recorded_by: ask.holder.to_string(),
            recorded_at: permit.at().naive_utc(),
            withdrawn_at: None,
            sealed_evidence: self.vault.seal(Column::ConsentEvidence, &uuid_row(draft.id.0), draft.evidence.as_bytes())?,
            sealed_reason: None,
            id,
        };
        on!(self, c => diesel::insert_into(consent::table).values(&row).execute(*c))?;
        for permit in permits {
            self.leave_decided(permit, draft.id, by)?;
        }
        row.try_into()
    }

    /// A decision by its id, with its child, if the organisation recorded it. Facts for `decide`.
    pub fn consent(&mut self, id: ConsentId, recorder: OrganisationCode) -> Result<Option<(ChildId, Consent)>, StoreError> {
        let row: Option<ConsentRow> = on!(self, c => consent::table
            .find(id.to_string())
            .filter(consent::recorded_by.eq(recorder.as_str()))
            .select(ConsentRow::as_select())
            .first(*c)
            .optional())?;
        row.map(|row| Ok((ChildId(row.child_id), row.try_into()?))).transpose()
    }

    /// The decisions about a child that the permit's holder recorded, with a leaf.
    pub fn recorded_consents(&mut self, permit: &Permit, by: &Attribution) -> Result<Vec<Consent>, StoreError> {
        let (ask, child) = (permit.ask(), permit.ask().child.ok_or(StoreError::Corrupt("a permit without a child"))?);
        let rows: Vec<ConsentRow> = on!(self, c => consent::table
            .filter(consent::child_id.eq(child.0).and(consent::recorded_by.eq(ask.holder.as_str())))
            .order(consent::id)
            .select(ConsentRow::as_select())
            .load(*c))?;
        self.leave_permitted(permit, by)?;
        rows.into_iter().map(Consent::try_from).collect()
    }

    /// Withdraws a decision of a child that is held by [`Tx::child_for_withdrawal`], with a leaf for each
    /// class of data that it is about. Once this is committed no disclosure that it forbids is.
    /// Withdrawing twice changes nothing: the first withdrawal stands.
    pub fn withdraw_consent(&mut self, permits: &[Permit], id: ConsentId, reason: &str, by: &Attribution) -> Result<Consent, StoreError> {
        let permit = permits.first().ok_or(StoreError::Corrupt("no permit"))?;
        let (_, child) = about(permit, Act::WithdrawConsent)?;
        let at = permit.at();
        let sealed = self.vault.seal(Column::ConsentReason, &uuid_row(id.0), reason.as_bytes())?;
        let standing = || consent::table.find(id.to_string()).filter(consent::child_id.eq(child.0));
        on!(self, c => diesel::update(standing().filter(consent::withdrawn_at.is_null()))
            .set((consent::withdrawn_at.eq(at.naive_utc()), consent::sealed_reason.eq(&sealed)))
            .execute(*c))?;
        for permit in permits {
            self.leave_decided(permit, id, by)?;
        }
        let row: ConsentRow = on!(self, c => standing().select(ConsentRow::as_select()).first(*c))?;
        row.try_into()
    }
}

fn about(permit: &Permit, act: Act) -> Result<(&domain::policy::Ask, ChildId), StoreError> {
    let ask = permit.ask();
    match ask.child {
        Some(child) if ask.act == act => Ok((ask, child)),
        _ => Err(StoreError::Corrupt("a permit for something else")),
    }
}
