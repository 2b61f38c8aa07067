//! How a client asks for tokens and uses them.

use chrono::Duration;
use integration_tests::records::{BORN, number};
use integration_tests::{Answer, Persona, on_both, until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::matrix::partners::identity;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const COUNCIL: (&str, &str) = ("client_id", "council-herts");

async fn cases(persona: &Persona, token: &str) -> Answer {
    persona.clone().with_token(Some(token)).call(Method::GET, "/v1/ehcp/cases").send().await
}

async fn token(persona: &Persona) -> String {
    let answer = persona.ask_for_token(&[GRANT, ("client_id", &persona.client_id)]).await.expect(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_client_asks_for_a_token_and_is_known_by_it(world: World) {
        let council = world.persona("council-herts");
        let answer = council.ask_for_token(&[GRANT, COUNCIL, ("scope", "waiting-list:read")]).await.expect(200);
        assert_eq!((&answer["token_type"], &answer["expires_in"], &answer["scope"]), (&json!("Bearer"), &json!(600), &json!("waiting-list:read")));
        let council = council.with_token(answer["access_token"].as_str());
        let child = council.child_id(&number(0), BORN).await;
        council.get(&format!("/v1/children/{child}/waits")).await.expect_problem(404, "not-found");
        let leaf = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "get_waits").unwrap();
        assert_eq!((&leaf["client"], &leaf["organisation"], &leaf["actor"]["id"]), (&json!("council-herts"), &json!("E10000015"), &json!("kt-204")));
    }

    async fn a_request_without_a_good_token_is_401_and_says_how_to_ask(world: World) {
        let council = world.persona("council-herts");
        let token = token(&council).await;
        let good = format!("Bearer {token}");
        let invalid = "Bearer error=\"invalid_token\"";
        for (lines, challenge) in [
            (vec![], "Bearer"),
            (vec!["Basic YTpi"], invalid),
            (vec!["Bearer "], invalid),
            (vec![&format!("{good}x")], invalid),
            (vec![&good, &good], invalid),
        ] {
            let call = lines.iter().fold(council.call(Method::GET, "/v1/ehcp/cases"), |call, line| call.header("authorization", line));
            let answer = call.send().await;
            answer.expect_problem(401, "unauthorised");
            assert_eq!(answer.header("www-authenticate"), Some(challenge), "{lines:?}");
        }
        cases(&council, &token).await.expect_status(200);
    }

    async fn another_clients_token_is_refused(world: World) {
        let (council, provider) = (world.persona("council-herts"), world.persona("provider-hct"));
        let token = token(&council).await;
        cases(&provider, &token).await.expect_status(401);
        // The token is refused with a second certificate of the same client, too.
        cases(&world.bearer_of(&identity(&world.dir(), "council-herts")), &token).await.expect_status(401);
        cases(&council, &token).await.expect_status(200);
    }

    async fn a_token_ends_after_ten_minutes(world: World) {
        world.stop_clock();
        let council = world.persona("council-herts");
        let token = token(&council).await;
        world.pass(Duration::seconds(590));
        cases(&council, &token).await.expect_status(200);
        world.pass(Duration::seconds(10));
        cases(&council, &token).await.expect_status(401);
    }

    async fn what_a_client_may_not_have_it_does_not_get(world: World) {
        let council = world.persona("council-herts");
        for (form, status, error) in [
            (&[GRANT, ("client_id", "provider-hct")][..], 401, "invalid_client"),
            (&[GRANT, ("client_id", "nobody")], 401, "invalid_client"),
            (&[GRANT, COUNCIL, ("scope", "ehcp:read audit:read")], 400, "invalid_scope"),
            (&[GRANT, COUNCIL, ("scope", "made:up")], 400, "invalid_scope"),
            (&[("grant_type", "password"), COUNCIL], 400, "unsupported_grant_type"),
            (&[COUNCIL], 400, "invalid_request"),
            (&[GRANT], 400, "invalid_request"),
            (&[GRANT, GRANT, COUNCIL], 400, "invalid_request"),
            (&[GRANT, COUNCIL, ("x", "1"), ("x", "2")], 400, "invalid_request"),
        ] {
            let answer = council.ask_for_token(form).await;
            assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (status, error), "{form:?}");
        }
        let everything = council.ask_for_token(&[GRANT, COUNCIL]).await.expect(200)["scope"].clone();
        assert!(everything.as_str().unwrap().contains("ehcp:read advice:request") || everything.as_str().unwrap().contains("advice:request"));
        let answer = council.ask_for_token(&[GRANT, COUNCIL, ("scope", "")]).await.expect(200);
        assert_eq!(answer["scope"], everything, "without a value is left out");
        let json = council.call(Method::POST, "/oauth2/token").json(&json!({ "grant_type": "client_credentials" })).send().await;
        json.expect_status(400);
        council.ask_for_token(&[("grant_type", &"x".repeat(70_000))]).await.expect_status(400);
    }

    async fn a_scope_that_the_partnership_takes_away_is_gone_and_a_broken_file_changes_nothing(world: World) {
        let council = world.persona("council-herts");
        let token = token(&council).await;
        cases(&council, &token).await.expect_status(200);
        let whole = std::fs::read_to_string(&world.configuration.partnership).unwrap();

        world.change_partnership(|text| text.replacen("    \"ehcp:read\",\n", "", 1));
        until("the scope is gone", async || cases(&council, &token).await.status == 403).await;
        for broken in [String::new(), "host = ".to_owned(), whole.replace("authority = \"demonstration\"", "authority = \"three\"")] {
            world.change_partnership(|_| broken.clone());
            // Long enough for the gateway to look. On a slow machine the test shows less, but does not fail.
            tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
            cases(&council, &token).await.expect_status(403);
        }

        // A client that moves to another organisation cannot use its old tokens.
        world.change_partnership(|_| whole.clone());
        until("the scope is back", async || cases(&council, &token).await.status == 200).await;
        let of = |organisation: &str| format!("id = \"council-herts\"\norganisation = \"{organisation}\"");
        world.change_partnership(|text| text.replace(&of("E10000015"), &of("RY4")));
        until("it has moved", async || cases(&council, &token).await.status == 401).await;
    }

    async fn the_metadata_leads_to_the_endpoints_and_the_keys(world: World) {
        let council = world.persona("council-herts");
        let issuer = format!("https://{}", world.gateway.api_address());
        let metadata = council.get("/.well-known/oauth-authorization-server").await.expect(200);
        assert_eq!(metadata["issuer"], issuer.as_str());
        assert_eq!(metadata["token_endpoint"], format!("{issuer}/oauth2/token"));
        assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
        let keys = council.get(metadata["jwks_uri"].as_str().unwrap().strip_prefix(&issuer).unwrap()).await.expect(200);
        let token = token(&council).await;
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(keys["keys"][0]["kid"].as_str(), header.kid.as_deref());
        let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(keys["keys"][0].clone()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        validation.set_audience(&[&issuer]);
        validation.set_issuer(&[&issuer]);
        assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
    }
}
