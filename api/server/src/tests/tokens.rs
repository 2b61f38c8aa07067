use chrono::TimeDelta;
use serde_json::{Value, json};

use super::worlds::{PARTNERSHIP, World};

const ACTOR: (&str, &str) = ("sendbridge-actor", r#"id="kt-204", role="ehc-coordinator", reason="assessment C-1""#);

async fn whoami(world: &World, client: &reqwest::Client, token: &str) -> (u16, String) {
    let request = client.get(world.url("/test/children/0197")).bearer_auth(token).header(ACTOR.0, ACTOR.1);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[actix_web::test]
async fn a_client_asks_for_a_token_and_is_known_by_it() {
    let world = World::new().await;
    let council = world.council();
    let (status, answer) =
        world.ask_token(&council, &[("grant_type", "client_credentials"), ("client_id", "council-herts"), ("scope", "ehcp:read")]).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["token_type"], &answer["expires_in"], &answer["scope"]), (&json!("Bearer"), &json!(600), &json!("ehcp:read")));
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(whoami(&world, &council, token).await, (200, "council-herts E10000015 kt-204".into()));
}

#[actix_web::test]
async fn a_request_without_a_good_token_is_401_and_says_how_to_ask() {
    let world = World::new().await;
    let council = world.council();
    let token = world.token(&council, "council-herts").await;
    let get = || council.get(world.url("/test/children/0197")).header(ACTOR.0, ACTOR.1);
    for (request, challenge) in [
        (get(), "Bearer"),
        (get().header("authorization", "Basic YTpi"), "Bearer error=\"invalid_token\""),
        (get().bearer_auth(""), "Bearer error=\"invalid_token\""),
        (get().bearer_auth(format!("{token}x")), "Bearer error=\"invalid_token\""),
        (get().bearer_auth(&token).bearer_auth(&token), "Bearer error=\"invalid_token\""),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["www-authenticate"].to_str().unwrap()), (401, challenge));
        assert_eq!(response.json::<Value>().await.unwrap()["type"], "/problems/unauthorised");
    }
}

#[actix_web::test]
async fn another_clients_token_is_refused() {
    let world = World::new().await;
    let (council, provider) = (world.council(), world.client(Some(&world.files.provider)));
    let token = world.token(&council, "council-herts").await;
    assert_eq!(whoami(&world, &provider, &token).await.0, 401);
    // Nor does a second certificate of the same client serve it.
    let renewed = world.client(Some(&world.files.one.client("council-herts", 111)));
    assert_eq!(whoami(&world, &renewed, &token).await.0, 401);
    assert_eq!(whoami(&world, &council, &token).await.0, 200);
}

#[actix_web::test]
async fn a_token_ends_after_ten_minutes() {
    let world = World::new().await;
    let council = world.council();
    let token = world.token(&council, "council-herts").await;
    world.advance(TimeDelta::seconds(590));
    assert_eq!(whoami(&world, &council, &token).await.0, 200);
    world.advance(TimeDelta::seconds(10));
    assert_eq!(whoami(&world, &council, &token).await.0, 401);
}

#[actix_web::test]
async fn what_a_client_may_not_have_it_does_not_get() {
    let world = World::new().await;
    let council = world.council();
    let (grant, id) = (("grant_type", "client_credentials"), ("client_id", "council-herts"));
    for (form, status, error) in [
        (&[grant, ("client_id", "provider-hct")][..], 401, "invalid_client"),
        (&[grant, ("client_id", "nobody")], 401, "invalid_client"),
        (&[grant, id, ("scope", "ehcp:read audit:read")], 400, "invalid_scope"),
        (&[grant, id, ("scope", "made:up")], 400, "invalid_scope"),
        (&[("grant_type", "password"), id], 400, "unsupported_grant_type"),
        (&[id], 400, "invalid_request"),
        (&[grant], 400, "invalid_request"),
        (&[grant, grant, id], 400, "invalid_request"),
        (&[grant, id, ("x", "1"), ("x", "2")], 400, "invalid_request"),
    ] {
        let (answered, answer) = world.ask_token(&council, form).await;
        assert_eq!((answered, answer["error"].as_str().unwrap()), (status, error), "{form:?}");
    }
    let (status, answer) = world.ask_token(&council, &[grant, id, ("scope", "")]).await;
    assert_eq!((status, &answer["scope"]), (200, &json!("ehcp:read advice:request")), "without a value is left out");
    let json = council.post(world.url("/oauth2/token")).json(&json!({ "grant_type": "client_credentials" })).send().await.unwrap();
    assert_eq!(json.status().as_u16(), 400);
    let large = council.post(world.url("/oauth2/token")).form(&[("grant_type", "x".repeat(70_000))]).send().await.unwrap();
    assert_eq!(large.status().as_u16(), 400);
}

#[actix_web::test]
async fn a_scope_that_the_partnership_takes_away_is_gone_in_two_seconds_and_a_broken_file_changes_nothing() {
    let world = World::new().await;
    let council = world.council();
    let token = world.token(&council, "council-herts").await;
    assert_eq!(whoami(&world, &council, &token).await.0, 200);

    world.files.write("partnership.toml", &PARTNERSHIP.replace("\"ehcp:read\", ", ""));
    world.within_two_seconds(403, async || Some(whoami(&world, &council, &token).await.0)).await;

    for broken in ["", "host = ", &PARTNERSHIP.replace("authority = \"one\"", "authority = \"three\"")] {
        world.files.write("partnership.toml", broken);
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert_eq!(whoami(&world, &council, &token).await.0, 403);
    }

    // A client that moves to another organisation takes no token with it, nor does one that leaves.
    world.files.write("partnership.toml", PARTNERSHIP);
    world.within_two_seconds(200, async || Some(whoami(&world, &council, &token).await.0)).await;
    let moved =
        PARTNERSHIP.replace("id = \"council-herts\"\norganisation = \"E10000015\"", "id = \"council-herts\"\norganisation = \"RY4\"");
    assert_ne!(moved, PARTNERSHIP);
    world.files.write("partnership.toml", &moved);
    world.within_two_seconds(401, async || Some(whoami(&world, &council, &token).await.0)).await;
}

#[actix_web::test]
async fn the_metadata_leads_to_the_endpoints_and_the_keys() {
    let world = World::new().await;
    let council = world.council();
    let get = async |url: String| council.get(url).send().await.unwrap().json::<Value>().await.unwrap();
    let metadata = get(world.url("/.well-known/oauth-authorization-server")).await;
    assert_eq!(metadata["issuer"], world.url(""));
    assert_eq!(metadata["token_endpoint"], world.url("/oauth2/token"));
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let keys = get(metadata["jwks_uri"].as_str().unwrap().to_owned()).await;
    let token = world.token(&council, "council-herts").await;
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(keys["keys"][0]["kid"].as_str(), header.kid.as_deref());
    let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(keys["keys"][0].clone()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&[world.url("")]);
    validation.set_issuer(&[world.url("")]);
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
}
