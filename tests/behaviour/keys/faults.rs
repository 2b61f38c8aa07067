use std::time::Duration;

use integration_tests::records::{advice_request, number};
use integration_tests::{ACTOR, on_both, until};
use reqwest::Method;

use super::traffic::{before, lay_out};
use super::{key_file, write_keys};

on_both! {
    async fn a_bad_key_file_leaves_the_keys_that_are_in_force(world: World) {
        let advice = lay_out(&world, 3).await;
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        let good = std::fs::read_to_string(key_file(&world, "envelope.key")).unwrap();
        let others = good.replacen("1:", "2:", 1);
        // Another key under an id that is in use is also bad.
        let swapped = std::fs::read_to_string(key_file(&world, "release.key")).unwrap();
        for bad in ["", "no key at all", &format!("{good}{good}"), &others.replace("2:", "2:A"), &format!("{} @2099-01-01T00:00:00Z\n", good.trim()), &swapped] {
            assert_ne!(bad, good);
            write_keys(&world, "envelope.key", bad);
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            assert_eq!(council.get(&advice).await.expect(200)["needs"], "needs", "{bad}");
            trust.push_csv("list=before", before(3)).await.expect_status(201);
        }
        // A good file counts again.
        write_keys(&world, "envelope.key", &good);
        world.rotate(None, false).await.unwrap();
        until("the new keys are in force", async || world.values_under_older_keys(2, 2) == 0).await;
        council.get(&advice).await.expect_status(200);
    }

    async fn a_sealed_value_that_was_moved_does_not_open(world: World) {
        let advice = lay_out(&world, 3).await;
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        let entries = "/v1/waiting-list/entries?list=before";
        trust.get(entries).await.expect_status(200);
        council.get(&advice).await.expect_status(200);
        world.meddle("UPDATE record SET sealed_record = (SELECT sealed_record FROM record WHERE record_key = 'B-1') WHERE record_key = 'B-2'");
        trust.get(entries).await.expect_status(500);
        // Moved to another column of the same row.
        world.meddle("UPDATE advice_request SET sealed_advice = sealed_request");
        council.get(&advice).await.expect_status(500);
        // Moved to another child.
        let body = advice_request(&number(2), "RY4");
        let made = council.call(Method::POST, "/v1/advice-requests").actor(ACTOR).json(&body).send().await.expect(201);
        let request = format!("/v1/advice-requests/{}", made["id"].as_str().unwrap());
        trust.get(&request).await.expect_status(200);
        let own = format!("(SELECT child_id FROM advice_request WHERE id = '{}')", made["id"].as_str().unwrap());
        let others = format!("SELECT other.sealed_reference FROM child_identifier other WHERE other.id <> {own} ORDER BY other.id LIMIT 1");
        world.meddle(&format!("UPDATE child_identifier SET sealed_reference = ({others}) WHERE id = {own}"));
        trust.get(&request).await.expect_status(500);
    }
}
