//! An assertion counts once, even if it is shown again at once, later, after a restart or elsewhere.

use chrono::Duration;
use integration_tests::{Database, on_both};

use super::*;

const ATTEMPTS: usize = 50;

/// Shows the same assertion to each persona at the same time; answers how often it counted.
async fn at_once(personas: &[Persona], assertion: &str) -> usize {
    let attempts = (0..ATTEMPTS).map(|attempt| {
        let (persona, assertion) = (personas[attempt % personas.len()].clone(), assertion.to_owned());
        tokio::spawn(async move { assert_with(&persona, &assertion).await })
    });
    let mut counted = 0;
    for answer in futures_util::future::join_all(attempts).await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            counted += 1;
        } else {
            client_refused(&answer).unwrap();
        }
    }
    counted
}

async fn trusted_forge(world: &World) -> Forge {
    let forge = asserters(world, COUNCIL).swap_remove(0);
    world.change_partnership(|text| with_lines(text, COUNCIL, &listed([&forge])));
    let council = world.persona(COUNCIL);
    until("the key counts", async || assert_with(&council, &forge.right()).await.status == 200).await;
    forge
}

on_both! {
    async fn an_assertion_counts_once_however_many_show_it_at_once(world: World) {
        let forge = trusted_forge(&world).await;
        let council = world.persona(COUNCIL);
        for _ in 0..3 {
            assert_eq!(at_once(std::slice::from_ref(&council), &forge.right()).await, 1);
        }
    }

    async fn the_id_counts_once_whatever_else_the_assertion_says_and_for_each_client(world: World) {
        let forge = trusted_forge(&world).await;
        let council = world.persona(COUNCIL);
        let again = |seconds: i64| forge.with(&json!({}), &json!({ "jti": "the-same", "exp": forges::now() + seconds }));
        // Assertions that were refused did not use up the id.
        client_refused(&assert_with(&council, &(again(60) + "A")).await).unwrap();
        client_refused(&assert_with(&council, &again(900)).await).unwrap();
        granted(&assert_with(&council, &again(60)).await).unwrap();
        client_refused(&assert_with(&council, &again(61)).await).unwrap();
        // Another client may use the same id.
        let pem = std::fs::read_to_string(world.dir().join("clients").join(PROVIDER).join("signing-key.pem")).unwrap();
        let key = Key::read(&pem, Algorithm::ES256);
        let id = key.id.clone();
        let provider = asserter(&world, PROVIDER, key, &id);
        granted(&assert_with(&world.persona(PROVIDER), &provider.with(&json!({}), &json!({ "jti": "the-same" }))).await).unwrap();
        // An assertion has counted even if no token was issued for it.
        let once = forge.right();
        let form = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", &once), ("scope", "made:up")];
        assert_eq!(council.ask_for_token(&form).await.json()["error"], "invalid_scope");
        client_refused(&assert_with(&council, &once).await).unwrap();
    }

    async fn an_assertion_that_counted_does_not_count_after_a_restart_and_is_forgotten_when_it_expired(world: World) {
        let mut forge = trusted_forge(&world).await;
        let assertion = forge.with(&json!({}), &json!({ "aud": issuer(&world) }));
        granted(&assert_with(&world.persona(COUNCIL), &assertion).await).unwrap();
        let held = world.ask_database("SELECT count(*) FROM assertion_jti");
        assert!(held >= 1);
        let world = world.restart().await;
        assert_eq!(world.ask_database("SELECT count(*) FROM assertion_jti"), held);
        // The gateway restarted on another port, and so has another issuer name.
        forge.claims["aud"] = json!(issuer(&world));
        granted(&assert_with(&world.persona(COUNCIL), &forge.right()).await).unwrap();
        world.pass(Duration::hours(1));
        let world = world.restart().await;
        until("expired ids are forgotten", async || world.ask_database("SELECT count(*) FROM assertion_jti") == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_two_gateways_on_one_database_accepts_an_assertion() {
    const NAME: &str = "https://gateway.example";
    let world = World::start_with(Database::Postgres, |configuration| configuration.api.issuer = Some(NAME.into())).await;
    let replica = world.replica().await;
    let mut forge = asserters(&world, COUNCIL).swap_remove(0);
    forge.claims["aud"] = json!(NAME);
    world.change_partnership(|text| with_lines(text, COUNCIL, &listed([&forge])));
    let personas = [world.persona(COUNCIL), world.persona_at(COUNCIL, &replica)];
    for persona in &personas {
        until("the key counts", async || assert_with(persona, &forge.right()).await.status == 200).await;
    }
    for _ in 0..5 {
        assert_eq!(at_once(&personas, &forge.right()).await, 1);
    }
    let assertion = forge.right();
    granted(&assert_with(&personas[0], &assertion).await).unwrap();
    client_refused(&assert_with(&personas[1], &assertion).await).unwrap();
    // Nor does it count after a restart under the same name.
    replica.stop().await;
    let world = world.restart().await;
    client_refused(&assert_with(&world.persona(COUNCIL), &assertion).await).unwrap();
    granted(&assert_with(&world.persona(COUNCIL), &forge.right()).await).unwrap();
}
