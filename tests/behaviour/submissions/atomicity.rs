//! While a submission is published, readers see all of it or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use integration_tests::{Database, on_both, until};
use serde_json::json;

use super::*;

/// Entries in each half: few, so that readers read often; and many rounds, so that some reads come in between.
const HALF: u32 = 50;
const ROUNDS: usize = 15;

/// Reads the whole list again and again, and answers the states that it was in.
async fn read_until(reader: Persona, done: Arc<AtomicBool>, reads: Arc<AtomicUsize>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while !done.load(Ordering::SeqCst) {
        let page = reader.get("/v1/waiting-list/entries?limit=500&list=autism").await.expect(200);
        reads.fetch_add(1, Ordering::SeqCst);
        let items = page["items"].as_array().unwrap();
        let of = |flow: &str| -> Vec<_> { items.iter().filter(|entry| entry["flow"] == flow).collect() };
        let (flowed, away) = (of("flowed"), of("not-flowed"));
        assert_eq!((flowed.len(), away.len()), (HALF as usize, HALF as usize), "a mix of two submissions");
        let half = |entry: &Value| entry["referral_id"].as_str().unwrap()[..1].to_owned();
        let states: BTreeSet<_> = flowed.iter().map(|entry| format!("{} {}", half(entry), entry["stage"])).collect();
        assert_eq!(states.len(), 1, "a mix of two submissions: {states:?}");
        seen.extend(states);
    }
    seen
}

on_both! {
    async fn a_reader_sees_all_of_the_old_or_all_of_the_new(world: World) {
        let trust = trust(&world).await;
        // Two halves of a list take turns: all of one half flows, in one stage, and the other half does not.
        let (ours, theirs) = (children("A", HALF), children("B", HALF));
        let push = async |rows: &[Row]| trust.push_csv("list=autism&mode=snapshot&confirm=shrink", csv(rows)).await.expect(201);
        push(&ours).await;
        push(&theirs).await;
        let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let readers: Vec<_> = (0..3).map(|_| tokio::spawn(read_until(trust.clone(), Arc::clone(&done), Arc::clone(&reads)))).collect();
        let stages = ["triage", "first-appointment", "assessment", "treatment", "referral"];
        for (round, stage) in stages.into_iter().cycle().take(ROUNDS).enumerate() {
            let now: Vec<_> = if round % 2 == 0 { &ours } else { &theirs }.iter().cloned().map(|row| row.stage(stage)).collect();
            let report = push(&now).await;
            assert_eq!((counts(&report)[5], counts(&report)[8]), (u64::from(HALF), u64::from(HALF)));
            // Accepted means that it can be queried, at once.
            let held = entries(&trust, "list=autism").await;
            assert_eq!((&held[&now[0].id]["stage"], &held[&now[0].id]["flow"]), (&json!(stage), &json!("flowed")));
            // Of four reads that end from now on, at least one also began from now on.
            let before = reads.load(Ordering::SeqCst);
            until("somebody reads it", async || reads.load(Ordering::SeqCst) >= before + 4).await;
        }
        done.store(true, Ordering::SeqCst);
        let mut seen = BTreeSet::new();
        for reader in readers {
            seen.extend(reader.await.unwrap());
        }
        assert!(seen.len() >= 3, "the readers read too little to have seen anything: {seen:?}");
    }

    async fn two_snapshots_of_one_list_follow_one_another(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 10))).await.expect(201);
        for _ in 0..3 {
            let push = async |word: &str| trust.push_csv("list=autism&mode=snapshot&confirm=shrink", csv(&children(word, 10))).await;
            let (one, two) = tokio::join!(push("A"), push("B"));
            one.expect(201);
            two.expect(201);
            // The list has the ten entries of whichever snapshot came last.
            let held = entries(&trust, "list=autism").await;
            let flowed: BTreeSet<_> = held.iter().filter(|(_, entry)| entry["flow"] == "flowed").map(|(id, _)| &id[..1]).collect();
            assert_eq!(flowed.len(), 1, "{flowed:?}");
            assert_eq!(held.values().filter(|entry| entry["flow"] == "flowed").count(), 10);
        }
    }
}

async fn push_half(trust: Persona, word: &'static str) -> Value {
    trust.push_csv("list=autism&mode=snapshot&confirm=shrink", csv(&children(word, 20))).await.expect(201)
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// Whether a statement of this database waits for a lock.
pub(super) fn something_waits(connection: &mut PgConnection) -> bool {
    let query = "SELECT COUNT(*) AS number FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sql_query(query).get_result::<Waiting>(connection).unwrap().number > 0
}

/// On PostgreSQL a publication can be held up between two of its statements, and watched. The embedded
/// database has only one writer; there the test that kills the gateway shows the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_held_up_half_way_is_not_seen() {
    let world = World::start(Database::Postgres).await;
    let trust = trust(&world).await;
    let flowed = async || -> BTreeSet<String> {
        let held = entries(&trust, "list=autism").await;
        held.into_iter().filter(|(_, entry)| entry["flow"] == "flowed").map(|(id, _)| id).collect()
    };
    for word in ["A", "B"] {
        push_half(trust.clone(), word).await;
    }
    let before = flowed().await;

    // The publication first brings the As back, then marks the Bs, where it has to wait.
    let mut holder = PgConnection::establish(world.database_url()).unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM record WHERE record_key = 'B-7' FOR UPDATE").unwrap();
    let pushing = tokio::spawn(push_half(trust.clone(), "A"));
    until("it is held up", async || {
        assert!(!pushing.is_finished(), "nothing is held up");
        something_waits(&mut holder)
    })
    .await;
    assert_eq!(flowed().await, before);
    assert_eq!(reports(&trust).await.len(), 2);
    assert!(!pushing.is_finished());
    holder.batch_execute("COMMIT").unwrap();
    pushing.await.unwrap();
    assert!(flowed().await.is_disjoint(&before));
}
