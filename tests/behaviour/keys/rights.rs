//! Erasures and opt-outs hold over a change of keys.

use chrono::Duration;
use domain::KeyPurpose;
use integration_tests::records::{BORN, list, number, row};
use integration_tests::{Database, Persona, World, on_both, today, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::rotations::until_renewed;
use super::write_keys;

const HOUR: Duration = Duration::hours(1);

/// The trust, with the scope to decide about rights.
async fn signed_in(world: &World) -> Persona {
    world.grant("provider-hct", "waiting-list:write waiting-list:read rights:write").await;
    world.persona("provider-hct").signed_in().await
}

async fn erase(trust: &Persona, nth: usize, future: bool) {
    let child = trust.child_id(&number(nth), BORN).await;
    let body = json!({ "data": ["waiting-list-status"], "future": future, "reason": "asked", "decided_by": "dpo" });
    trust.post(&format!("/v1/children/{child}/erasures"), &body).await.expect(201);
}

async fn load_opt_outs(world: &World, numbers: &str) {
    let guardian = world.persona("guardian-hct").signed_in().await;
    let loading = guardian.call(Method::PUT, &format!("/v1/opt-outs?as_of={}", today())).header("content-type", "text/csv");
    loading.body(numbers.to_owned()).send().await.expect(200);
}

async fn withheld(world: &World) -> Value {
    world.build_release(today()).await;
    let dashboard = world.persona("dashboard-herts").signed_in().await;
    let newest = dashboard.get("/v1/dashboard/releases?limit=1").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let table = format!("/v1/dashboard/releases/{newest}/tables/waiting-list-by-weeks-and-district");
    dashboard.get(&table).await.expect(200)["coverage"]["withheld"]["value"].clone()
}

/// Sends everything again, and checks that nothing erased or moved comes back.
async fn nothing_comes_back(trust: &Persona, rows: &[String]) {
    let report = trust.push_csv("list=all", list(rows.to_vec())).await.expect(201);
    assert_eq!((&report["records"]["rejected"], &report["records"]["opened"]), (&json!(3), &json!(0)), "{report}");
}

on_both! {
    async fn what_was_erased_stays_away_and_who_opted_out_stays_out_when_keys_change(world: World) {
        let trust = signed_in(&world).await;
        let rows: Vec<String> = (0..40).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism")).collect();
        trust.push_csv("list=all", list(rows.clone())).await.expect_status(201);
        let numbers: String = (20..30).map(|nth| number(nth) + "\n").collect();
        load_opt_outs(&world, &numbers).await;
        assert_eq!(withheld(&world).await, json!(10));
        erase(&trust, 0, false).await;
        erase(&trust, 1, true).await;
        let moved = trust.child_id(&number(2), BORN).await;
        let body = json!({ "to": { "nhs_number": number(50), "date_of_birth": BORN }, "referrals": ["A-2"], "reason": "mistyped", "decided_by": "dpo" });
        trust.post(&format!("/v1/children/{moved}/rectifications"), &body).await.expect_status(201);
        nothing_comes_back(&trust, &rows).await;

        // Nothing comes back during a rotation, under either key, or after the old keys are gone.
        world.rotate(None, false).await.unwrap();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 10 {
            nothing_comes_back(&trust, &rows).await;
        }
        until_renewed(&world, 2, 2).await;
        assert_eq!(withheld(&world).await, json!(10));
        let mut told = Vec::new();
        until("the journal needs no old key", async || {
            let retired = world.retire(Some(KeyPurpose::Envelope), HOUR).await;
            told.extend(retired.told);
            retired.done
        })
        .await;
        assert!(told.iter().all(|line| line.contains("in the journal of tombstones") || line.contains("is removed")), "{told:?}");
        assert!(world.retire(Some(KeyPurpose::LookUp), HOUR).await.done);
        until("claims are forgotten", async || world.ask_database("SELECT count(*) FROM child_claim") == 0).await;
        nothing_comes_back(&trust, &rows).await;
        assert_eq!(withheld(&world).await, json!(10));

        // The journal can be read with only the new keys: the start brings back what the database has lost.
        world.meddle("DELETE FROM tombstone");
        let world = world.restart().await;
        let trust = world.persona("provider-hct").signed_in().await;
        nothing_comes_back(&trust, &rows).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_key_stays_while_the_journal_of_tombstones_needs_it() {
    let world = World::start(Database::Sqlite).await;
    let trust = signed_in(&world).await;
    trust.push_csv("list=all", list([row("A-0", &number(0), "01", "autism")])).await.expect_status(201);
    erase(&trust, 0, false).await;
    let journal = &world.configuration.database.tombstones;
    let before = std::fs::read_to_string(journal).unwrap();
    world.rotate(Some(KeyPurpose::Envelope), false).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    until_renewed(&world, 2, 1).await;
    until("the journal is written anew", async || std::fs::read_to_string(journal).unwrap() != before).await;
    let after = std::fs::read_to_string(journal).unwrap();
    assert!(after.starts_with(&before), "it is only added to");
    // As if another gateway had not rewritten its journal.
    std::fs::write(journal, &before).unwrap();
    let stays = world.retire(Some(KeyPurpose::Envelope), HOUR).await;
    assert!(!stays.done && stays.told[0].starts_with("envelope: key 1 stays: 1 marks in the journal"), "{stays:?}");
    std::fs::write(journal, &after).unwrap();
    assert!(world.retire(Some(KeyPurpose::Envelope), HOUR).await.done);
}

on_both! {
    async fn a_new_checkpoint_key_signs_and_what_the_old_one_signed_still_counts(world: World) {
        let auditor = world.persona("auditor-herts").signed_in().await;
        let keys = async || {
            let answer = auditor.get("/v1/audit/checkpoint").await;
            answer.header("sendbridge-checkpoint-keys").unwrap().to_owned()
        };
        let old = auditor.get("/v1/audit/checkpoint").await.text;
        let before = keys().await;
        world.rotate(Some(KeyPurpose::Checkpoint), false).await.unwrap();
        until("the key to come is told", async || keys().await.starts_with(&format!("{before}, "))).await;
        until("it signs", async || keys().await.ends_with(&format!(", {before}"))).await;
        let new = auditor.get("/v1/audit/checkpoint").await.text;
        for text in [old, new] {
            let path = world.dir().join("kept.txt");
            std::fs::write(&path, text).unwrap();
            world.verify_audit(Some(path)).await.unwrap();
        }
        let stays = world.retire(Some(KeyPurpose::Checkpoint), Duration::days(2921)).await;
        assert!(!stays.done && stays.told[0].contains("still good"), "{stays:?}");
        // A broken file leaves the old keys in force.
        write_keys(&world, "checkpoint.key", "1:broken\n");
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        auditor.get("/v1/audit/checkpoint").await.expect_status(200);
    }
}
