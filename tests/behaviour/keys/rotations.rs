use chrono::Duration;
use domain::KeyPurpose;
use futures_util::{StreamExt, stream};
use integration_tests::records::{BORN, list, number, row};
use integration_tests::{Database, World, on_both, today, until};
use reqwest::Body;
use serde_json::Value;
use tokio::sync::oneshot::error::TryRecvError;
use trust::RotationError;

use super::key_file;
use super::traffic::{Traffic, before, lay_out, push_case};

const CHILDREN: usize = 40;
const HOUR: Duration = Duration::hours(1);
const TABLE: &str = "/v1/dashboard/releases/latest/tables/waiting-list-by-weeks-and-district";

pub(super) async fn until_renewed(world: &World, envelope: u32, look_up: u32) {
    until("everything is under the new keys", async || world.values_under_older_keys(envelope, look_up) == 0).await;
}

async fn case_ids(world: &World) -> Vec<Value> {
    let council = world.persona("council-herts").signed_in().await;
    let page = council.get("/v1/ehcp/cases?limit=500").await.expect(200);
    page["items"].as_array().unwrap().iter().map(|case| case["id"].clone()).collect()
}

/// The ids of the keys in a file, from the oldest.
fn keys_in(world: &World, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(key_file(world, name)).unwrap();
    let ids = text.lines().filter_map(|line| line.split_once(':')).map(|(id, _)| id.to_owned());
    ids.filter(|id| id.parse::<u32>().is_ok()).collect()
}

