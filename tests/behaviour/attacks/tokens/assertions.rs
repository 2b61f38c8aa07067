//! Client assertions: `private_key_jwt` over a connection with the client's certificate.

use integration_tests::on_both;
use serde_json::json;

use super::forges::{NULL, Row, claims, header, made, times};
use super::*;

pub(super) fn attacks() -> Vec<Row> {
    let mut rows = rows::rows();
    // The council has several keys, so an assertion has to name one.
    rows.extend([header(json!({ "kid": null })), header(json!({ "kid": "key-1" })), header(json!({ "kid": "key-9" }))]);
    rows.extend(["at+jwt", "application/at+jwt", "jwt+client-authentication"].map(|kind| header(json!({ "typ": kind }))));
    for member in ["iss", "sub", "aud", "exp", "jti"] {
        rows.push(claims(json!({ member: null })));
        rows.push(claims(json!({ member: NULL })));
        rows.push(claims(json!({ member: [] })));
        rows.push(claims(json!({ member: {} })));
    }
    for member in ["iss", "sub"] {
        rows.extend(
            [PROVIDER, "nobody", "", "COUNCIL-HERTS", "council-herts ", "council", ISSUER].map(|name| claims(json!({ member: name }))),
        );
        rows.push(claims(json!({ member: [COUNCIL] })));
    }
    rows.push(claims(json!({ "iss": PROVIDER, "sub": PROVIDER })));
    rows.extend([
        claims(json!({ "aud": "" })),
        claims(json!({ "aud": "https://gateway.example" })),
        claims(json!({ "aud": "sendbridge" })),
        claims(json!({ "aud": COUNCIL })),
        claims(json!({ "aud": 1 })),
        claims(json!({ "jti": "" })),
        claims(json!({ "jti": 1 })),
        claims(json!({ "nbf": "0" })),
        claims(json!({ "nbf": 1.5 })),
        times(&[("nbf", 45), ("exp", 60)]),
        times(&[("nbf", AGES), ("exp", 60)]),
        times(&[("exp", 310)]),
        times(&[("exp", 600)]),
        times(&[("iat", 0), ("exp", 3_600)]),
    ]);
    for (name, audience) in [
        ("of the token endpoint", (|issuer| json!(format!("{issuer}/oauth2/token"))) as fn(&str) -> Value),
        ("in a list", |issuer| json!([issuer])),
        ("in a list with others", |issuer| json!([issuer, "https://other.example"])),
        ("twice in a list", |issuer| json!([issuer, issuer])),
        ("in an object", |issuer| json!({ "iss": issuer })),
        ("with a slash", |issuer| json!(format!("{issuer}/"))),
        ("in capitals", |issuer| json!(issuer.to_uppercase())),
        ("without its end", |issuer| json!(issuer[..issuer.len() - 1])),
        ("with more", |issuer| json!(format!("{issuer}.attacker.example"))),
        ("with a space", |issuer| json!(format!("{issuer} "))),
        ("and another", |issuer| json!(format!("{issuer} https://other.example"))),
        ("of plain HTTP", |issuer| json!(issuer.replace("https", "http"))),
    ] {
        rows.push(made(&format!("the audience {name}"), move |forge| {
            forge.with(&json!({}), &json!({ "aud": audience(forge.claims["aud"].as_str().unwrap()) }))
        }));
    }
    rows.extend(access::bad_times(300));
    rows
}

const AGES: i64 = 1_000_000_000;

pub(super) fn controls() -> Vec<Row> {
    vec![
        made("right in every way", Forge::right),
        header(json!({ "typ": "JWT" })),
        header(json!({ "typ": "jwt" })),
        header(json!({ "typ": "client-authentication+jwt" })),
        header(json!({ "typ": "application/client-authentication+jwt" })),
        claims(json!({ "iat": null })),
        claims(json!({ "colour": "red", "client_id": "somebody", "scope": "audit:read" })),
        times(&[("exp", 300)]),
        times(&[("iat", -30), ("exp", 270)]),
        times(&[("iat", 20), ("exp", 60)]),
        times(&[("nbf", 0), ("exp", 5)]),
    ]
}

