//! Erasures (UK GDPR art 17): an organisation, the controller of what it sent, has it removed.
//!
//! An erasure removes the organisation's records of the child, its texts of advice, its words in requests for advice,
//! and its notes on decisions. A decision itself stays, without its words: past disclosures relied on it, and those of
//! other organisations may rely on it now. The audit log stays: it names the child only by the gateway's own id.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{
    Act, AdviceRequestId, AdviceStatus, Attribution, Case, ChildId, ChildReference, ConsentId, DataClass, Dataset, Erased, Erasure,
    ErasureDraft, ErasureId, OrganisationCode, Permit,
};

use crate::StoreError;
use crate::records::record_row;
use crate::rows::{from_json, read, read_all, stored, utc};
use crate::schema::{advice_request, consent, erasure, issue, record, standing_issue, submission};
use crate::terms::{Terms, alike, permitted_row};
use crate::tombstones::Mark;
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

#[derive(Queryable, Selectable)]
#[diesel(table_name = erasure)]
struct ErasureRow {
    id: String,
    child_id: Option<i64>,
    made_at: NaiveDateTime,
    lifted_at: Option<NaiveDateTime>,
}

impl TryFrom<ErasureRow> for Erasure {
    type Error = StoreError;

    fn try_from(row: ErasureRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "an erasure's id")?,
            child: row.child_id.map(ChildId),
            made_at: utc(row.made_at),
            lifted_at: row.lifted_at.map(utc),
        })
    }
}

/// Keys that are named in one statement.
const BATCH: usize = 500;

