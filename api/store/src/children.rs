//! Children, each known by a keyed index of an identifier and a date of birth.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{ChildId, ChildReference};

use crate::StoreError;
use crate::rows::{from_json, to_json_bytes};
use crate::schema::{child, child_claim};
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, LookUp};

/// How a child's gate, a lock, is passed. SQLite needs none: every write already waits for the one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Others may disclose at the same time; no decision may change.
    Together,
    /// A decision is about to change: no disclosure may be under way.
    Alone,
}

/// Children share gates, so that a page of many children holds few locks.
const GATES: i64 = 64;
/// The class of the advisory locks that are the gates.
const GATE: i32 = 7_364_658;
/// The key of the advisory lock that stops children from being forgotten.
const KNOWN: i64 = 7_364_660;

mod locks {
    use diesel::sql_types::Integer;

    /// The SQL type `void`, which the lock functions return.
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "void"))]
    pub struct Void;

    #[diesel::declare_sql_function]
    extern "SQL" {
        fn pg_advisory_xact_lock(class: Integer, key: Integer) -> Void;
        fn pg_advisory_xact_lock_shared(class: Integer, key: Integer) -> Void;
    }
}

fn gate_of(id: ChildId) -> i32 {
    i32::try_from(id.0.rem_euclid(GATES)).unwrap_or_default()
}