on_both! {
    async fn only_the_clients_own_assertion_over_its_own_connection_is_accepted(world: World) {
        let council = world.persona(COUNCIL);
        let forges = asserters(&world, COUNCIL);
        client_refused(&assert_with(&council, &forges[0].right()).await).unwrap();
        world.change_partnership(|text| with_lines(text, COUNCIL, &listed(&forges)));
        until("the keys count", async || assert_with(&council, &forges[0].right()).await.status == 200).await;

        for forge in &forges {
            each(&controls(), forge, async |assertion| granted(&assert_with(&council, assertion).await)).await;
        }
        each(&attacks(), &forges[0], async |assertion| client_refused(&assert_with(&council, assertion).await)).await;
        for confused in [
            forges[1].by(&forges[0].key, "ES256"),
            forges[0].by(&forges[1].key, "EdDSA"),
            forges[2].by(&forges[3].key, "RS512"),
            forges[3].by(&forges[2].key, "PS256"),
            forges[2].by(&forges[3].key, "PS256"),
            forges[2].with(&json!({ "alg": "RS512" }), &json!({})),
            forges[3].with(&json!({ "alg": "PS256" }), &json!({})),
            own(&world, COUNCIL, "E10000015").right(),
            own(&world, COUNCIL, "E10000015").with(&json!({}), &forges[0].claims()),
        ] {
            client_refused(&assert_with(&council, &confused).await).unwrap();
        }
        // An assertion counts only over its own client's connection: the council's, or the provider's, not the other's.
        let provider = world.persona(PROVIDER);
        client_refused(&assert_with(&provider, &forges[0].right()).await).unwrap();
        let pem = std::fs::read_to_string(world.dir().join("clients").join(PROVIDER).join("signing-key.pem")).unwrap();
        let key = Key::read(&pem, Algorithm::ES256);
        let id = key.id.clone();
        let provided = asserter(&world, PROVIDER, key, &id);
        client_refused(&assert_with(&council, &provided.right()).await).unwrap();
        client_refused(&assert_with(&council, &provided.with(&json!({}), &json!({ "iss": COUNCIL, "sub": COUNCIL }))).await).unwrap();
        // The control, with the demonstration's key: a client with only one key need not name it.
        granted(&assert_with(&provider, &provided.right()).await).unwrap();
        granted(&assert_with(&provider, &provided.with(&json!({ "kid": null }), &json!({}))).await).unwrap();
        // An assertion is not an access token.
        token_refused(&read(&council, &forges[0].right()).await).unwrap();
        token_refused(&read(&council, &forges[0].with(&json!({ "typ": "at+jwt" }), &own(&world, COUNCIL, "E10000015").claims())).await).unwrap();
    }

    async fn a_token_issued_for_an_assertion_is_like_any_other(world: World) {
        let forges = asserters(&world, COUNCIL);
        world.change_partnership(|text| with_lines(text, COUNCIL, &listed(&forges)));
        let council = world.persona(COUNCIL);
        until("the keys count", async || assert_with(&council, &forges[0].right()).await.status == 200).await;
        let assertion = forges[1].right();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", COUNCIL),
            ("scope", "ehcp:read"),
            ("client_assertion_type", TYPE),
            ("client_assertion", &assertion),
        ];
        let answer = council.ask_for_token(&form).await.expect(200);
        assert_eq!((&answer["token_type"], &answer["expires_in"], &answer["scope"]), (&json!("Bearer"), &json!(600), &json!("ehcp:read")));
        let token = answer["access_token"].as_str().unwrap();
        granted(&read(&council, token).await).unwrap();
        token_refused(&read(&world.persona(PROVIDER), token).await).unwrap();
        // The metadata lists these methods and algorithms.
        let metadata = council.get("/.well-known/oauth-authorization-server").await.expect(200);
        assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["tls_client_auth", "private_key_jwt"]));
        assert_eq!(metadata["token_endpoint_auth_signing_alg_values_supported"], json!(["ES256", "EdDSA", "PS256", "RS512"]));
    }
}
