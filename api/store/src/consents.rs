//! Families' decisions.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::{
    Act, Attribution, ChildId, Consent, ConsentDecision, ConsentDraft, ConsentId, DataClass, NamedChild, NotAnObjection, OrganisationCode,
    Permit, ReviewOutcome,
};

use crate::StoreError;
use crate::children::Among;
use crate::pages::PageAfter;
use crate::rows::{join, read, read_all, stored, utc};
use crate::schema::consent;
use crate::terms::{Terms, alike, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

/// Decisions that are read at a time.
const PAGE: i64 = 500;

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
    review: Option<String>,
    reviewed_at: Option<NaiveDateTime>,
    sealed_review: Option<Vec<u8>>,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a consent's id")?,
            decision: read(&row.decision, "a consent's decision")?,
            purpose: read(&row.purpose, "a consent's purpose")?,
            data: read_all(&row.data, "a consent's data")?,
            pathways: domain::PathwaySet::from_bits(row.pathways),
            recipient: read(&row.recipient, "a consent's recipient")?,
            decided_by: read(&row.decided_by, "who decided")?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            recorded_by: read(&row.recorded_by, "who recorded a consent")?,
            recorded_at: utc(row.recorded_at),
            review: row.review.as_deref().map(|review| read(review, "a consent's review")).transpose()?,
            withdrawn_at: row.withdrawn_at.map(utc),
        })
    }
}

