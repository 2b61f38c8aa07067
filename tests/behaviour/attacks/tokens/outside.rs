//! Access tokens of outside issuers, which count for the clients that the partnership file names.

use integration_tests::on_both;
use serde_json::json;

use super::forges::{NULL, Row, claims, header, made, times};
use super::*;

pub(super) fn attacks() -> Vec<Row> {
    let mut rows = rows::rows();
    rows.extend([
        header(json!({ "kid": null })),
        header(json!({ "typ": null })),
        header(json!({ "typ": "JWT" })),
        header(json!({ "typ": "client-authentication+jwt" })),
    ]);
    for member in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf"] {
        rows.push(claims(json!({ member: null })));
        rows.push(claims(json!({ member: NULL })));
        rows.push(claims(json!({ member: [] })));
    }
    rows.extend([
        claims(json!({ "iss": OTHER_ISSUER })),
        claims(json!({ "iss": "https://attacker.example" })),
        claims(json!({ "iss": format!("{ISSUER}/") })),
        claims(json!({ "iss": ISSUER.to_uppercase() })),
        claims(json!({ "iss": "https://login.council.example/realms/on" })),
        claims(json!({ "iss": "https://login.council.example" })),
        claims(json!({ "iss": [ISSUER] })),
        claims(json!({ "aud": "" })),
        claims(json!({ "aud": "sendbridge/" })),
        claims(json!({ "aud": "SENDBRIDGE" })),
        claims(json!({ "aud": "sendbridg" })),
        claims(json!({ "aud": ["sendbridge", "https://other.example"] })),
        claims(json!({ "aud": ["https://other.example"] })),
        claims(json!({ "aud": [["sendbridge"]] })),
        claims(json!({ "aud": { "sendbridge": true } })),
        claims(json!({ "sub": "somebody" })),
        claims(json!({ "client_id": "somebody" })),
        claims(json!({ "sub": PROVIDER, "client_id": PROVIDER })),
        claims(json!({ "sub": "dashboard-herts", "client_id": "dashboard-herts" })),
        claims(json!({ "jti": "" })),
        claims(json!({ "jti": 1 })),
        claims(json!({ "scope": ["ehcp:read"] })),
        claims(json!({ "scope": NULL })),
        claims(json!({ "cnf": {} })),
        claims(json!({ "cnf": { "x5t#S256": "" } })),
        claims(json!({ "cnf": { "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" } })),
        claims(json!({ "cnf": { "jkt": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" } })),
        claims(json!({ "nbf": "0" })),
        claims(json!({ "nbf": 1.5 })),
        times(&[("nbf", 60)]),
        made("cnf beside the claims", |forge| forge.with(&json!({}), &json!({ "cnf": null, "x5t#S256": forge.claims["cnf"]["x5t#S256"] }))),
    ]);
    rows.extend(access::bad_times(600));
    rows
}

pub(super) fn controls() -> Vec<Row> {
    vec![
        made("right in every way", Forge::right),
        header(json!({ "typ": "application/at+jwt" })),
        claims(json!({ "aud": ["sendbridge"] })),
        claims(json!({ "organisation": "RY4", "roles": ["admin"] })),
        claims(json!({ "scope": "openid ehcp:read audit:read" })),
        times(&[("nbf", 20)]),
        times(&[("iat", -500), ("exp", 90)]),
    ]
}

on_both! {
    async fn an_outside_issuer_speaks_for_its_named_clients_and_in_its_own_name_alone(world: World) {
        let (council, provider) = (world.persona(COUNCIL), world.persona(PROVIDER));
        let algorithms = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS512].into_iter().enumerate();
        let forges: Vec<_> = algorithms.map(|(at, algorithm)| outsider(&world, ISSUER, COUNCIL, algorithm, [SHARED, "b", "c", "d"][at])).collect();
        let other = outsider(&world, OTHER_ISSUER, PROVIDER, Algorithm::ES256, SHARED);
        // Entries that claim the gateway's issuer name, and its key's name.
        let (mine, own) = (issuer(&world), own(&world, COUNCIL, "E10000015"));
        let usurper = outsider(&world, &mine, COUNCIL, Algorithm::ES256, "usurper");
        let namesake = outsider(&world, "https://third.example", COUNCIL, Algorithm::ES256, &own.key.id);
        for forge in &forges {
            token_refused(&read(&council, &forge.right()).await).unwrap();
        }
        let entries = issuer_entry(ISSUER, COUNCIL, &forges)
            + &issuer_entry(OTHER_ISSUER, PROVIDER, [&other])
            + &issuer_entry(&mine, COUNCIL, [&usurper])
            + &issuer_entry("https://third.example", COUNCIL, [&namesake]);
        world.change_partnership(|text| text.to_owned() + &entries);
        believed(&council, &forges[0]).await;

        for forge in &forges {
            each(&controls(), forge, async |token| granted(&read(&council, token).await)).await;
        }
        each(&attacks(), &forges[0], async |token| token_refused(&read(&council, token).await)).await;
        for forge in &forges {
            // Bound to the council's certificate, so refused with any other.
            token_refused(&read(&provider, &forge.right()).await).unwrap();
            let as_provider = json!({ "sub": PROVIDER, "client_id": PROVIDER, "cnf": other.claims["cnf"] });
            token_refused(&read(&provider, &forge.with(&json!({}), &as_provider)).await).unwrap();
        }
        // The token is accepted, but the provider does not hold ehcp:read.
        read(&provider, &other.right()).await.expect_problem(403, "scope-missing");
        // A key with the same name is not the same key.
        token_refused(&read(&provider, &forges[0].with(&json!({}), &other.claims())).await).unwrap();
        token_refused(&read(&council, &other.with(&json!({}), &forges[0].claims())).await).unwrap();
        for confused in [
            usurper.right(),
            namesake.right(),
            own.with(&json!({}), &json!({ "iss": ISSUER, "aud": "sendbridge" })),
            own.with(&json!({ "kid": SHARED }), &json!({ "iss": ISSUER, "aud": "sendbridge" })),
            own.with(&json!({ "kid": SHARED }), &json!({})),
            forges[0].with(&json!({ "kid": own.key.id }), &json!({})),
            forges[0].with(&json!({ "kid": own.key.id }), &own.claims()),
            forges[0].with(&json!({}), &own.claims()),
            forges[1].by(&forges[0].key, "ES256"),
            forges[2].by(&forges[3].key, "RS512"),
            forges[2].by(&forges[3].key, "PS256"),
            forges[2].with(&json!({ "alg": "RS512" }), &json!({})),
        ] {
            token_refused(&read(&council, &confused).await).unwrap();
        }
        // The gateway's own tokens still count.
        granted(&read(&council, &own.right()).await).unwrap();

        // Once an issuer is removed, none of its tokens is accepted, not even an older one.
        let before = forges[0].right();
        granted(&read(&council, &before).await).unwrap();
        world.change_partnership(|text| text.replace(&entries, ""));
        until("the issuer is gone", async || read(&council, &before).await.status == 401).await;
        token_refused(&read(&council, &before).await).unwrap();
    }
}
