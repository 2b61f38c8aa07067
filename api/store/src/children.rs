//! Children, each known by a keyed index of an identifier and a date of birth.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{ChildId, ChildReference, NamedChild};

use crate::StoreError;
use crate::rows::{from_json, to_json_bytes};
use crate::schema::{child_claim, child_identifier};
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

/// Ids that are named in one statement.
pub(crate) const BATCH: usize = 500;
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

/// Which children are looked at together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among<'a> {
    /// All of a range of ids.
    Range(i64, i64),
    Ids(&'a [i64]),
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = child_identifier)]
pub(crate) struct KnownRow {
    id: i64,
    joined_id: Option<i64>,
    look_up: Vec<u8>,
    sealed_reference: Vec<u8>,
}

/// An identifier that the gateway knows, and which others it is joined with, if it is.
pub(crate) struct Known {
    pub(crate) id: ChildId,
    pub(crate) joined: Option<i64>,
    pub(crate) reference: ChildReference,
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
        let row = (child_identifier::look_up.eq(look_up.as_slice()), child_identifier::sealed_reference.eq(sealed));
        on!(self, c => diesel::insert_into(child_identifier::table).values(row).on_conflict_do_nothing().execute(*c))?;
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
        let newest = child_identifier::table.order(child_identifier::look_up.desc()).select(child_identifier::look_up);
        let newest: Option<Vec<u8>> = on!(self, c => newest.first(*c).optional())?;
        newest.map_or(Ok(()), |newest| self.vault.check_known(&newest))?;
        let values = child_identifier::table.filter(child_identifier::value_look_up.is_not_null());
        let values = values.order(child_identifier::value_look_up.desc()).select(child_identifier::value_look_up);
        let newest: Option<Option<Vec<u8>>> = on!(self, c => values.first(*c).optional())?;
        newest.flatten().map_or(Ok(()), |newest| self.vault.check_known(&newest))
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
            }
        }
        self.hold_joined(children)
    }

    /// Holds children and all that is claimed to be one with any of them, alone, in the order of their gates. What was
    /// joined to them meanwhile is held too: once it is held, nothing more can be.
    pub(crate) fn hold_joined(&mut self, mut children: BTreeSet<ChildId>) -> Result<(), StoreError> {
        if !matches!(self.handle, Handle::Postgres(_)) {
            return Ok(());
        }
        let mut held = BTreeSet::new();
        loop {
            let mut joined = BTreeSet::new();
            for child in &children {
                joined.extend(self.joined_with(*child)?);
            }
            children.extend(joined);
            let gates: BTreeSet<i32> = children.iter().copied().map(gate_of).filter(|gate| !held.contains(gate)).collect();
            if gates.is_empty() {
                return Ok(());
            }
            for gate in gates {
                self.lock_gate(gate, Pass::Alone)?;
                held.insert(gate);
            }
        }
    }

    /// Holds many children as [`Tx::hold_joined`] does. More than there are gates are held by all the gates.
    pub(crate) fn hold_many(&mut self, children: BTreeSet<ChildId>) -> Result<(), StoreError> {
        if i64::try_from(children.len()).is_ok_and(|many| many < GATES) {
            return self.hold_joined(children);
        }
        (0..GATES).try_for_each(|gate| self.lock_gate(gate_of(ChildId(gate)), Pass::Alone))
    }

    /// The ids of many identifiers. Those that the gateway does not know are added.
    pub(crate) fn make_known<'a>(
        &mut self,
        references: impl Iterator<Item = &'a ChildReference>,
    ) -> Result<HashMap<&'a ChildReference, ChildId>, StoreError> {
        let references: HashSet<&ChildReference> = references.collect();
        // Always in the same order, so that two lists cannot deadlock.
        let mut look_ups: Vec<_> = references.into_iter().map(|reference| (self.vault.look_ups(reference), reference)).collect();
        look_ups.sort_unstable_by_key(|(look_ups, _)| *look_ups);
        let mut found = self.ids_of(&look_ups)?;
        let missing: Vec<_> = look_ups.into_iter().filter(|(_, reference)| !found.contains_key(reference)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        self.check_newest_index()?;
        if self.vault.has_two_indexes() {
            for (look_ups, _) in &missing {
                self.claim_child(look_ups)?;
            }
        }
        // Another gateway may have added some while this one waited for its claims.
        found.extend(self.ids_of(&missing)?);
        for missing in missing.chunks(BATCH) {
            let unknown = missing.iter().filter(|(_, reference)| !found.contains_key(reference));
            let rows: Vec<_> = unknown
                .map(|([look_up, _], reference)| {
                    let value = self.vault.value_look_ups(&reference.identifier)[0];
                    Ok((
                        child_identifier::look_up.eq(look_up.to_vec()),
                        child_identifier::value_look_up.eq(value.to_vec()),
                        child_identifier::sealed_reference.eq(self.seal_reference(look_up, reference)?),
                    ))
                })
                .collect::<Result<_, StoreError>>()?;
            let added = diesel::insert_into(child_identifier::table).values(&rows).on_conflict_do_nothing();
            on!(self, c => added.execute(*c))?;
        }
        found.extend(self.ids_of(&missing)?);
        Ok(found)
    }

    /// The ids of those identifiers that the gateway knows.
    pub(crate) fn known_among(&mut self, references: impl Iterator<Item = ChildReference>) -> Result<BTreeSet<ChildId>, StoreError> {
        let references: Vec<ChildReference> = references.collect();
        let look_ups: Vec<_> = references.iter().map(|reference| (self.vault.look_ups(reference), reference)).collect();
        Ok(self.ids_of(&look_ups)?.into_values().collect())
    }

    fn ids_of<'a>(&mut self, named: &[([LookUp; 2], &'a ChildReference)]) -> Result<HashMap<&'a ChildReference, ChildId>, StoreError> {
        let mut found = HashMap::with_capacity(named.len());
        for named in named.chunks(BATCH) {
            let by_look_up: HashMap<&[u8], &'a ChildReference> = named
                .iter()
                .flat_map(|(look_ups, reference)| look_ups.iter().map(move |look_up| (look_up.as_slice(), *reference)))
                .collect();
            let look_ups: Vec<&[u8]> = by_look_up.keys().copied().collect();
            let rows = child_identifier::table.filter(child_identifier::look_up.eq_any(look_ups));
            let rows = rows.select((child_identifier::look_up, child_identifier::id));
            let rows: Vec<(Vec<u8>, i64)> = on!(self, c => rows.load(*c))?;
            found.extend(rows.iter().filter_map(|(look_up, id)| Some((*by_look_up.get(look_up.as_slice())?, ChildId(*id)))));
        }
        Ok(found)
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
        match pass {
            Pass::Together => self.lock_gate(gate_of(id), pass),
            // What is decided about an identifier counts for all that are claimed to be the same child's.
            Pass::Alone => self.hold_joined(BTreeSet::from([id])),
        }
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
        self.known_between(id.0, id.0)?.pop().map(|known| known.reference).ok_or(StoreError::Corrupt("a child that is gone"))
    }

    /// A child's date of birth. It decides which decisions about the child count on a day.
    pub fn born(&mut self, id: ChildId) -> Result<NaiveDate, StoreError> {
        Ok(self.child_reference(id)?.date_of_birth)
    }

    /// The identifiers of a range of ids.
    pub(crate) fn known_between(&mut self, first: i64, last: i64) -> Result<Vec<Known>, StoreError> {
        self.known_where(|tx| {
            let rows = child_identifier::table.filter(child_identifier::id.between(first, last));
            Ok(on!(tx, c => rows.select(KnownRow::as_select()).load(*c))?)
        })
    }

    /// The identifiers of some rows, opened.
    pub(crate) fn known_where(
        &mut self,
        rows: impl FnOnce(&mut Self) -> Result<Vec<KnownRow>, StoreError>,
    ) -> Result<Vec<Known>, StoreError> {
        rows(self)?
            .into_iter()
            .map(|row| {
                let plain = self.vault.open(Column::ChildReference, &row.look_up, &row.sealed_reference)?;
                Ok(Known { id: ChildId(row.id), joined: row.joined_id, reference: from_json(&plain, "a child's reference")? })
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

    /// The child that a partner's id names, if the gateway knows it. The gate is not passed, as in [`Tx::known_child`].
    pub fn named_child(&mut self, named: &NamedChild) -> Result<Option<ChildId>, StoreError> {
        self.reference_of(named)?.map_or(Ok(None), |reference| self.known_child(&reference))
    }

    /// The identifier that a partner's id stands for; none where what it was held under is gone.
    pub fn reference_of<'a>(&mut self, named: &'a NamedChild) -> Result<Option<Cow<'a, ChildReference>>, StoreError> {
        match named {
            NamedChild::Reference(reference) => Ok(Some(Cow::Borrowed(reference))),
            NamedChild::Held { id, date_of_birth } => {
                let reference = self.known_between(id.0, id.0)?.pop().map(|known| known.reference);
                let is_named = |held: &ChildReference| !held.identifier.is_national() && held.date_of_birth == *date_of_birth;
                Ok(reference.filter(is_named).map(Cow::Owned))
            }
        }
    }

    fn look_up_child(&mut self, look_ups: &[LookUp; 2]) -> Result<Option<ChildId>, StoreError> {
        let query = child_identifier::table
            .filter(child_identifier::look_up.eq_any(look_ups.map(|look_up| look_up.to_vec())))
            .select(child_identifier::id);
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