impl Tx<'_> {
    /// Erases what the permits are for, marks it so that it cannot come back, and writes an audit entry for each
    /// permit. The permits' child, if it is known, is the one that the reference names.
    pub fn erase(
        &mut self,
        permits: &[Permit],
        reference: &ChildReference,
        draft: &ErasureDraft,
        by: &Attribution,
    ) -> Result<Erased, StoreError> {
        let permit = alike(permits)?;
        let (ask, child) = Terms::of_any_class(Act::Erase).own().about(draft.id.0).of_anybody(permit)?;
        let organisation = ask.holder;
        let classes: Vec<DataClass> = permits.iter().map(|permit| permit.ask().data).collect();
        self.hold_publications(organisation)?;
        let mut erased = Erased { rows: Vec::new(), decisions: 0, recipients: Vec::new() };
        let mut marks = Vec::new();
        // What is sent again under another identifier of the child is barred too.
        let same = child.map_or(Ok(BTreeSet::new()), |child| self.same_child(child, |_| false))?;
        let mut references = vec![reference.clone()];
        for other in same.iter().filter(|other| Some(**other) != child) {
            references.push(self.child_reference(*other)?);
        }
        for class in &classes {
            let before = marks.len();
            for child in &same {
                marks.extend(self.erase_class(*class, organisation, *child)?);
            }
            erased.rows.push((*class, (marks.len() - before) as u64));
            if let (true, Some(dataset)) = (draft.future, dataset_of(*class)) {
                marks.extend(references.iter().map(|child| Mark::Child { dataset, child: child.clone() }));
            }
        }
        if let Some(child) = child {
            for child in &same {
                let decisions = self.erase_decisions(organisation, *child, &classes, permit.at())?;
                erased.decisions += decisions.len() as u64;
                marks.extend(decisions);
            }
            erased.recipients = self.recipients(organisation, child, &classes)?;
        }
        let row = (
            erasure::id.eq(draft.id.to_string()),
            erasure::child_id.eq(child.map(|child| child.0)),
            erasure::organisation.eq(organisation.as_str()),
            erasure::made_at.eq(permit.at().naive_utc()),
            erasure::sealed_reason.eq(self.vault.seal(Column::ErasureReason, &uuid_row(draft.id.0), draft.reason.as_bytes())?),
        );
        on!(self, c => diesel::insert_into(erasure::table).values(row).execute(*c))?;
        self.mark(draft.id.0, organisation, &marks, permit.at())?;
        for permit in permits {
            self.log_permitted(permit, by)?;
        }
        Ok(erased)
    }

    /// An erasure by its id, if the organisation made it. A fact for `decide`.
    pub fn erasure(&mut self, id: ErasureId, organisation: OrganisationCode) -> Result<Option<Erasure>, StoreError> {
        let query = erasure::table.find(id.to_string()).filter(erasure::organisation.eq(organisation.as_str()));
        let row: Option<ErasureRow> = on!(self, c => query.select(ErasureRow::as_select()).first(*c).optional())?;
        row.map(Erasure::try_from).transpose()
    }

    /// Lifts an erasure, so that what it marked may be sent again. Lifting it twice changes nothing.
    pub fn lift_erasure(&mut self, permit: &Permit, id: ErasureId, reason: &str, by: &Attribution) -> Result<Erasure, StoreError> {
        let (ask, child) = Terms::of(Act::Erase, DataClass::WaitingListStatus).own().about(id.0).of_anybody(permit)?;
        let own = erasure::organisation.eq(ask.holder.as_str());
        let row: ErasureRow = permitted_row(held!(self, erasure::table.find(id.to_string()).filter(own) => ErasureRow))?;
        let erasure = Erasure::try_from(row)?;
        if erasure.child != child {
            return Err(StoreError::WrongPermit);
        }
        let lifted = erasure.lift(stored(permit.at()));
        let sealed = self.vault.seal(Column::ErasureLifting, &uuid_row(id.0), reason.as_bytes())?;
        on!(self, c => diesel::update(erasure::table.find(id.to_string()).filter(erasure::lifted_at.is_null()))
            .set((erasure::lifted_at.eq(lifted.lifted_at.map(|at| at.naive_utc())), erasure::sealed_lifting.eq(&sealed)))
            .execute(*c))?;
        self.lift_marks(id.0, permit.at())?;
        self.log_permitted(permit, by)?;
        Ok(lifted)
    }

    fn erase_class(&mut self, class: DataClass, organisation: OrganisationCode, child: ChildId) -> Result<Vec<Mark>, StoreError> {
        if let Some(dataset) = dataset_of(class) {
            return self.erase_records(dataset, organisation, child);
        }
        let own = advice_request::table.filter(advice_request::child_id.eq(child.0)).select(advice_request::id);
        let (ids, is_advice): (Vec<String>, bool) = match class {
            DataClass::HealthAdvice => {
                let given =
                    own.filter(advice_request::addressed_to.eq(organisation.as_str()).and(advice_request::sealed_advice.is_not_null()));
                (on!(self, c => given.load(*c))?, true)
            }
            DataClass::AdviceRequest => {
                (on!(self, c => own.filter(advice_request::requested_by.eq(organisation.as_str())).load(*c))?, false)
            }
            _ => (Vec::new(), false),
        };
        let mut marks = Vec::new();
        for id in ids {
            let id: AdviceRequestId = read(&id, "an advice request's id")?;
            if is_advice {
                self.blank_advice(id)?;
                marks.push(Mark::Advice { id });
            } else {
                self.blank_advice_request(id)?;
                marks.push(Mark::AdviceRequest { id });
            }
        }
        Ok(marks)
    }

    /// Deletes an organisation's records of a child, and their ids in its reports.
    pub(crate) fn erase_records(
        &mut self,
        dataset: Dataset,
        organisation: OrganisationCode,
        child: ChildId,
    ) -> Result<Vec<Mark>, StoreError> {
        let own =
            record::dataset.eq(dataset.as_str()).and(record::organisation.eq(organisation.as_str())).and(record::child_id.eq(child.0));
        let rows: Vec<(String, Vec<u8>)> = on!(self, c => diesel::delete(record::table.filter(own))
            .returning((record::record_key, record::sealed_record))
            .get_results(*c))?;
        let reference = if rows.is_empty() { None } else { Some(self.child_reference(child)?) };
        let mut marks = Vec::with_capacity(rows.len());
        for (key, sealed) in &rows {
            marks.push(match (&reference, dataset) {
                (Some(reference), Dataset::Ehcp) => {
                    let plain = self.vault.open(Column::Record, &record_row(organisation.as_str(), key), sealed)?;
                    let case: Case = from_json(&plain, "a case")?;
                    Mark::Case { child: reference.clone(), received_on: case.request.received_on }
                }
                _ => Mark::Referral { id: key.clone() },
            });
        }
        let keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
        for keys in keys.chunks(BATCH) {
            self.forget_in_reports(organisation, keys)?;
        }
        Ok(marks)
    }

    fn forget_in_reports(&mut self, organisation: OrganisationCode, keys: &[&str]) -> Result<(), StoreError> {
        let named = issue::table.filter(issue::record_key.eq_any(keys)).select(issue::submission_id).distinct();
        let reports: Vec<String> = on!(self, c => named.load(*c))?;
        let own = submission::table.filter(submission::id.eq_any(reports).and(submission::organisation.eq(organisation.as_str())));
        let reports: Vec<String> = on!(self, c => own.select(submission::id).load(*c))?;
        let named = issue::submission_id.eq_any(reports).and(issue::record_key.eq_any(keys));
        on!(self, c => diesel::update(issue::table.filter(named)).set(issue::record_key.eq(None::<String>)).execute(*c))?;
        let own = standing_issue::organisation.eq(organisation.as_str()).and(standing_issue::subject.eq_any(keys));
        on!(self, c => diesel::delete(standing_issue::table.filter(own)).execute(*c))?;
        Ok(())
    }

    pub(crate) fn delete_record(&mut self, dataset: Dataset, organisation: OrganisationCode, key: &str) -> Result<u64, StoreError> {
        let own = record::dataset.eq(dataset.as_str()).and(record::organisation.eq(organisation.as_str())).and(record::record_key.eq(key));
        Ok(on!(self, c => diesel::delete(record::table.filter(own)).execute(*c))? as u64)
    }

    /// Removes a text of advice. The request still says when it was answered.
    pub(crate) fn blank_advice(&mut self, id: AdviceRequestId) -> Result<u64, StoreError> {
        let given = advice_request::table.find(id.to_string()).filter(advice_request::sealed_advice.is_not_null());
        Ok(on!(self, c => diesel::update(given).set(advice_request::sealed_advice.eq(None::<Vec<u8>>)).execute(*c))? as u64)
    }

    /// Removes the words of a request for advice. Without advice, the whole request is deleted. Advice belongs to
    /// another organisation, so a request that has it stays, without words.
    pub(crate) fn blank_advice_request(&mut self, id: AdviceRequestId) -> Result<u64, StoreError> {
        let unanswered = advice_request::table.find(id.to_string()).filter(advice_request::sealed_advice.is_null());
        let gone = on!(self, c => diesel::delete(unanswered).execute(*c))? as u64;
        let sealed = self.seal_no_particulars(id)?;
        let answered = advice_request::table.find(id.to_string()).filter(advice_request::status.eq(AdviceStatus::Submitted.as_str()));
        Ok(gone + on!(self, c => diesel::update(answered).set(advice_request::sealed_request.eq(&sealed)).execute(*c))? as u64)
    }

    /// Removes the words of decisions that are only about erased classes of data.
    fn erase_decisions(
        &mut self,
        organisation: OrganisationCode,
        child: ChildId,
        classes: &[DataClass],
        at: DateTime<Utc>,
    ) -> Result<Vec<Mark>, StoreError> {
        let own = consent::table
            .filter(consent::child_id.eq(child.0).and(consent::recorded_by.eq(organisation.as_str())))
            .select((consent::id, consent::data));
        let rows: Vec<(String, String)> = on!(self, c => own.load(*c))?;
        let mut marks = Vec::new();
        for (id, data) in rows {
            let about: Vec<DataClass> = read_all(&data, "a consent's data")?;
            if about.iter().all(|class| classes.contains(class)) {
                let id: ConsentId = read(&id, "a consent's id")?;
                self.blank_decision(id, at)?;
                marks.push(Mark::Decision { id });
            }
        }
        Ok(marks)
    }

    /// Removes the words of a decision recorded by that instant. A later withdrawal may add words of its own.
    pub(crate) fn blank_decision(&mut self, id: ConsentId, by: DateTime<Utc>) -> Result<u64, StoreError> {
        let sealed = self.vault.seal(Column::ConsentEvidence, &uuid_row(id.0), b"")?;
        let standing = consent::table.find(id.to_string()).filter(consent::recorded_at.le(by.naive_utc()));
        Ok(on!(self, c => diesel::update(standing)
            .set((
                consent::sealed_evidence.eq(&sealed),
                consent::sealed_reason.eq(None::<Vec<u8>>),
                consent::sealed_review.eq(None::<Vec<u8>>),
            ))
            .execute(*c))? as u64)
    }
}

/// The dataset whose records belong to a class of data.
fn dataset_of(class: DataClass) -> Option<Dataset> {
    match class {
        DataClass::WaitingListStatus => Some(Dataset::WaitingList),
        DataClass::EhcpStatus => Some(Dataset::Ehcp),
        DataClass::HealthAdvice | DataClass::AdviceRequest | DataClass::DashboardAggregate | DataClass::ChildMatching => None,
    }
}
