//! Restoring a database from a backup does not bring back what was erased since.

use domain::{IdentifierMerge, SubmittedEntry, SubmittedRecord};

use super::*;
use crate::messages::{self, reference};

/// Copies the embedded database's file, or PostgreSQL's tables.
async fn back_up(world: World) -> (World, Option<Vec<u8>>) {
    match world.database() {
        Database::Sqlite => {
            let mut copy = None;
            let world = world.restart_after(|dir| copy = Some(std::fs::read(dir.join("data/sendbridge.db")).unwrap())).await;
            (world, copy)
        }
        Database::Postgres => {
            world.meddle("CREATE SCHEMA backup; CREATE TABLE backup.record AS TABLE record; CREATE TABLE backup.advice_request AS TABLE advice_request");
            (world, None)
        }
    }
}

/// Restores the copy and starts the gateway on it. On PostgreSQL, only the tables that matter here are restored.
async fn put_back(world: World, copy: Option<Vec<u8>>) -> World {
    let Some(copy) = copy else {
        world.meddle(
            "DELETE FROM record; INSERT INTO record OVERRIDING SYSTEM VALUE SELECT * FROM backup.record;
             DELETE FROM advice_request; INSERT INTO advice_request SELECT * FROM backup.advice_request;
             DELETE FROM tombstone; DELETE FROM erasure; DELETE FROM rectification;",
        );
        return world.restart().await;
    };
    world
        .restart_after(|dir| {
            std::fs::write(dir.join("data/sendbridge.db"), copy).unwrap();
            for log in ["data/sendbridge.db-wal", "data/sendbridge.db-shm"] {
                let _ = std::fs::remove_file(dir.join(log));
            }
        })
        .await
}

on_both! {
    async fn what_was_erased_since_a_backup_is_erased_again_at_the_start(world: World) {
        let rows = [row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")];
        trust_with(&world, rows.clone()).await;
        let (world, copy) = back_up(world).await;
        let trust = signed_in(&world, "provider-hct").await;
        erase(&trust, &number(0)).await;
        let world = put_back(world, copy).await;
        let trust = signed_in(&world, "provider-hct").await;
        assert_eq!(own_ids(&trust).await, ["A-2"], "nobody sees it for a moment");
        let leaf = last_leaf(&world, "replay_tombstones").await;
        assert_eq!((&leaf["holder"], &leaf["data"], &leaf["act"]), (&json!("RY4"), &json!("waiting-list-status"), &json!("erase")));
        let report = trust.push_csv("list=all", list(rows)).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("erased", "A-1"));
        // A start on an up-to-date database replays nothing.
        let world = world.restart().await;
        let replays = world.audit_log().await.into_iter().filter(|leaf| leaf["operation"] == "replay_tombstones");
        assert_eq!(replays.count(), 1);
    }

    async fn what_was_merged_since_a_backup_is_merged_again(world: World) {
        trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let (world, copy) = back_up(world).await;
        let trust = signed_in(&world, "provider-hct").await;
        let merge = IdentifierMerge { retired: vec![reference(0).identifier] };
        messages::send(&world, &[SubmittedRecord { child: reference(1), entry: SubmittedEntry::Merge(merge) }], false).await;
        // This erasure of something else also brings the journal up to date, as the gateway does after each merge.
        erase(&trust, &number(7)).await;
        let world = put_back(world, copy).await;
        let trust = signed_in(&world, "provider-hct").await;
        waits(&trust, &number(0)).await.expect_problem(404, "not-found");
        waits(&trust, &number(1)).await.expect_status(200);
        let report = trust.push_csv("list=all", list([row("A-1", &number(0), "01", "autism")])).await.expect(201);
        assert_eq!(report["records"]["unchanged"], 1, "{report}");
    }

    async fn what_was_moved_since_a_backup_is_moved_again(world: World) {
        trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let (world, copy) = back_up(world).await;
        let trust = signed_in(&world, "provider-hct").await;
        let body = json!({ "to": child(&number(1)), "referrals": ["A-1"], "reason": "mistyped", "decided_by": "records-manager" });
        of_child(&trust, &number(0), "rectifications", &body).await.expect_status(201);
        let world = put_back(world, copy).await;
        let trust = signed_in(&world, "provider-hct").await;
        waits(&trust, &number(0)).await.expect_problem(404, "not-found");
        waits(&trust, &number(1)).await.expect_status(200);
    }

    async fn a_lifted_erasure_stays_lifted(world: World) {
        let rows = [row("A-1", &number(0), "01", "autism")];
        trust_with(&world, rows.clone()).await;
        let (world, copy) = back_up(world).await;
        let trust = signed_in(&world, "provider-hct").await;
        let erasure = erase(&trust, &number(0)).await;
        let path = format!("/v1/erasures/{}/lifting", erasure["id"].as_str().unwrap());
        trust.post(&path, &json!({ "reason": "by mistake" })).await.expect_status(200);
        trust.push_csv("list=all", list(rows)).await.expect_status(201);
        let world = put_back(world, copy).await;
        assert_eq!(own_ids(&signed_in(&world, "provider-hct").await).await, ["A-1"]);
    }

    async fn the_journal_names_nobody(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        erase(&trust, &number(0)).await;
        let journal = std::fs::read_to_string(&world.configuration.database.tombstones).unwrap();
        assert!(journal.contains("RY4"), "{journal}");
        for secret in [number(0).as_str(), BORN, "A-1", "the family asked"] {
            assert!(!journal.contains(secret), "{secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_does_not_start_on_a_journal_that_it_cannot_read() {
    let world = World::start(Database::Sqlite).await;
    let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
    let configuration = world.configuration.clone();
    erase(&trust, &number(0)).await;
    let journal = &configuration.database.tombstones;
    let text = std::fs::read_to_string(journal).unwrap().replace("\"position\":0", "\"position\":7");
    std::fs::write(journal, text).unwrap();
    world.gateway.stop().await;
    let failed = server::start(configuration.clone(), trust::Clock::system()).await.err().expect("no start");
    assert!(failed.to_string().contains("a sealed value does not open"), "{failed}");
}
