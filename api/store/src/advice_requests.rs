//! Councils' requests for health advice, and the advice.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{
    Act, Advice, AdviceRequest, AdviceRequestDraft, AdviceRequestId, AdviceStatus, Attribution, ChildId, ChildReference, DataClass,
    OrganisationCode, Permit,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::rows::{from_json, join, read, read_all, to_json_bytes, utc};
use crate::schema::advice_request;
use crate::terms::Terms;
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

/// The parts of a request that are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Particulars {
    case_reference: String,
    receipt_evidence: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = advice_request, treat_none_as_default_value = false)]
struct AdviceRequestRow {
    id: String,
    child_id: i64,
    requested_by: String,
    addressed_to: String,
    addressed_role: String,
    kinds: String,
    status: String,
    received_on: NaiveDate,
    created_at: NaiveDateTime,
    changed_at: NaiveDateTime,
    acknowledged_at: Option<NaiveDateTime>,
    submitted_at: Option<NaiveDateTime>,
    sealed_request: Vec<u8>,
    sealed_advice: Option<Vec<u8>>,
}

impl TryFrom<AdviceRequestRow> for AdviceRequest {
    type Error = StoreError;

    fn try_from(row: AdviceRequestRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "an advice request's id")?,
            child: ChildId(row.child_id),
            requested_by: read(&row.requested_by, "who asked")?,
            addressed_to: read(&row.addressed_to, "who was asked")?,
            role: row.addressed_role,
            kinds: read_all(&row.kinds, "kinds of advice")?,
            status: read(&row.status, "an advice request's status")?,
            has_text: row.sealed_advice.is_some(),
            received_on: row.received_on,
            created_at: utc(row.created_at),
            changed_at: utc(row.changed_at),
            acknowledged_at: row.acknowledged_at.map(utc),
            submitted_at: row.submitted_at.map(utc),
        })
    }
}

/// The columns that a change of state writes.
#[derive(AsChangeset)]
#[diesel(table_name = advice_request, treat_none_as_null = true)]
struct Changes {
    status: &'static str,
    acknowledged_at: Option<NaiveDateTime>,
    submitted_at: Option<NaiveDateTime>,
    changed_at: NaiveDateTime,
}

impl Changes {
    fn of(request: &AdviceRequest) -> Self {
        Self {
            status: request.status.as_str(),
            acknowledged_at: request.acknowledged_at.map(|at| at.naive_utc()),
            submitted_at: request.submitted_at.map(|at| at.naive_utc()),
            changed_at: request.changed_at.naive_utc(),
        }
    }
}

