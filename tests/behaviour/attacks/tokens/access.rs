//! Access tokens that name the gateway as their issuer.

use integration_tests::on_both;
use serde_json::json;

use super::forges::{NULL, Row, claims, header, made, times};
use super::*;

const AGES: i64 = 1_000_000_000;

pub(super) fn attacks() -> Vec<Row> {
    let mut rows = rows::rows();
    rows.extend([
        header(json!({ "kid": null })),
        header(json!({ "typ": null })),
        header(json!({ "typ": "JWT" })),
        header(json!({ "typ": "client-authentication+jwt" })),
    ]);
    for member in ["iss", "aud", "sub", "client_id", "organisation", "iat", "exp", "jti", "scope", "cnf"] {
        rows.push(claims(json!({ member: null })));
        rows.push(claims(json!({ member: NULL })));
        rows.push(claims(json!({ member: [] })));
    }
    for member in ["iss", "aud", "sub", "client_id", "organisation", "jti"] {
        rows.push(claims(json!({ member: 1 })));
        rows.push(claims(json!({ member: "" })));
    }
    for member in ["iss", "aud"] {
        rows.push(claims(json!({ member: "https://gateway.example" })));
        rows.push(claims(json!({ member: ISSUER })));
        rows.push(made(&format!("{member} with a slash"), move |forge| {
            forge.with(&json!({}), &json!({ member: format!("{}/", forge.claims["iss"].as_str().unwrap()) }))
        }));
        rows.push(made(&format!("{member} in capitals"), move |forge| {
            forge.with(&json!({}), &json!({ member: forge.claims["iss"].as_str().unwrap().to_uppercase() }))
        }));
        rows.push(made(&format!("{member} without its end"), move |forge| {
            let right = forge.claims["iss"].as_str().unwrap();
            forge.with(&json!({}), &json!({ member: right[..right.len() - 1] }))
        }));
        rows.push(made(&format!("{member} with more"), move |forge| {
            forge.with(&json!({}), &json!({ member: format!("{}.attacker.example", forge.claims["iss"].as_str().unwrap()) }))
        }));
        rows.push(made(&format!("{member} in a list"), move |forge| forge.with(&json!({}), &json!({ member: [forge.claims["iss"]] }))));
        rows.push(made(&format!("{member} in a list with others"), move |forge| {
            forge.with(&json!({}), &json!({ member: [forge.claims["iss"], "https://other.example"] }))
        }));
    }
    rows.extend([
        claims(json!({ "sub": PROVIDER })),
        claims(json!({ "client_id": PROVIDER })),
        claims(json!({ "sub": PROVIDER, "client_id": PROVIDER })),
        claims(json!({ "sub": PROVIDER, "client_id": PROVIDER, "organisation": "RY4" })),
        claims(json!({ "sub": "nobody", "client_id": "nobody" })),
        claims(json!({ "sub": "COUNCIL-HERTS", "client_id": "COUNCIL-HERTS" })),
        claims(json!({ "sub": "council-herts ", "client_id": "council-herts " })),
        claims(json!({ "client_id": [COUNCIL, PROVIDER] })),
        claims(json!({ "organisation": "RY4" })),
        claims(json!({ "organisation": "no code at all" })),
        claims(json!({ "scope": ["ehcp:read"] })),
        claims(json!({ "scope": 1 })),
        claims(json!({ "cnf": {} })),
        claims(json!({ "cnf": "x5t#S256" })),
        claims(json!({ "cnf": { "x5t#S256": "" } })),
        claims(json!({ "cnf": { "x5t#S256": NULL } })),
        claims(json!({ "cnf": { "x5t#S256": 1 } })),
        claims(json!({ "cnf": { "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" } })),
        claims(json!({ "cnf": { "jkt": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" } })),
        made("cnf of the right thumbprint under another name", |forge| {
            forge.with(&json!({}), &json!({ "cnf": { "x5t": forge.claims["cnf"]["x5t#S256"] } }))
        }),
        made("cnf of the right thumbprint in a list", |forge| {
            forge.with(&json!({}), &json!({ "cnf": { "x5t#S256": [forge.claims["cnf"]["x5t#S256"]] } }))
        }),
        made("cnf of the right thumbprint, padded", |forge| {
            forge.with(&json!({}), &json!({ "cnf": { "x5t#S256": format!("{}=", forge.claims["cnf"]["x5t#S256"].as_str().unwrap()) } }))
        }),
        made("cnf of half of the right thumbprint", |forge| {
            forge.with(&json!({}), &json!({ "cnf": { "x5t#S256": forge.claims["cnf"]["x5t#S256"].as_str().unwrap()[..20] } }))
        }),
        made("cnf beside the claims", |forge| forge.with(&json!({}), &json!({ "cnf": null, "x5t#S256": forge.claims["cnf"]["x5t#S256"] }))),
    ]);
    rows.extend(bad_times(600));
    rows
}

/// Times that are wrong in a token that may last `lifetime` seconds.
pub(super) fn bad_times(lifetime: i64) -> Vec<Row> {
    let mut rows: Vec<_> = [
        json!("4000000000"),
        json!(4e9),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(true),
        json!(["4000000000"]),
    ]
    .into_iter()
    .map(|time| claims(json!({ "exp": time })))
    .collect();
    rows.extend(
        [json!("0"), json!(0), json!(1.5), json!(i64::MIN), json!(i64::MAX), json!(true)].map(|time| claims(json!({ "iat": time }))),
    );
    rows.extend([
        times(&[("iat", -10), ("exp", 0)]),
        times(&[("iat", -10), ("exp", -1)]),
        times(&[("iat", -AGES), ("exp", -AGES + 60)]),
        times(&[("iat", 60), ("exp", 120)]),
        times(&[("iat", AGES), ("exp", AGES + 60)]),
        times(&[("iat", 60), ("exp", 30)]),
        times(&[("iat", 0), ("exp", lifetime + 60)]),
        times(&[("iat", 0), ("exp", AGES)]),
        times(&[("iat", -lifetime - 60), ("exp", 30)]),
        times(&[("iat", -AGES), ("exp", 30)]),
        made("exp in milliseconds", |forge| forge.with(&json!({}), &json!({ "exp": (forges::now() + 60) * 1_000 }))),
        made("exp with a fraction", |forge| forge.with(&json!({}), &json!({ "exp": forges::now() as f64 + 60.5 }))),
    ]);
    rows
}

pub(super) fn controls() -> Vec<Row> {
    vec![
        made("right in every way", Forge::right),
        header(json!({ "typ": "application/at+jwt" })),
        header(json!({ "typ": "AT+JWT" })),
        header(json!({ "cty": "text/plain", "x5t": "AAAA", "colour": "red" })),
        claims(json!({ "nonce": "1", "auth_time": 0, "groups": ["one"] })),
        claims(json!({ "scope": "made:up ehcp:read" })),
        claims(json!({ "scope": " ehcp:read  audit:read " })),
        times(&[("iat", -300), ("exp", 5)]),
        times(&[("iat", 20), ("exp", 600)]),
        made("spaces in the JSON", |forge| forge.of(format!(" {} ", forge.header), format!("\n{}\t", forge.claims()))),
    ]
}

on_both! {
    async fn only_the_gateways_own_token_for_this_client_and_certificate_is_accepted(world: World) {
        let council = world.persona(COUNCIL);
        let forge = own(&world, COUNCIL, "E10000015");
        each(&controls(), &forge, async |token| granted(&read(&council, token).await)).await;
        each(&attacks(), &forge, async |token| token_refused(&read(&council, token).await)).await;
        each(&controls(), &forge, async |token| granted(&read(&council, token).await)).await;
        // A right token is refused with any certificate but its own.
        each(&controls(), &forge, async |token| token_refused(&read(&world.persona(PROVIDER), token).await)).await;
        each(&controls(), &own(&world, PROVIDER, "RY4"), async |token| token_refused(&read(&council, token).await)).await;
    }

    async fn a_token_gives_no_scope_that_the_partnership_does_not(world: World) {
        let council = world.persona(COUNCIL);
        let forge = own(&world, COUNCIL, "E10000015");
        for scope in ["", "made:up", "audit:read", "EHCP:READ", "ehcp:*", "*", "ehcp:read,advice:request", "ehcp:read\tadvice:read", "waiting-list:write"] {
            let token = forge.with(&json!({}), &json!({ "scope": scope }));
            read(&council, &token).await.expect_problem(403, "scope-missing");
        }
        let all = forge.with(&json!({}), &json!({ "scope": "ehcp:read audit:read dashboard:read waiting-list:write" }));
        let council = council.with_token(Some(&all));
        council.get("/v1/ehcp/cases").await.expect_status(200);
        for path in ["/v1/audit/events", "/v1/dashboard/releases"] {
            let answer = council.get(path).await;
            answer.expect_problem(403, "scope-missing");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer error=\"insufficient_scope\""));
        }
    }
}
