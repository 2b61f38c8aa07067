//! Forged, replayed, stripped, confused and borrowed tokens, over real mutual TLS. Each case is a named
//! row of a table, and each table has controls: right tokens, which are accepted.

mod access;
mod assertions;
mod forges;
mod outside;
mod partnerships;
mod replays;
mod requests;
mod rows;

use aws_lc_rs::digest;
use integration_tests::{Answer, Persona, World, until};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use forges::{Forge, Key, Row, encode};

const COUNCIL: &str = "council-herts";
const PROVIDER: &str = "provider-hct";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The outside issuers. The first issues tokens for the council, the second for the provider, and both
/// have a key with the same name.
const ISSUER: &str = "https://login.council.example/realms/one";
const OTHER_ISSUER: &str = "https://login.provider.example";
const SHARED: &str = "shared";

#[test]
fn the_suite_is_as_large_as_it_is_said_to_be() {
    let attacks = [access::attacks(), outside::attacks(), assertions::attacks()].iter().map(Vec::len).sum::<usize>() + requests::COUNT;
    let controls = [access::controls(), outside::controls(), assertions::controls()].iter().map(Vec::len).sum::<usize>();
    assert!(attacks >= 500 && controls >= 20, "{attacks} attacks, {controls} controls");
}

/// The gateway's issuer name.
fn issuer(world: &World) -> String {
    format!("https://{}", world.gateway.api_address())
}

/// The certificate's thumbprint, which the client's tokens are bound to.
fn thumbprint(world: &World, client: &str) -> String {
    let certificate = CertificateDer::from_pem_file(world.dir().join("clients").join(client).join("cert.pem")).unwrap();
    encode(digest::digest(&digest::SHA256, &certificate))
}

/// Makes access tokens with the gateway's own key, as somebody who stole it would.
fn own(world: &World, client: &str, organisation: &str) -> Forge {
    let pem = std::fs::read_to_string(world.dir().join("keys").join("token-signing.pem")).unwrap();
    let key = Key::read(&pem, Algorithm::ES256);
    Forge {
        header: json!({ "typ": "at+jwt", "alg": "ES256", "kid": key.id }),
        claims: json!({
            "iss": issuer(world), "aud": issuer(world), "sub": client, "client_id": client, "organisation": organisation,
            "iat": 0, "exp": 600, "scope": "ehcp:read", "cnf": { "x5t#S256": thumbprint(world, client) },
        }),
        key,
    }
}

/// Makes access tokens of an outside issuer for a client.
fn outsider(world: &World, url: &str, client: &str, algorithm: Algorithm, id: &str) -> Forge {
    Forge {
        key: Key::generate(algorithm),
        header: json!({ "typ": "at+jwt", "alg": format!("{algorithm:?}"), "kid": id }),
        claims: json!({
            "iss": url, "aud": "sendbridge", "sub": client, "client_id": client,
            "iat": 0, "exp": 600, "scope": "ehcp:read", "cnf": { "x5t#S256": thumbprint(world, client) },
        }),
    }
}

/// Makes assertions of a client.
fn asserter(world: &World, client: &str, key: Key, id: &str) -> Forge {
    Forge {
        header: json!({ "alg": format!("{:?}", key.algorithm), "kid": id }),
        claims: json!({ "iss": client, "sub": client, "aud": issuer(world), "iat": 0, "exp": 60 }),
        key,
    }
}

/// A signer for each of the four algorithms, with new keys of the client's.
fn asserters(world: &World, client: &str) -> Vec<Forge> {
    let algorithms = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS512];
    let each = algorithms.into_iter().enumerate();
    each.map(|(at, algorithm)| asserter(world, client, Key::generate(algorithm), &format!("key-{at}"))).collect()
}

fn listed<'f>(forges: impl IntoIterator<Item = &'f Forge>) -> String {
    let keys: Vec<_> = forges.into_iter().map(|forge| forge.key.in_toml(forge.header["kid"].as_str().unwrap())).collect();
    format!("keys = [{}]", keys.join(", "))
}

fn issuer_entry<'f>(url: &str, client: &str, forges: impl IntoIterator<Item = &'f Forge>) -> String {
    format!("\n[[issuer]]\nurl = \"{url}\"\naudience = \"sendbridge\"\nclients = [\"{client}\"]\n{}\n", listed(forges))
}

/// The partnership file with other lines in the place of a client's keys.
fn with_lines(text: &str, client: &str, lines: &str) -> String {
    let (before, rest) = text.split_once(&format!("id = \"{client}\"")).unwrap();
    let (between, rest) = rest.split_once("keys = [").unwrap();
    let (_, after) = rest.split_once("]\n").unwrap();
    format!("{before}id = \"{client}\"{between}{lines}\n{after}")
}

/// Waits until the gateway accepts a token.
async fn believed(persona: &Persona, forge: &Forge) {
    until("the token is believed", async || read(persona, &forge.right()).await.status == 200).await;
}

async fn read(persona: &Persona, token: &str) -> Answer {
    persona.clone().with_token(Some(token)).call(Method::GET, "/v1/ehcp/cases").send().await
}

async fn assert_with(persona: &Persona, assertion: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    persona.ask_for_token(&form).await
}

/// Checks that an access token was refused with 401 and no reason.
fn token_refused(answer: &Answer) -> Result<(), String> {
    let mut body: Value = serde_json::from_str(&answer.text).map_err(|error| format!("{}: {error}", answer.status))?;
    for member in ["request_id", "instance"] {
        body.as_object_mut().and_then(|body| body.remove(member)).ok_or("a problem without its request")?;
    }
    let expected = json!({ "type": "/problems/unauthorised", "title": "No valid certificate and token", "status": 401 });
    same(&(answer.status, &body, answer.header("www-authenticate")), &(401, &expected, Some("Bearer error=\"invalid_token\"")))
}

/// Checks that an assertion was refused with 401 `invalid_client` and no reason.
fn client_refused(answer: &Answer) -> Result<(), String> {
    let why = "the certificate or the assertion is not that client's, or does not count";
    let expected = json!({ "error": "invalid_client", "error_description": why });
    let body = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    same(&(answer.status, &body, answer.header("www-authenticate")), &(401, &expected, Some("Bearer")))?;
    same(&answer.header("cache-control"), &Some("no-store"))
}

fn granted(answer: &Answer) -> Result<(), String> {
    same(&answer.status, &200)
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found:?}, not {expected:?}")) }
}

/// Tries every row, and lists all that did not end as they should.
async fn each(rows: &[Row], forge: &Forge, attempt: impl AsyncFn(&str) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for row in rows {
        if let Err(why) = attempt(&row.make(forge)).await {
            wrong.push(format!("{:.200}: {why}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} went wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
