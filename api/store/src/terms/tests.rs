//! Offers every store function every wrong permit: each differs in one thing from the right one.

mod entries;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use domain::{Act, Ask, ConsentDecision, DataClass, Purpose};
use uuid::Uuid;

use crate::StoreError;
use crate::transactions::{Tx, on};
use entries::{Entry, entries};
use world::{COUNCIL, TRUST, World, code, with_world};

/// What a function may leave open in its permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Free {
    /// The class of data.
    Class,
    /// The child.
    Child,
    /// Whether there is a child at all.
    Nobody,
    /// The holder.
    Holder,
}

/// Every public function that takes a permit is on the list of those that are tested.
#[test]
fn every_entry_that_takes_a_permit_is_offered_wrong_ones() {
    let mut found = BTreeSet::new();
    entries_in(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    with_world(|_, world| {
        let known: BTreeSet<_> = entries(world).iter().map(|entry| entry.name.to_owned()).collect();
        assert_eq!(found, known);
    });
}

#[test]
fn no_entry_takes_a_permit_for_something_else() {
    with_world(|tx, world| {
        for entry in entries(world) {
            let right: Vec<_> = entry.asks.iter().map(|ask| world.permit(ask).unwrap()).collect();
            // The right permit works, so a refusal below is due to what is wrong.
            execute(tx, "SAVEPOINT trial");
            (entry.call)(tx, world, &right).unwrap_or_else(|error| panic!("{} does not take its own permit: {error:?}", entry.name));
            execute(tx, "ROLLBACK TO trial");
            for (at, ask) in entry.asks.iter().enumerate() {
                for wrong in wrong(ask, &entry, world) {
                    let mut permits: Vec<_> = entry.asks.iter().map(|ask| world.permit(ask).unwrap()).collect();
                    permits[at] = wrong;
                    refuses(tx, world, &entry, &permits);
                    // Alone, it is unlike no other: only the terms can refuse it. Whose and whom it is about, it says itself.
                    let about = |ask: &Ask| (ask.holder, ask.child, ask.data);
                    if entry.asks.len() > 1 && entry.free.contains(&Free::Class) && about(permits[at].ask()) == about(ask) {
                        refuses(tx, world, &entry, std::slice::from_ref(&permits[at]));
                    }
                }
            }
        }
    });
}

#[test]
fn a_decision_is_made_at_the_instant_its_gate_was_passed() {
    let (came, passed) = (world::instant("2026-06-01T09:00:00Z"), world::instant("2026-06-01T09:00:10Z"));
    with_world(|tx, world| {
        let cx = world.waiting(came, passed);
        let own = Ask::own(Act::ReadConsents, world.by.organisation, DataClass::WaitingListStatus);
        let at = tx.permitted(own.of(world.child), &cx, |_, permit| Ok(permit.at())).unwrap();
        assert_eq!(at.unwrap(), passed);
        // A decision about no child passes no gate.
        assert_eq!(tx.permitted(own, &cx, |_, permit| Ok(permit.at())).unwrap().unwrap(), came);
    });
}

#[test]
fn a_refusal_that_depends_on_no_child_names_none_even_if_it_is_known() {
    let now = world::instant("2026-06-01T09:00:00Z");
    with_world(|tx, world| {
        // No agreement covers this organisation, so it may not record the decision.
        let ask = Ask::record(ConsentDecision::Permit, code("RYX"), code(TRUST), Purpose::CareCoordination, DataClass::WaitingListStatus);
        let refused = tx.permitted_naming(&world.references[0], ask, &world.waiting(now, now), |_, _| Ok(())).unwrap();
        assert_eq!(refused.unwrap_err().ask().child, None);
    });
}

#[test]
fn a_function_that_takes_several_permits_refuses_an_empty_list() {
    with_world(|tx, world| {
        for entry in entries(world).iter().filter(|entry| ["record_consent", "withdraw_consent", "erase"].contains(&entry.name)) {
            refuses(tx, world, entry, &[]);
        }
    });
}

#[test]
fn a_decision_is_not_withdrawn_in_part() {
    with_world(|tx, world| {
        let entry = entries(world).into_iter().find(|entry| entry.name == "withdraw_consent").unwrap();
        refuses(tx, world, &entry, &[world.permit(&entry.asks[0]).unwrap()]);
    });
}

fn refuses(tx: &mut Tx<'_>, world: &World, entry: &Entry, permits: &[domain::Permit]) {
    let before = rows_changed(tx);
    let answer = (entry.call)(tx, world, permits);
    let asks: Vec<_> = permits.iter().map(|permit| permit.ask()).collect();
    assert!(matches!(answer, Err(StoreError::WrongPermit)), "{} answers {answer:?} to {asks:#?}", entry.name);
    assert_eq!(rows_changed(tx), before, "{} writes on {asks:#?}", entry.name);
}

/// Permits that differ in one thing from what a function takes, as far as `decide` gives such permits.
fn wrong(right: &Ask, entry: &Entry, world: &World) -> Vec<domain::Permit> {
    let takes = |free| entry.free.contains(&free);
    let acts = Act::ALL.iter().filter(|act| **act != right.act).map(|act| Ask { act: *act, ..*right });
    let classes = DataClass::ALL.iter().filter(|data| **data != right.data && !takes(Free::Class)).map(|data| right.with(*data));
    // If these two cannot get a permit for this purpose, others may, or for another purpose.
    let mut permits: Vec<_> = acts.chain(classes).filter_map(|ask| world.permit_of_any(&ask)).collect();

    let children = [None, Some(world.child), Some(world.other)].into_iter().filter(|child| *child != right.child);
    let children = children.filter(|child| !takes(if child.is_some() { Free::Child } else { Free::Nobody }));
    let items = [None, Some(Uuid::from_u128(0xbad))].into_iter().filter(|item| *item != right.item);
    let mut asks: Vec<_> = children.map(|child| Ask { child, ..*right }).chain(items.map(|item| Ask { item, ..*right })).collect();
    let other = code(if right.holder == code(TRUST) { COUNCIL } else { TRUST });
    let is_own = right.holder == right.recipient;
    if is_own {
        asks.push(Ask { recipient: other, ..*right });
    }
    if !takes(Free::Holder) {
        asks.push(Ask { holder: other, recipient: if is_own { other } else { right.recipient }, ..*right });
    }
    permits.extend(asks.iter().filter_map(|ask| world.permit(ask)));
    permits
}

/// The names of public functions that take a permit. One that makes its own permit, and passes it to a closure, does
/// not count.
fn entries_in(folder: &Path, found: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            entries_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap().replace("pub async fn ", "pub fn ");
            for function in text.split("pub fn ").skip(1) {
                let (signature, _) = function.split_once(" {").unwrap_or((function, ""));
                let name = signature.split(['(', '<']).next().unwrap();
                if signature.split("impl Fn").next().is_some_and(|lent| lent.contains("Permit")) {
                    found.insert(name.to_owned());
                }
            }
        }
    }
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many rows were written since the database was opened, rolled back or not.
fn rows_changed(tx: &mut Tx<'_>) -> i64 {
    let changed: Changed = on!(tx, c => sql_query("SELECT total_changes() AS number").get_result(*c)).unwrap();
    changed.number
}

fn execute(tx: &mut Tx<'_>, statement: &str) {
    on!(tx, c => sql_query(statement).execute(*c)).unwrap();
}
