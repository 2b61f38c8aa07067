//! EHC cases on their way in. The sender gives a case no id. Its id is made from its child and day of receipt when it
//! first comes, and stays. Later it is found by the index that these have then.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{Case, ChildReference, Dataset, PathwaySet};

use super::{Place, Staging};
use crate::StoreError;
use crate::rows::to_json_bytes;
use crate::schema::record;
use crate::tombstones::case_indexes;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{LookUp, case_id};

/// A case that has no id yet.
pub(super) struct PlainCase {
    pub(super) row: i64,
    pub(super) child: ChildReference,
    pub(super) case: Box<Case>,
    pub(super) retain_from: Option<NaiveDate>,
}

impl Staging {
    pub(super) fn case_indexes(&self, child: &ChildReference, received_on: NaiveDate) -> Result<[LookUp; 2], StoreError> {
        case_indexes(&self.vault, child, received_on)
    }

    /// Gives the waiting cases their ids, and seals them.
    pub(super) fn write_cases(&mut self) -> Result<(), StoreError> {
        let cases = std::mem::take(&mut self.cases);
        let indexes: Vec<_> =
            cases.iter().map(|held| self.case_indexes(&held.child, held.case.request.received_on)).collect::<Result<_, _>>()?;
        for ((held, index), key) in cases.iter().zip(&indexes).zip(self.case_keys(&indexes)?) {
            let is_open = held.case.plan().is_none_or(|plan| plan.cease_on.is_none());
            let shown = (PathwaySet::EMPTY.bits(), is_open, held.retain_from);
            let staged = self.seal(held.row, key, &held.child, &to_json_bytes(&held.case)?, shown, Some(index[0]))?;
            let also = held.case.also_names(&held.child, self.organisation);
            self.rows.push(staged.also_naming(&self.vault, also.as_ref()));
        }
        self.write_rows()
    }

    /// The ids of cases: the id that each is already held by, or else a new one.
    pub(super) fn case_keys(&mut self, indexes: &[[LookUp; 2]]) -> Result<Vec<String>, StoreError> {
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        let organisation = self.organisation;
        let sought: Vec<Vec<u8>> = indexes.iter().flatten().map(|index| index.to_vec()).collect();
        let held = self.in_store(move |tx| {
            let query = record::table
                .filter(record::dataset.eq(Dataset::Ehcp.as_str()).and(record::organisation.eq(organisation.as_str())))
                .filter(record::case_index.eq_any(sought.iter().map(Vec::as_slice)))
                .select((record::case_index.assume_not_null(), record::record_key));
            let held: Vec<(Vec<u8>, String)> = on!(tx, c => query.load(*c))?;
            Ok(held)
        })?;
        let held: HashMap<_, _> = held.into_iter().collect();
        let key = |index: &[LookUp; 2]| index.iter().find_map(|index| held.get(index.as_slice()).cloned());
        Ok(indexes.iter().map(|index| key(index).unwrap_or_else(|| case_id(&index[0]).to_string())).collect())
    }

    fn in_store<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.desk.place()? {
            Place::Sqlite { .. } => self.store.read_blocking(work),
            Place::Postgres(connection) => work(&mut Tx { handle: Handle::Postgres(connection), vault: &self.vault }),
        }
    }
}
