//! An audit entry past its retention loses its body, but keeps its hash.

use integration_tests::logs::LogCopy;
use integration_tests::{Database, World, on_both};

use super::{settled, signed_in};

/// Writes leaves dated some days ago, and lets the gateway append them.
fn write_leaves(world: &World, days_ago: &[i64]) {
    let ago = |days: &i64| match world.database() {
        Database::Sqlite => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"),
        Database::Postgres => format!("date_trunc('milliseconds', (now() AT TIME ZONE 'utc') - interval '{days} days')"),
    };
    let leaves: String = days_ago
        .iter()
        .map(|days| format!("INSERT INTO audit_leaf (at, child_id, salt, body, body_hash) SELECT {}, child_id, salt, body, body_hash FROM audit_leaf WHERE id = 1;", ago(days)))
        .collect();
    world.meddle(&format!(
        "{leaves} INSERT INTO audit_pending SELECT id FROM audit_leaf WHERE id NOT IN (SELECT leaf_id FROM audit_entry) AND id NOT IN (SELECT leaf_id FROM audit_pending)"
    ));
}

on_both! {
    async fn what_is_past_retention_is_deleted_and_its_proof_stays(world: World) {
        let council = signed_in(&world, "council-herts").await;
        council.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        // Eight years are 2,922 days.
        write_leaves(&world, &[3_000, 2_923, 2_921, 2_950, 10]);
        let before = world.audit_log().await;
        assert_eq!(before.len(), 6);
        assert!(settled(&world).await.pruned == 0);
        let checkpoint = world.dir().join("kept.txt");
        let auditor = signed_in(&world, "auditor-herts").await;
        std::fs::write(&checkpoint, auditor.get("/v1/audit/checkpoint").await.text).unwrap();
        let proof = auditor.get("/v1/audit/proof?leaf=2").await.expect(200);

        // The hourly chore also runs when the gateway starts.
        let world = world.restart().await;
        integration_tests::until("it prunes", async || world.ask_database("SELECT count(*) FROM audit_leaf WHERE body IS NULL") > 0).await;
        let report = world.verify_audit(Some(checkpoint)).await.unwrap();
        assert!(report.is_whole() && report.vouched == Some(6), "{report}");
        assert_eq!(report.pruned, 3);
        let after = world.audit_log().await;
        let ids: Vec<_> = after.iter().map(|entry| entry["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, [1, 4, 6]);
        let auditor = signed_in(&world, "auditor-herts").await;
        assert_eq!(auditor.get("/v1/audit/proof?leaf=2").await.expect(200), proof);
    }

    async fn what_is_younger_cannot_be_pruned_and_is_missed_if_it_is(world: World) {
        let council = signed_in(&world, "council-herts").await;
        council.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        write_leaves(&world, &[2_921, 3_000]);
        world.audit_log().await;
        for deed in [
            "UPDATE audit_leaf SET body = NULL WHERE id = 2",
            "UPDATE audit_leaf SET body = NULL, child_id = 9 WHERE id = 3",
            "UPDATE audit_leaf SET body = 'else' WHERE id = 3",
            "UPDATE audit_leaf SET body = NULL, at = '2000-01-01 00:00:00' WHERE id = 3",
        ] {
            assert!(world.refusal(deed).unwrap().contains("only ever added to"), "{deed}");
        }
        assert_eq!(world.refusal("UPDATE audit_leaf SET body = NULL WHERE id = 3"), None, "the same, where it is time");
        assert!(settled(&world).await.is_whole());
        let (configuration, _folder) = world.stop().await;
        let mut log = LogCopy::read(&configuration);
        log.leaves[1].body = None;
        log.write(&configuration);
        let report = server::verify_audit(&configuration, &trust::Clock::system(), None).unwrap();
        assert_eq!(report.faults, [store::AuditFault::PrunedEarly(2)]);
    }
}
