//! Children, each known by a keyed index of an identifier and a date of birth.

use diesel::prelude::*;
use domain::children::ChildReference;
use domain::identifiers::ChildId;

use crate::StoreError;
use crate::rows::{from_json, to_json_bytes};
use crate::schema::child;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, LookUp};

/// How a child's row is held until the transaction ends. On SQLite every write already waits for
/// the one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    /// Others may disclose at the same time; no decision may change.
    Share,
    /// A decision is about to change: no disclosure may be under way.
    Update,
}

impl Tx<'_> {
    /// The child that is to be disclosed about, if the gateway knows it. Until the transaction ends
    /// no consent of this child can be recorded or withdrawn.
    pub fn child(&mut self, reference: &ChildReference) -> Result<Option<ChildId>, StoreError> {
        let look_up = self.vault.look_up(reference);
        self.find_child(&look_up, Lock::Share)
    }

    /// The child whose decisions are about to change, made known if it is not.
    pub fn child_for_decision(&mut self, reference: &ChildReference) -> Result<ChildId, StoreError> {
        let look_up = self.vault.look_up(reference);
        if let Some(id) = self.find_child(&look_up, Lock::Update)? {
            return Ok(id);
        }
        let sealed = self.seal_reference(&look_up, reference)?;
        let row = (child::look_up.eq(look_up.as_slice()), child::sealed_reference.eq(sealed));
        on!(self, c => diesel::insert_into(child::table).values(row).on_conflict_do_nothing().execute(*c))?;
        self.find_child(&look_up, Lock::Update)?.ok_or(StoreError::Corrupt("a child that was just written"))
    }

    /// Holds a child's row as [`Tx::child_for_decision`] does.
    pub(crate) fn lock_for_decision(&mut self, id: ChildId) -> Result<(), StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            child::table.find(id.0).select(child::id).for_update().first::<i64>(*connection)?;
        }
        Ok(())
    }

    /// Holds a known child as [`Tx::child`] does.
    pub fn child_for_disclosure(&mut self, id: ChildId) -> Result<(), StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            child::table.find(id.0).select(child::id).for_share().first::<i64>(*connection)?;
        }
        Ok(())
    }

    /// Who the child is, as it was first named.
    pub(crate) fn child_reference(&mut self, id: ChildId) -> Result<ChildReference, StoreError> {
        let (look_up, sealed): (Vec<u8>, Vec<u8>) =
            on!(self, c => child::table.find(id.0).select((child::look_up, child::sealed_reference)).first(*c))?;
        from_json(&self.vault.open(Column::ChildReference, &look_up, &sealed)?, "a child's reference")
    }

    fn find_child(&mut self, look_up: &LookUp, lock: Lock) -> Result<Option<ChildId>, StoreError> {
        let query = child::table.filter(child::look_up.eq(look_up.as_slice())).select(child::id);
        let id: Option<i64> = match (&mut self.handle, lock) {
            (Handle::Sqlite(connection), _) => query.first(*connection).optional()?,
            (Handle::Postgres(connection), Lock::Share) => query.for_share().first(*connection).optional()?,
            (Handle::Postgres(connection), Lock::Update) => query.for_update().first(*connection).optional()?,
        };
        Ok(id.map(ChildId))
    }

    fn seal_reference(&self, look_up: &LookUp, reference: &ChildReference) -> Result<Vec<u8>, StoreError> {
        self.vault.seal(Column::ChildReference, look_up, &to_json_bytes(reference)?)
    }
}
