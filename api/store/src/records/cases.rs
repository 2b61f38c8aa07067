//! EHC cases, as the council that sent them reads them.

use diesel::prelude::*;
use domain::{Act, Attribution, Case, CaseId, ChildId, DataClass, Dataset, NamedChild, OrganisationCode, Permit, ReferralFlow};

use super::RecordRow;
use crate::StoreError;
use crate::rows::{from_json, read};
use crate::schema::record;
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, on};
use crate::vault::Vault;

/// An EHC case in a listing.
#[derive(Debug, Clone)]
pub struct HeldCase {
    pub cursor: i64,
    pub id: CaseId,
    pub flow: ReferralFlow,
    pub case: Case,
}

impl RecordRow {
    pub(super) fn case(&self, vault: &Vault) -> Result<HeldCase, StoreError> {
        Ok(HeldCase {
            cursor: self.id,
            id: read(&self.record_key, "a case's id")?,
            flow: read(&self.flow, "a flow")?,
            case: from_json(&self.open(vault)?, "a case")?,
        })
    }
}

fn cases() -> diesel::dsl::Filter<record::table, diesel::dsl::Eq<record::dataset, &'static str>> {
    record::table.filter(record::dataset.eq(Dataset::Ehcp.as_str()))
}

impl Tx<'_> {
    /// A page of the cases that a council sent itself. Writes one audit entry.
    pub fn own_cases(&mut self, permit: &Permit, after: i64, limit: i64, by: &Attribution) -> Result<Vec<HeldCase>, StoreError> {
        let ask = Terms::of(Act::Disclose, DataClass::EhcpStatus).own().of_nobody(permit)?;
        let rows = self.case_rows(ask.holder, after, limit)?;
        self.log_permitted(permit, by)?;
        rows.iter().map(|row| row.case(self.vault)).collect()
    }

    fn case_rows(&mut self, council: OrganisationCode, after: i64, limit: i64) -> Result<Vec<RecordRow>, StoreError> {
        let key = self.key_of(after)?;
        Ok(on!(self, c => cases()
            .filter(record::organisation.eq(council.as_str()).and(record::record_key.gt(&key)))
            .order(record::record_key)
            .limit(limit)
            .select(RecordRow::as_select())
            .load(*c))?)
    }

    /// The child that a case is about, if the organisation sent it: a fact for `decide`.
    pub fn child_of_case(&mut self, id: CaseId, organisation: OrganisationCode) -> Result<Option<ChildId>, StoreError> {
        let child: Option<i64> = on!(self, c => cases()
            .filter(record::organisation.eq(organisation.as_str()).and(record::record_key.eq(id.to_string())))
            .select(record::child_id)
            .first(*c)
            .optional())?;
        Ok(child.map(ChildId))
    }

    /// One of the council's own cases, and whom it is about. Writes an audit entry.
    pub fn own_case(&mut self, permit: &Permit, id: CaseId, by: &Attribution) -> Result<(HeldCase, NamedChild), StoreError> {
        let (ask, child) = Terms::of(Act::Disclose, DataClass::EhcpStatus).own().about(id.0).of_a_child(permit)?;
        let own = record::child_id.eq(child.0).and(record::organisation.eq(ask.holder.as_str()));
        let row: RecordRow = permitted_row(
            on!(self, c => cases().filter(own.and(record::record_key.eq(id.to_string()))).select(RecordRow::as_select()).first(*c)),
        )?;
        self.log_permitted(permit, by)?;
        Ok((row.case(self.vault)?, NamedChild::of(child, self.child_reference(child)?)))
    }
}