on_both! {
    async fn every_key_changes_under_traffic_and_no_request_fails(world: World) {
        let advice = lay_out(&world, CHILDREN).await;
        let council = world.persona("council-herts").signed_in().await;
        push_case(&council).await;
        let cases = case_ids(&world).await;
        assert_eq!(cases.len(), 1);
        world.build_release(today()).await;
        let dashboard = world.persona("dashboard-herts").signed_in().await;
        let released = dashboard.get(TABLE).await;
        let id_of_before = council.child_id(&number(3), BORN).await;
        let replica = match world.database() {
            Database::Sqlite => None,
            Database::Postgres => Some(world.replica().await),
        };
        let gateways: Vec<_> = std::iter::once(&world.gateway).chain(&replica).collect();
        let traffic = Traffic::start(&world, &gateways, CHILDREN, &advice);
        until("there is traffic", async || traffic.rounds() > 1).await;

        let told = world.rotate(None, false).await.unwrap();
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.iter().any(|line| line.starts_with("look-up: key 2 added to ") && line.contains("in force from 20")), "{told:?}");
        assert!(told.iter().any(|line| line.starts_with("release: left as it is")), "{told:?}");
        // The new keys are there but not in force: no value is under them yet, and no second rotation can begin.
        assert!(world.values_under_older_keys(2, 2) > 0);
        assert!(matches!(world.rotate(None, false).await, Err(RotationError::UnderWay { .. })));
        let stays = world.retire(Some(KeyPurpose::Envelope), Duration::zero()).await;
        assert!(stays.done, "there is no old key before the new one is in force: {stays:?}");
        until_renewed(&world, 2, 2).await;
        assert_ne!(council.child_id(&number(3), BORN).await, id_of_before, "new ids are made under the new key");
        council.get(&format!("/v1/children/{id_of_before}/waits")).await.expect_status(200);
        let jwks = council.get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 2, "{jwks}");

        // A third look-up key has to wait until the first is removed.
        let refused = world.rotate(Some(KeyPurpose::LookUp), false).await;
        assert!(matches!(refused, Err(RotationError::NotRetired { purpose: KeyPurpose::LookUp })), "{refused:?}");
        let early = world.retire(Some(KeyPurpose::Envelope), Duration::zero()).await;
        assert!(!early.done && early.told[0].contains("may still be under way"), "{early:?}");
        for purpose in [KeyPurpose::Envelope, KeyPurpose::LookUp] {
            let retired = world.retire(Some(purpose), HOUR).await;
            assert!(retired.done && retired.told[0].contains("key 1 is removed"), "{retired:?}");
        }
        assert_eq!((keys_in(&world, "envelope.key"), keys_in(&world, "look-up.key")), (vec!["2".into()], vec!["2".into()]));
        let rounds = traffic.rounds();
        until("the traffic goes on without the old keys", async || traffic.rounds() > rounds + 2).await;
        let made_known = traffic.stop().await;

        assert_eq!(world.values_under_older_keys(2, 2), 0);
        until("claims are forgotten", async || world.ask_database("SELECT count(*) FROM child_claim") == 0).await;
        // Each child is known once, whichever gateway and key it met: those of the traffic, the list and the return.
        let known = usize::try_from(world.ask_database("SELECT count(*) FROM child_identifier")).unwrap();
        assert_eq!(known, made_known + CHILDREN + 1);
        let trust = world.persona("provider-hct").signed_in().await;
        let report = trust.push_csv("list=before", before(CHILDREN)).await.expect(201);
        assert_eq!(report["records"]["unchanged"], CHILDREN, "{report}");
        let council = world.persona("council-herts").signed_in().await;
        assert_eq!(push_case(&council).await["records"]["unchanged"], 1);
        assert_eq!(case_ids(&world).await, cases);
        assert_eq!(dashboard.get(TABLE).await.text, released.text);
        if let Some(replica) = replica {
            replica.stop().await;
        }
    }

    async fn what_is_unchanged_is_known_while_there_are_two_keys(world: World) {
        lay_out(&world, CHILDREN).await;
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        push_case(&council).await;
        let cases = case_ids(&world).await;
        world.rotate(Some(KeyPurpose::LookUp), false).await.unwrap();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 12 {
            let report = trust.push_csv("list=before", before(CHILDREN)).await.expect(201);
            assert_eq!(report["records"]["unchanged"], CHILDREN, "{report}");
            assert_eq!(push_case(&council).await["records"]["unchanged"], 1);
            assert_eq!(case_ids(&world).await, cases);
        }
        until_renewed(&world, 1, 2).await;
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), i64::try_from(CHILDREN).unwrap() + 1);
    }

    async fn a_body_that_comes_in_over_a_whole_rotation_is_under_the_new_keys(world: World) {
        let mut world = world;
        // Allows a body to come as slowly as a rotation takes.
        world.configuration.api.minimum_body_rate = 1;
        let world = world.restart().await;
        let trust = world.persona("provider-hct").signed_in().await;
        let (half, rest): (Vec<_>, Vec<_>) = (0..1_200).map(|nth| row(&format!("L-{nth}"), &number(nth), "01", "autism")).partition(|row| row.as_bytes()[2] % 2 == 0);
        let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
        // A row a second, so that the gateway does not give up; the rest at once when the rotation is done.
        let rest = stream::unfold((rest.into_iter(), gone_on), async |(mut rest, mut gone_on)| {
            let row = rest.next()?;
            if gone_on.try_recv() == Err(TryRecvError::Empty) {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            Some((row, (rest, gone_on)))
        });
        let body = stream::iter([list(half)]).chain(rest);
        let pushing = {
            let trust = trust.clone();
            tokio::spawn(async move { trust.push_csv("list=long", Body::wrap_stream(body.map(Ok::<_, std::io::Error>))).await })
        };
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        trust.push_csv("list=short", list([row("S-1", &number(1), "01", "autism")])).await.expect_status(201);
        world.rotate(None, false).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        until_renewed(&world, 2, 2).await;
        for purpose in [KeyPurpose::Envelope, KeyPurpose::LookUp] {
            assert!(world.retire(Some(purpose), HOUR).await.done);
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        go_on.send(()).unwrap();
        let report = pushing.await.unwrap().expect(201);
        assert_eq!(report["records"]["accepted"], 1_200, "{report}");
        assert_eq!(world.values_under_older_keys(2, 2), 0);
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 1_200);
        let entries = trust.get("/v1/waiting-list/entries?list=long&limit=500").await.expect(200);
        assert_eq!(entries["items"].as_array().unwrap().len(), 500);
    }

    async fn a_key_that_values_are_under_stays_and_it_is_said_how_many(world: World) {
        lay_out(&world, 5).await;
        world.rotate(Some(KeyPurpose::Envelope), false).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        until_renewed(&world, 2, 1).await;
        let old = std::fs::read_to_string(key_file(&world, "envelope.key")).unwrap();
        // As if one value had been left under the old key.
        let one = if world.database() == Database::Sqlite { "X'0100000001'" } else { "'\\x0100000001'::bytea" };
        world.meddle(&format!("UPDATE consent SET sealed_reason = {one} WHERE id = (SELECT min(id) FROM consent)"));
        let stays = world.retire(Some(KeyPurpose::Envelope), HOUR).await;
        assert!(!stays.done && stays.told == ["envelope: key 1 stays: 1 stored values are still under it."], "{stays:?}");
        assert_eq!(std::fs::read_to_string(key_file(&world, "envelope.key")).unwrap(), old);
        let (_, metrics) = world.operations("/metrics").await;
        assert!(metrics.contains("sendbridge_values_left_to_reseal"), "{metrics}");
    }

    async fn old_child_ids_are_understood_for_ninety_days(world: World) {
        lay_out(&world, 5).await;
        let council = world.persona("council-herts").signed_in().await;
        let old = council.child_id(&number(1), BORN).await;
        world.rotate(Some(KeyPurpose::Pairwise), false).await.unwrap();
        until("new ids are made", async || council.child_id(&number(1), BORN).await != old).await;
        let stays = world.retire(Some(KeyPurpose::Pairwise), Duration::days(89)).await;
        assert!(!stays.done && stays.told[0].contains("still good"), "{stays:?}");
        council.get(&format!("/v1/children/{old}/waits")).await.expect_status(200);
        assert!(world.retire(Some(KeyPurpose::Pairwise), Duration::days(91)).await.done);
        until("the old key is gone", async || council.get(&format!("/v1/children/{old}/waits")).await.status == 404).await;
        let new = council.child_id(&number(1), BORN).await;
        council.get(&format!("/v1/children/{new}/waits")).await.expect_status(200);
    }
}
