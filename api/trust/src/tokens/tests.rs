use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::Authentication;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::*;
use domain::Ring;

const ISSUER: &str = "https://127.0.0.1:8443";
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

static PEM: LazyLock<String> = LazyLock::new(|| rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem());

fn tokens() -> Tokens {
    tokens_of(&[&PEM])
}

/// Tokens with keys in PEM. The last key is in force.
fn tokens_of(pems: &[&str]) -> Tokens {
    let keys = (1..).zip(pems).map(|(id, pem)| (id, SigningKey::from_pem(pem.as_bytes()).unwrap())).collect();
    let keys = Arc::new(Ring::new(keys, u32::try_from(pems.len()).unwrap()).unwrap());
    Tokens::new(ISSUER.into(), move || Arc::clone(&keys))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn client() -> Client {
    Client {
        id: "council-herts".into(),
        organisation: "E10000015".parse().unwrap(),
        may_submit_for: vec![],
        authority: "demonstration".into(),
        certificate_name: "council-herts.clients.sendbridge.example".into(),
        scopes: ["ehcp:read".parse().unwrap(), "advice:request".parse().unwrap()].into(),
        keys: vec![],
        authentication: Authentication::Tls,
    }
}

fn issued(tokens: &Tokens) -> String {
    tokens.issue(&client(), &client().scopes, THUMBPRINT, at(0), Uuid::nil()).unwrap()
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

/// A token with any header and claims, signed by the gateway's own key.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_ec_pem(PEM.as_bytes()).unwrap(), Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

fn with(value: &Value, change: &Value) -> String {
    let mut value = value.clone();
    for (name, to) in change.as_object().unwrap() {
        match to {
            Value::Null => value.as_object_mut().unwrap().remove(name),
            to => value.as_object_mut().unwrap().insert(name.clone(), to.clone()),
        };
    }
    value.to_string()
}

#[test]
fn an_issued_token_is_of_rfc_9068_and_verifies() {
    let tokens = tokens();
    let token = issued(&tokens);
    assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": "ES256", "kid": tokens.keys().get(1).unwrap().id() }));
    assert_eq!(
        part(&token, 1),
        json!({
            "iss": ISSUER, "aud": ISSUER, "sub": "council-herts", "client_id": "council-herts", "organisation": "E10000015",
            "iat": at(0).timestamp(), "exp": at(600).timestamp(), "jti": Uuid::nil(), "scope": "ehcp:read advice:request",
            "cnf": { "x5t#S256": THUMBPRINT },
        })
    );
    // The second answer comes from memory.
    for _ in 0..2 {
        let verified = tokens.verify(&token, &[], THUMBPRINT, at(0)).unwrap();
        assert_eq!((verified.client.as_str(), &verified.scopes), ("council-herts", &client().scopes));
    }
}

#[test]
fn a_token_holds_for_ten_minutes_and_not_a_second_more() {
    let tokens = tokens();
    let token = issued(&tokens);
    for (seconds, outcome) in [
        (-31, Some(TokenError::Time)),
        (-30, None),
        (0, None),
        (599, None),
        (600, Some(TokenError::Time)),
        (10_000, Some(TokenError::Time)),
    ] {
        assert_eq!(tokens.verify(&token, &[], THUMBPRINT, at(seconds)).err(), outcome, "{seconds}");
    }
}

#[test]
fn a_token_serves_the_certificate_it_is_bound_to_alone() {
    let tokens = tokens();
    let token = issued(&tokens);
    assert!(tokens.verify(&token, &[], THUMBPRINT, at(0)).is_ok());
    assert_eq!(tokens.verify(&token, &[], "another", at(0)).err(), Some(TokenError::Certificate));
    assert_eq!(tokens.verify(&token, &[], "", at(0)).err(), Some(TokenError::Certificate));
}

#[test]
fn controls_signed_by_the_key_itself_pass() {
    let tokens = tokens();
    let token = issued(&tokens);
    let (header, claims) = (part(&token, 0), part(&token, 1));
    for header in
        [header.to_string(), with(&header, &json!({ "typ": "application/at+jwt" })), with(&header, &json!({ "typ": "AT+JWT", "cty": "x" }))]
    {
        assert!(tokens.verify(&signed(&header, &claims.to_string()), &[], THUMBPRINT, at(0)).is_ok(), "{header}");
    }
    for claims in
        [with(&claims, &json!({ "nonce": "1" })), with(&claims, &json!({ "scope": "" })), with(&claims, &json!({ "scope": "made:up" }))]
    {
        assert!(tokens.verify(&signed(&header.to_string(), &claims), &[], THUMBPRINT, at(0)).is_ok(), "{claims}");
    }
}

#[test]
fn a_header_that_is_not_the_gateways_is_refused_even_when_signed() {
    let tokens = tokens();
    let token = issued(&tokens);
    let (header, claims) = (part(&token, 0), part(&token, 1).to_string());
    for (change, outcome) in [
        (json!({ "alg": "none" }), TokenError::Key),
        (json!({ "alg": "None" }), TokenError::Key),
        (json!({ "alg": "HS256" }), TokenError::Key),
        (json!({ "alg": "RS256" }), TokenError::Key),
        (json!({ "alg": "ES384" }), TokenError::Key),
        (json!({ "alg": null }), TokenError::Key),
        (json!({ "kid": "another" }), TokenError::Key),
        (json!({ "kid": "../../keys/token-signing.pem" }), TokenError::Key),
        (json!({ "kid": null }), TokenError::Key),
        (json!({ "kid": 1 }), TokenError::Key),
        (json!({ "typ": "JWT" }), TokenError::Type),
        (json!({ "typ": null }), TokenError::Type),
        (json!({ "crit": ["exp"] }), TokenError::Malformed),
        (json!({ "crit": [] }), TokenError::Malformed),
        (json!({ "jku": "https://example.org" }), TokenError::Malformed),
        (json!({ "x5u": "https://example.org" }), TokenError::Malformed),
        (json!({ "x5c": [] }), TokenError::Malformed),
        (json!({ "jwk": {} }), TokenError::Malformed),
        (json!({ "b64": false }), TokenError::Malformed),
        (json!({ "zip": "DEF" }), TokenError::Malformed),
    ] {
        assert_eq!(tokens.verify(&signed(&with(&header, &change), &claims), &[], THUMBPRINT, at(0)).err(), Some(outcome), "{change}");
    }
    let twice = header.to_string().replace("{", "{\"alg\":\"none\",");
    assert_eq!(tokens.verify(&signed(&twice, &claims), &[], THUMBPRINT, at(0)).err(), Some(TokenError::Malformed));
}

#[test]
fn claims_that_are_not_the_gateways_are_refused_even_when_signed() {
    let tokens = tokens();
    let token = issued(&tokens);
    let (header, claims) = (part(&token, 0).to_string(), part(&token, 1));
    for (change, outcome) in [
        (json!({ "iss": "https://127.0.0.1:8443/" }), TokenError::Audience),
        (json!({ "iss": null }), TokenError::Malformed),
        (json!({ "aud": "https://127.0.0.1:9443" }), TokenError::Audience),
        (json!({ "aud": [ISSUER, "https://other.example"] }), TokenError::Malformed),
        (json!({ "aud": null }), TokenError::Malformed),
        (json!({ "exp": at(601).timestamp() }), TokenError::Time),
        (json!({ "exp": i64::MAX }), TokenError::Time),
        (json!({ "exp": at(0).timestamp() }), TokenError::Time),
        (json!({ "exp": "1800000600" }), TokenError::Malformed),
        (json!({ "exp": 1.8e9 }), TokenError::Malformed),
        (json!({ "exp": null }), TokenError::Malformed),
        (json!({ "iat": null }), TokenError::Malformed),
        (json!({ "iat": i64::MIN }), TokenError::Time),
        (json!({ "iat": at(60).timestamp() }), TokenError::Time),
        (json!({ "cnf": null }), TokenError::Malformed),
        (json!({ "cnf": {} }), TokenError::Malformed),
        (json!({ "cnf": { "x5t#S256": "another" } }), TokenError::Certificate),
        (json!({ "cnf": { "jkt": THUMBPRINT } }), TokenError::Malformed),
        (json!({ "sub": "provider-hct" }), TokenError::Malformed),
        (json!({ "client_id": null }), TokenError::Malformed),
        (json!({ "jti": "" }), TokenError::Malformed),
        (json!({ "scope": ["ehcp:read"] }), TokenError::Malformed),
    ] {
        assert_eq!(tokens.verify(&signed(&header, &with(&claims, &change)), &[], THUMBPRINT, at(0)).err(), Some(outcome), "{change}");
    }
    let twice = claims.to_string().replace("{\"aud\"", "{\"aud\":\"x\",\"aud\"");
    assert_ne!(twice, claims.to_string());
    assert_eq!(tokens.verify(&signed(&header, &twice), &[], THUMBPRINT, at(0)).err(), Some(TokenError::Malformed));
}

#[test]
fn a_token_that_is_changed_stripped_or_anothers_is_refused() {
    let tokens = tokens();
    let token = issued(&tokens);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    let other = tokens_of(&[&rcgen::KeyPair::generate().unwrap().serialize_pem()]);
    let widened = BASE64.encode(with(&part(&token, 1), &json!({ "scope": "audit:read" })));
    let unsigned = BASE64.encode(with(&part(&token, 0), &json!({ "alg": "none" })));
    for attack in [
        String::new(),
        ".".into(),
        "..".into(),
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!("{header}.{widened}.{signature}"),
        format!("{unsigned}.{body}."),
        format!("{header}.{body}.{}", BASE64.encode([0; 64])),
        format!("{header}.{body}.{}", BASE64.encode([0xff; 64])),
        format!("{header}.{body}.{body}.{signature}"),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{}.{body}.{signature}", header.to_lowercase()),
        "a".repeat(5000),
        format!("{token}{}", "A".repeat(5000)),
        issued(&other),
    ] {
        assert!(tokens.verify(&attack, &[], THUMBPRINT, at(0)).is_err(), "{attack:.200}");
    }
    for flipped in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[flipped] = if bytes[flipped] == b'A' { b'B' } else { b'A' };
        assert!(tokens.verify(str::from_utf8(&bytes).unwrap(), &[], THUMBPRINT, at(0)).is_err(), "byte {flipped}");
    }
    assert!(tokens.verify(&token, &[], THUMBPRINT, at(0)).is_ok());
}

#[test]
fn only_a_p256_key_signs() {
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap().serialize_pem();
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    for wrong in [p384.as_str(), &ed25519, "", "not PEM"] {
        assert!(SigningKey::from_pem(wrong.as_bytes()).is_err());
    }
}

#[test]
fn the_published_key_is_the_public_half_alone() {
    let jwk = serde_json::to_value(tokens().keys().get(1).unwrap().jwk()).unwrap();
    assert_eq!((&jwk["kty"], &jwk["crv"], &jwk["alg"], &jwk["use"]), (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig")));
    assert!(jwk.get("d").is_none() && jwk["kid"].is_string());
}

#[test]
fn a_token_of_an_older_key_holds_until_that_key_is_gone() {
    let newer = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let tokens = tokens_of(&[&PEM, &newer]);
    let (old, new) = (issued(&tokens_of(&[&PEM])), issued(&tokens));
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    for token in [&old, &new] {
        assert!(tokens.verify(token, &[], THUMBPRINT, at(599)).is_ok());
    }
    assert_eq!(tokens_of(&[&newer]).verify(&old, &[], THUMBPRINT, at(0)).err(), Some(TokenError::Key));
}

#[test]
fn a_token_that_is_remembered_counts_no_longer_than_its_key() {
    let newer = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let (both, one) = (tokens_of(&[&PEM, &newer]).keys(), tokens_of(&[&newer]).keys());
    let live = Arc::new(arc_swap::ArcSwap::new(both));
    let keys = Arc::clone(&live);
    let tokens = Tokens::new(ISSUER.into(), move || keys.load_full());
    let old = issued(&tokens_of(&[&PEM]));
    assert!(tokens.verify(&old, &[], THUMBPRINT, at(0)).is_ok());
    live.store(one);
    assert_eq!(tokens.verify(&old, &[], THUMBPRINT, at(0)).err(), Some(TokenError::Key));
}