impl Tx<'_> {
    /// Makes a request. Telling a health body that a child is being assessed is a disclosure too.
    pub fn create_advice_request(
        &mut self,
        permit: &Permit,
        draft: &AdviceRequestDraft,
        by: &Attribution,
    ) -> Result<AdviceRequest, StoreError> {
        let (ask, child) = Terms::of(Act::Disclose, DataClass::AdviceRequest).about(draft.id.0).of_a_child(permit)?;
        let at = permit.at().naive_utc();
        let particulars = Particulars { case_reference: draft.case_reference.clone(), receipt_evidence: draft.receipt_evidence.clone() };
        let row = AdviceRequestRow {
            id: draft.id.to_string(),
            child_id: child.0,
            requested_by: ask.holder.to_string(),
            addressed_to: ask.recipient.to_string(),
            addressed_role: draft.role.clone(),
            kinds: join(&draft.kinds),
            status: AdviceStatus::Requested.to_string(),
            received_on: draft.received_on,
            created_at: at,
            changed_at: at,
            acknowledged_at: None,
            submitted_at: None,
            sealed_request: self.vault.seal(Column::AdviceRequest, &uuid_row(draft.id.0), &to_json_bytes(&particulars)?)?,
            sealed_advice: None,
        };
        on!(self, c => diesel::insert_into(advice_request::table).values(&row).execute(*c))?;
        self.log_permitted(permit, by)?;
        row.try_into()
    }

    /// A request that the organisation made or was sent: facts for `decide`, held until the transaction ends.
    pub fn advice_request(&mut self, id: AdviceRequestId, organisation: OrganisationCode) -> Result<Option<AdviceRequest>, StoreError> {
        let party = advice_request::requested_by.eq(organisation.as_str()).or(advice_request::addressed_to.eq(organisation.as_str()));
        let query = advice_request::table.find(id.to_string()).filter(party);
        let row: Option<AdviceRequestRow> = held!(self, query => AdviceRequestRow).optional()?;
        row.map(AdviceRequest::try_from).transpose()
    }

    /// The requests that an organisation made or that are addressed to it, in the order they were
    /// made. They name no child.
    pub fn advice_requests(
        &mut self,
        party: OrganisationCode,
        statuses: &[AdviceStatus],
        changed_since: Option<DateTime<Utc>>,
        after: Option<AdviceRequestId>,
        limit: i64,
    ) -> Result<Vec<AdviceRequest>, StoreError> {
        let since = changed_since.map_or(DateTime::UNIX_EPOCH.naive_utc(), |at| at.naive_utc());
        let after = after.map_or_else(String::new, |id| id.to_string());
        let statuses: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        let is_party = advice_request::requested_by.eq(party.as_str()).or(advice_request::addressed_to.eq(party.as_str()));
        let rows: Vec<AdviceRequestRow> = on!(self, c => advice_request::table
            .filter(is_party)
            .filter(advice_request::id.gt(&after).and(advice_request::changed_at.ge(since)).and(advice_request::status.eq_any(&statuses)))
            .order(advice_request::id)
            .limit(limit)
            .select(AdviceRequestRow::as_select())
            .load(*c))?;
        rows.into_iter().map(AdviceRequest::try_from).collect()
    }

    /// Discloses which child and case a request is about, to the party that the permit allows.
    pub fn disclose_advice_request(
        &mut self,
        permit: &Permit,
        request: &AdviceRequest,
        by: &Attribution,
    ) -> Result<(ChildReference, String), StoreError> {
        asked(request).of_child(request.child, permit)?;
        let sealed: Vec<u8> =
            on!(self, c => advice_request::table.find(request.id.to_string()).select(advice_request::sealed_request).first(*c))?;
        let particulars: Particulars =
            from_json(&self.vault.open(Column::AdviceRequest, &uuid_row(request.id.0), &sealed)?, "an advice request")?;
        let child = self.child_reference(request.child)?;
        self.log_permitted(permit, by)?;
        Ok((child, particulars.case_reference))
    }

    /// Saves a request that was acknowledged.
    pub fn acknowledge_advice(&mut self, permit: &Permit, acknowledged: &AdviceRequest, by: &Attribution) -> Result<(), StoreError> {
        asked(acknowledged).of_child(acknowledged.child, permit)?;
        let open =
            advice_request::table.find(acknowledged.id.to_string()).filter(advice_request::status.ne(AdviceStatus::Submitted.as_str()));
        let saved = on!(self, c => diesel::update(open).set(Changes::of(acknowledged)).execute(*c))?;
        changed_one(saved)?;
        self.log_permitted(permit, by)
    }

    /// Saves a request that was answered, with its advice.
    pub fn submit_advice(
        &mut self,
        permit: &Permit,
        submitted: &AdviceRequest,
        advice: &Advice,
        by: &Attribution,
    ) -> Result<(), StoreError> {
        answered(submitted).of_child(submitted.child, permit)?;
        let sealed = self.vault.seal(Column::Advice, &uuid_row(submitted.id.0), &to_json_bytes(advice)?)?;
        let erased = advice_request::status.eq(AdviceStatus::Submitted.as_str()).and(advice_request::sealed_advice.is_null());
        let takes_advice = advice_request::table.find(submitted.id.to_string()).filter(diesel::dsl::not(erased));
        let saved = on!(self, c => diesel::update(takes_advice)
            .set((Changes::of(submitted), advice_request::sealed_advice.eq(&sealed)))
            .execute(*c))?;
        changed_one(saved)?;
        self.log_permitted(permit, by)
    }

    /// Discloses the advice and writes an audit entry; `None`, without an entry, where there is no text.
    pub fn disclose_advice(&mut self, permit: &Permit, request: &AdviceRequest, by: &Attribution) -> Result<Option<Advice>, StoreError> {
        answered(request).of_child(request.child, permit)?;
        let sealed: Option<Vec<u8>> =
            on!(self, c => advice_request::table.find(request.id.to_string()).select(advice_request::sealed_advice).first(*c))?;
        let Some(sealed) = sealed else { return Ok(None) };
        let advice = from_json(&self.vault.open(Column::Advice, &uuid_row(request.id.0), &sealed)?, "advice")?;
        self.log_permitted(permit, by)?;
        Ok(Some(advice))
    }

    /// The sealed value of a request whose words are erased.
    pub(crate) fn seal_no_particulars(&self, id: AdviceRequestId) -> Result<Vec<u8>, StoreError> {
        let none = Particulars { case_reference: String::new(), receipt_evidence: None };
        self.vault.seal(Column::AdviceRequest, &uuid_row(id.0), &to_json_bytes(&none)?)
    }
}

/// The terms for what the council asked.
fn asked(request: &AdviceRequest) -> Terms {
    Terms::of(Act::Disclose, DataClass::AdviceRequest).held_by(request.requested_by).about(request.id.0)
}

/// The terms for what the health body answered.
fn answered(request: &AdviceRequest) -> Terms {
    Terms::of(Act::Disclose, DataClass::HealthAdvice).held_by(request.addressed_to).about(request.id.0)
}

/// A request is held while it is changed. If another call changed it first, the caller is to try again.
fn changed_one(rows: usize) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Busy) }
}
