//! Once a family withdraws a permission, no reader sees anything from that moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;

on_both! {
    async fn withdrawing_twice_is_harmless_and_needs_no_agreement(world: World) {
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        let id = record(&council, &permission(&number(0), &["autism"])).await;
        let whole = std::fs::read_to_string(&world.configuration.partnership).unwrap();
        world.change_partnership(without_agreement);
        until("the agreement is gone", async || waits(&council, &number(0)).await.status == 404).await;
        let first = withdraw(&council, &id).await.expect(200);
        world.pass(Duration::minutes(1));
        let second = withdraw(&council, &id).await.expect(200);
        assert_eq!((&first["standing"], &first), (&json!("withdrawn"), &second));
        world.change_partnership(|_| whole.clone());
        let entries = async || council.get("/v1/waiting-list/entries?organisation=RY4").await.status;
        until("the agreement is back", async || entries().await == 200).await;
        assert_eq!(shown(&waits(&council, &number(0)).await), [], "what was withdrawn stays so");
    }

    /// Readers at every gateway keep reading while the family withdraws, thirty times.
    async fn no_read_that_starts_after_the_withdrawal_s_answer_shows_anything(world: World) {
        const READERS: usize = 6;
        push(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let replica = match world.database() {
            Database::Sqlite => None,
            Database::Postgres => Some(world.replica().await),
        };
        let council = signed_in(&world, "council-herts").await;
        let id = council.child_id(&number(0), BORN).await;
        let path = format!("/v1/children/{id}/waits");
        let readers: Vec<_> = (0..READERS)
            .map(|nth| match &replica {
                Some(replica) if nth % 2 == 1 => world.persona_at("council-herts", replica),
                _ => world.persona("council-herts"),
            })
            .collect();
        let mut signed = Vec::new();
        for reader in readers {
            signed.push(reader.signed_in().await);
        }
        let mut withdrawals = Vec::new();
        let mut seen_before = 0;
        for _ in 0..30 {
            let consent = record(&council, &permission(&number(0), &["autism"])).await;
            let (over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
            let tasks: Vec<_> = signed
                .iter()
                .map(|reader| {
                    let (reader, path, over, seen) = (reader.clone(), path.clone(), Arc::clone(&over), Arc::clone(&seen));
                    tokio::spawn(async move {
                        let mut reads = Vec::new();
                        while !over.load(Ordering::SeqCst) {
                            let began = Instant::now();
                            let status = reader.get(&path).await.status;
                            seen.fetch_or(status == 200, Ordering::SeqCst);
                            reads.push((began, status));
                        }
                        // One more read, which began after everything else.
                        reads.push((Instant::now(), reader.get(&path).await.status));
                        reads
                    })
                })
                .collect();
            until("somebody has read it", async || seen.load(Ordering::SeqCst)).await;
            let answer = withdraw(&council, &consent).await;
            let answered = Instant::now();
            answer.expect_status(200);
            over.store(true, Ordering::SeqCst);
            for task in tasks {
                for (began, status) in task.await.unwrap() {
                    assert!([200, 404].contains(&status), "{status}");
                    assert!(status == 404 || began < answered, "a read that began {:?} after the answer", began - answered);
                    seen_before += usize::from(status == 200);
                }
            }
            withdrawals.push((consent, answer.header("x-request-id").unwrap().to_owned()));
        }
        assert!(seen_before >= 30, "the readers saw next to nothing: {seen_before}");

        // The log says the same, in the order in which things happened.
        let leaves = world.audit_log().await;
        for (consent, request_id) in withdrawals {
            let withdrawn = leaves.iter().find(|leaf| leaf["request_id"] == request_id.as_str()).unwrap()["id"].as_i64().unwrap();
            let relied: Vec<_> = leaves
                .iter()
                .filter(|leaf| leaf["operation"] == "get_waits" && leaf["outcome"] == "permitted" && leaf["consents"] == json!([consent]))
                .map(|leaf| leaf["id"].as_i64().unwrap())
                .collect();
            assert!(relied.iter().all(|id| *id < withdrawn), "{relied:?} and {withdrawn}");
        }
        drop(replica);
    }
}