impl Tx<'_> {
    /// The decisions about some children, each with its child.
    pub(crate) fn consents_among(&mut self, among: Among<'_>) -> Result<Vec<(ChildId, Consent)>, StoreError> {
        let all = || consent::table;
        let rows: Vec<ConsentRow> = match among {
            Among::Range(first, last) => {
                on!(self, c => all().filter(consent::child_id.between(first, last)).select(ConsentRow::as_select()).load(*c))?
            }
            Among::Ids(ids) => on!(self, c => all().filter(consent::child_id.eq_any(ids)).select(ConsentRow::as_select()).load(*c))?,
        };
        rows.into_iter().map(|row| Ok((ChildId(row.child_id), row.try_into()?))).collect()
    }

    /// A page of the decisions, not withdrawn, that the permit's holder recorded and `wanted` picks out, each with its
    /// child, in the order they were recorded. Writes one audit entry.
    pub fn standing_consents(
        &mut self,
        permit: &Permit,
        page: PageAfter<Option<ConsentId>>,
        by: &Attribution,
        wanted: impl Fn(&NamedChild, &Consent) -> bool,
    ) -> Result<Vec<(NamedChild, Consent)>, StoreError> {
        let ask = Terms::of(Act::ReadConsents, DataClass::WaitingListStatus).own().of_nobody(permit)?;
        let limit = page.limit;
        let mut after = page.after.map_or_else(String::new, |id| id.to_string());
        let mut found = Vec::new();
        loop {
            let page = consent::table
                .filter(consent::recorded_by.eq(ask.holder.as_str()))
                .filter(consent::withdrawn_at.is_null().and(consent::id.gt(&after)))
                .order(consent::id)
                .limit(PAGE);
            let rows: Vec<ConsentRow> = on!(self, c => page.select(ConsentRow::as_select()).load(*c))?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.id);
            for row in rows {
                let id = ChildId(row.child_id);
                let child = NamedChild::of(id, self.child_reference(id)?);
                let consent = row.try_into()?;
                if found.len() < limit && wanted(&child, &consent) {
                    found.push((child, consent));
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        self.log_permitted(permit, by)?;
        Ok(found)
    }

    /// Records what a person found when they looked at an objection, and writes an audit entry. A later finding
    /// replaces an earlier one.
    pub fn review_objection(
        &mut self,
        permit: &Permit,
        id: ConsentId,
        outcome: ReviewOutcome,
        reason: &str,
        by: &Attribution,
    ) -> Result<Result<Consent, NotAnObjection>, StoreError> {
        let (ask, child) = Terms::of_any_class(Act::ReviewObjection).about(id.0).of_a_child(permit)?;
        let own = consent::child_id.eq(child.0).and(consent::recorded_by.eq(ask.holder.as_str()));
        let standing = || consent::table.find(id.to_string()).filter(own);
        let row: ConsentRow = permitted_row(held!(self, standing() => ConsentRow))?;
        let objection = Consent::try_from(row)?;
        if !objection.data.contains(&ask.data) {
            return Err(StoreError::WrongPermit);
        }
        let Ok(reviewed) = objection.review(outcome) else { return Ok(Err(NotAnObjection)) };
        let sealed = self.vault.seal(Column::ConsentReview, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(standing())
            .set((
                consent::review.eq(reviewed.review.map(ReviewOutcome::as_str)),
                consent::reviewed_at.eq(permit.at().naive_utc()),
                consent::sealed_review.eq(&sealed),
            ))
            .execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(Ok(reviewed))
    }

    /// Records a decision about the classes of data in the permits, one class in each. Writes an audit entry for each
    /// permit.
    pub fn record_consent(&mut self, permits: &[Permit], draft: &ConsentDraft, by: &Attribution) -> Result<Consent, StoreError> {
        let permit = alike(permits)?;
        let act = if draft.decision == ConsentDecision::Objection { Act::RecordObjection } else { Act::RecordConsent };
        let (ask, child) = Terms::of_any_class(act).about(draft.id.0).of_a_child(permit)?;
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
            review: None,
            reviewed_at: None,
            sealed_review: None,
            id,
        };
        on!(self, c => diesel::insert_into(consent::table).values(&row).execute(*c))?;
        for permit in permits {
            self.log_decided(permit, draft.id, by)?;
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

    /// The decisions about a child that the permit's holder recorded. Writes an audit entry.
    pub fn recorded_consents(&mut self, permit: &Permit, by: &Attribution) -> Result<Vec<Consent>, StoreError> {
        let (ask, child) = Terms::of(Act::ReadConsents, DataClass::WaitingListStatus).own().of_a_child(permit)?;
        let rows: Vec<ConsentRow> = on!(self, c => consent::table
            .filter(consent::child_id.eq(child.0).and(consent::recorded_by.eq(ask.holder.as_str())))
            .order(consent::id)
            .select(ConsentRow::as_select())
            .load(*c))?;
        self.log_permitted(permit, by)?;
        rows.into_iter().map(Consent::try_from).collect()
    }

    /// Withdraws a decision about a child that is held by [`Tx::hold_for_change`], and writes an audit entry for
    /// each class of data in it. Once this is committed, no disclosure that it forbids can be. Withdrawing twice
    /// changes nothing: the first withdrawal is kept.
    pub fn withdraw_consent(&mut self, permits: &[Permit], id: ConsentId, reason: &str, by: &Attribution) -> Result<Consent, StoreError> {
        let permit = alike(permits)?;
        let (ask, child) = Terms::of_any_class(Act::WithdrawConsent).about(id.0).of_a_child(permit)?;
        let own = consent::child_id.eq(child.0).and(consent::recorded_by.eq(ask.holder.as_str()));
        let standing = || consent::table.find(id.to_string()).filter(own);
        let row: ConsentRow = permitted_row(held!(self, standing() => ConsentRow))?;
        let consent = Consent::try_from(row)?;
        // A decision is withdrawn as a whole, for all its classes of data.
        if !consent.data.iter().eq(permits.iter().map(|permit| &permit.ask().data)) {
            return Err(StoreError::WrongPermit);
        }
        let withdrawn = consent.withdraw(stored(permit.at()));
        let sealed = self.vault.seal(Column::ConsentReason, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(standing().filter(consent::withdrawn_at.is_null()))
            .set((consent::withdrawn_at.eq(withdrawn.withdrawn_at.map(|at| at.naive_utc())), consent::sealed_reason.eq(&sealed)))
            .execute(*c))?;
        for permit in permits {
            self.log_decided(permit, id, by)?;
        }
        Ok(withdrawn)
    }
}