impl Tx<'_> {
    /// The child that data is to be disclosed about, if the gateway knows it. Until the transaction ends, no consent of
    /// this child can be recorded or withdrawn.
    pub fn child(&mut self, reference: &ChildReference) -> Result<Option<ChildId>, StoreError> {
        let look_ups = self.vault.look_ups(reference);
        self.find_child(&look_ups, Pass::Together)
    }

    /// The child whose decisions are about to change. It is added if the gateway does not know it.
    pub fn child_for_decision(&mut self, reference: &ChildReference) -> Result<ChildId, StoreError> {
        let look_ups = self.vault.look_ups(reference);
        self.hold_children()?;
        if let Some(id) = self.find_child(&look_ups, Pass::Alone)? {
            return Ok(id);
        }
        if self.vault.has_two_indexes() {
            self.claim_child(&look_ups)?;
            if let Some(id) = self.find_child(&look_ups, Pass::Alone)? {
                return Ok(id);
            }
        }
        let look_up = look_ups[0];
        let sealed = self.seal_reference(&look_up, reference)?;
        let row = (child::look_up.eq(look_up.as_slice()), child::sealed_reference.eq(sealed));
        on!(self, c => diesel::insert_into(child::table).values(row).on_conflict_do_nothing().execute(*c))?;
        self.find_child(&look_ups, Pass::Alone)?.ok_or(StoreError::Corrupt("a child that was just written"))
    }

    /// While there are two look-up keys, two gateways could each add the same child under a different key, and no
    /// unique index would notice. So a gateway first claims the child by the older key's index. A second gateway waits
    /// here until the first has committed, and then finds the child.
    fn claim_child(&mut self, look_ups: &[LookUp; 2]) -> Result<(), StoreError> {
        let row = child_claim::look_up.eq(look_ups[0].min(look_ups[1]).to_vec());
        on!(self, c => diesel::insert_into(child_claim::table).values(row).on_conflict_do_nothing().execute(*c))?;
        Ok(())
    }

    /// Fails where a child is stored under a look-up key that this gateway does not know: such a child would be missed,
    /// and added twice.
    pub(crate) fn check_newest_index(&mut self) -> Result<(), StoreError> {
        let newest: Option<Vec<u8>> =
            on!(self, c => child::table.order(child::look_up.desc()).select(child::look_up).first(*c).optional())?;
        newest.map_or(Ok(()), |newest| self.vault.check_known(&newest))
    }

    /// The child whose data is to be erased or moved, if the gateway knows it, held as by [`Tx::child_for_decision`].
    pub(crate) fn child_for_erasure(&mut self, reference: &ChildReference) -> Result<Option<ChildId>, StoreError> {
        let look_ups = self.vault.look_ups(reference);
        self.find_child(&look_ups, Pass::Alone)
    }

    /// Holds those of the children that the gateway knows, as [`Tx::child_for_decision`] does. The gates are always
    /// passed in the same order, so that two transactions about the same known children cannot deadlock.
    pub fn hold_together(&mut self, references: &[&ChildReference]) -> Result<(), StoreError> {
        if !matches!(self.handle, Handle::Postgres(_)) {
            return Ok(());
        }
        let mut children = BTreeSet::new();
        for reference in references {
            if let Some(child) = self.known_child(reference)? {
                children.insert(child);
                children.extend(self.survivors_of(child)?);
            }
        }
        let gates: BTreeSet<i32> = children.into_iter().map(gate_of).collect();
        gates.into_iter().try_for_each(|gate| self.lock_gate(gate, Pass::Alone))
    }

    /// Holds a known child as [`Tx::child_for_decision`] does.
    pub fn hold_for_change(&mut self, id: ChildId) -> Result<(), StoreError> {
        self.pass_gate(id, Pass::Alone)
    }

    /// Stops all children from being forgotten until the transaction ends, even those about whom nothing is held.
    pub(crate) fn hold_children(&mut self) -> Result<(), StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            diesel::sql_query(format!("SELECT pg_advisory_xact_lock_shared({KNOWN})")).execute(*connection)?;
        }
        Ok(())
    }

    /// Whether children may be forgotten: not while another transaction may record something about one.
    pub(crate) fn try_hold_children(&mut self) -> Result<bool, StoreError> {
        let Handle::Postgres(connection) = &mut self.handle else { return Ok(true) };
        let lock = diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("pg_try_advisory_xact_lock({KNOWN})"));
        Ok(diesel::select(lock).get_result(*connection)?)
    }

    /// Holds a known child as [`Tx::child`] does.
    pub fn hold_for_disclosure(&mut self, id: ChildId) -> Result<(), StoreError> {
        self.pass_gate(id, Pass::Together)
    }

    // An advisory lock, not a row lock. On a row lock PostgreSQL lets sharers overtake the one who waits for it alone,
    // so that a steady stream of readers could keep a family from withdrawing. Advisory locks are given in the order
    // they were asked for.
    fn pass_gate(&mut self, id: ChildId, pass: Pass) -> Result<(), StoreError> {
        self.lock_gate(gate_of(id), pass)?;
        if pass == Pass::Alone && matches!(self.handle, Handle::Postgres(_)) {
            // A decision about a retired identity also counts for the identity that replaced it.
            for survivor in self.survivors_of(id)? {
                self.lock_gate(gate_of(survivor), pass)?;
            }
        }
        Ok(())
    }

    fn lock_gate(&mut self, gate: i32, pass: Pass) -> Result<(), StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            match pass {
                Pass::Together => diesel::select(locks::pg_advisory_xact_lock_shared(GATE, gate)).execute(*connection)?,
                Pass::Alone => diesel::select(locks::pg_advisory_xact_lock(GATE, gate)).execute(*connection)?,
            };
        }
        Ok(())
    }

    /// The child's identity, as it was first given.
    pub(crate) fn child_reference(&mut self, id: ChildId) -> Result<ChildReference, StoreError> {
        self.references_between(id.0, id.0)?.pop().map(|(_, reference)| reference).ok_or(StoreError::Corrupt("a child that is gone"))
    }

    /// A child's date of birth. It decides which decisions about the child count on a day.
    pub fn born(&mut self, id: ChildId) -> Result<NaiveDate, StoreError> {
        Ok(self.child_reference(id)?.date_of_birth)
    }

    /// The identities of the children in a range of ids.
    pub(crate) fn references_between(&mut self, first: i64, last: i64) -> Result<Vec<(ChildId, ChildReference)>, StoreError> {
        let query = child::table.filter(child::id.between(first, last)).select((child::id, child::look_up, child::sealed_reference));
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = on!(self, c => query.load(*c))?;
        rows.into_iter()
            .map(|(id, look_up, sealed)| {
                let plain = self.vault.open(Column::ChildReference, &look_up, &sealed)?;
                Ok((ChildId(id), from_json(&plain, "a child's reference")?))
            })
            .collect()
    }

    fn find_child(&mut self, look_ups: &[LookUp; 2], pass: Pass) -> Result<Option<ChildId>, StoreError> {
        let known = self.look_up_child(look_ups)?;
        known.map(|id| self.pass_gate(id, pass).map(|()| id)).transpose()
    }

    /// The child that a reference names, if the gateway knows it. The gate is not passed: that must happen before
    /// `decide`.
    pub fn known_child(&mut self, reference: &ChildReference) -> Result<Option<ChildId>, StoreError> {
        let look_ups = self.vault.look_ups(reference);
        self.look_up_child(&look_ups)
    }

    fn look_up_child(&mut self, look_ups: &[LookUp; 2]) -> Result<Option<ChildId>, StoreError> {
        let query = child::table.filter(child::look_up.eq_any(look_ups.map(|look_up| look_up.to_vec()))).select(child::id);
        let known = on!(self, c => query.first(*c).optional())?.map(ChildId);
        if known.is_none() {
            self.check_newest_index()?;
        }
        Ok(known)
    }

    fn seal_reference(&self, look_up: &LookUp, reference: &ChildReference) -> Result<Vec<u8>, StoreError> {
        self.vault.seal(Column::ChildReference, look_up, &to_json_bytes(reference)?)
    }
}
