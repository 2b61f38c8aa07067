//! A valid token is refused once it has been edited in any way.

use std::sync::LazyLock;

use domain::{Authentication, KeyMaterial, PublicKey, SignatureAlgorithm};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::json;

use domain::Ring;

use super::*;

const ISSUER: &str = "https://gateway.example";
const OUTSIDE: &str = "https://login.partner.example";
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
const NOW: i64 = 1_800_000_000;

/// The gateway's tokens, and one valid token of each kind.
struct Right {
    tokens: Tokens,
    client: Client,
    issuers: [TokenIssuer; 1],
    own: String,
    outside: String,
    assertion: String,
    /// By the client, about another client.
    about_another: String,
}

static RIGHT: LazyLock<Right> = LazyLock::new(|| {
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let point = KeyMaterial::Point(key.public_key_raw().to_vec());
    let keys = vec![PublicKey { id: "one".into(), algorithm: SignatureAlgorithm::Es256, material: point }];
    let client = Client {
        id: "council-herts".into(),
        organisation: "E10000015".parse().unwrap(),
        may_submit_for: vec![],
        authority: "demonstration".into(),
        certificate_name: "council-herts.clients.sendbridge.example".into(),
        scopes: ["ehcp:read".parse().unwrap()].into(),
        keys: keys.clone(),
        authentication: Authentication::Either,
    };
    let sign = |kind: &str, claims: serde_json::Value| {
        let header =
            jsonwebtoken::Header { typ: Some(kind.into()), kid: Some("one".into()), ..jsonwebtoken::Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap()).unwrap()
    };
    let own = SigningKey::from_pem(rcgen::KeyPair::generate().unwrap().serialize_pem().as_bytes()).unwrap();
    let own = Arc::new(Ring::new([(1, own)].into(), 1).unwrap());
    let tokens = Tokens::new(ISSUER.into(), move || Arc::clone(&own));
    let own = tokens.issue(&client, &client.scopes, THUMBPRINT, now, Uuid::nil()).unwrap();
    let outside = json!({
        "iss": OUTSIDE, "aud": ISSUER, "sub": client.id, "client_id": client.id, "iat": NOW, "exp": NOW + 600, "jti": "1",
        "scope": "ehcp:read", "cnf": { "x5t#S256": THUMBPRINT },
    });
    let about_another = json!({ "iss": client.id, "sub": "provider-hct", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "1" });
    let assertion = json!({ "iss": client.id, "sub": client.id, "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "1" });
    Right {
        issuers: [TokenIssuer { url: OUTSIDE.into(), audience: ISSUER.into(), clients: vec![client.id.clone()], keys }],
        own,
        outside: sign("at+jwt", outside),
        assertion: sign("JWT", assertion),
        about_another: sign("JWT", about_another),
        client,
        tokens,
    }
});

impl Right {
    fn believes(&self, token: &str, is_assertion: bool) -> bool {
        let now = DateTime::from_timestamp(NOW + 1, 0).unwrap();
        if is_assertion {
            Assertion::parse(token).and_then(|assertion| assertion.check(&self.client, ISSUER, now)).is_ok()
        } else {
            self.tokens.verify(token, &self.issuers, THUMBPRINT, now).is_ok()
        }
    }
}

/// One change at a position, which is taken modulo the length.
#[derive(Debug, Clone)]
enum Edit {
    Replace(usize, char),
    Insert(usize, char),
    Remove(usize),
    Swap(usize, usize),
    Cut(usize),
    Repeat(usize, usize),
    FlipBit(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let letter = prop_oneof![
        proptest::char::range('a', 'z'),
        proptest::char::range('A', 'Z'),
        proptest::char::range('0', '9'),
        Just('-'),
        Just('.'),
        Just('='),
        any::<char>()
    ];
    prop_oneof![
        (any::<usize>(), letter.clone()).prop_map(|(at, letter)| Edit::Replace(at, letter)),
        (any::<usize>(), letter).prop_map(|(at, letter)| Edit::Insert(at, letter)),
        any::<usize>().prop_map(Edit::Remove),
        (any::<usize>(), any::<usize>()).prop_map(|(one, two)| Edit::Swap(one, two)),
        any::<usize>().prop_map(Edit::Cut),
        (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        (0..3_usize, any::<usize>()).prop_map(|(part, bit)| Edit::FlipBit(part, bit)),
    ]
}

fn apply(token: &str, edit: &Edit) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    let length = letters.len().max(1);
    match *edit {
        _ if letters.is_empty() => {}
        Edit::Replace(at, letter) => letters[at % length] = letter,
        Edit::Insert(at, letter) => letters.insert(at % length, letter),
        Edit::Remove(at) => drop(letters.remove(at % length)),
        Edit::Swap(one, two) => letters.swap(one % length, two % length),
        Edit::Cut(at) => letters.truncate(at % length),
        Edit::Repeat(from, to) => {
            let (from, to) = (from % length, to % length);
            letters.extend_from_within(from.min(to)..from.max(to));
        }
        Edit::FlipBit(part, bit) => return flip(token, part, bit),
    }
    letters.into_iter().collect()
}

/// Flips one bit in the decoded part, and encodes the part again.
fn flip(token: &str, part: usize, bit: usize) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let flipped = token.split('.').enumerate().map(|(at, text)| match BASE64.decode(text) {
        Ok(mut bytes) if at == part && !bytes.is_empty() => {
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            BASE64.encode(bytes)
        }
        _ => text.to_owned(),
    });
    flipped.collect::<Vec<_>>().join(".")
}

#[test]
fn unedited_tokens_are_believed() {
    for (token, is_assertion) in [(&RIGHT.own, false), (&RIGHT.outside, false), (&RIGHT.assertion, true)] {
        assert!(RIGHT.believes(token, is_assertion));
        assert!(!RIGHT.believes(token, !is_assertion));
    }
}

#[test]
fn an_assertion_is_about_the_client_it_is_checked_for() {
    // Another client with the same keys: the assertion's own claims decide.
    let check = |id: &str| {
        let client = Client { id: id.into(), ..RIGHT.client.clone() };
        let now = DateTime::from_timestamp(NOW + 1, 0).unwrap();
        Assertion::parse(&RIGHT.about_another).and_then(|assertion| assertion.check(&client, ISSUER, now)).err()
    };
    assert_eq!(check("council-herts"), Some(TokenError::Subject));
    assert_eq!(check("provider-hct"), Some(TokenError::Subject));
}

/// How many edits are tried: a thousand, or ten thousand.
fn cases() -> u32 {
    if std::env::var_os("SENDBRIDGE_TESTS").is_some_and(|tests| tests == "whole") { 10_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_token_is_never_believed(edits in proptest::collection::vec(edit(), 1..4)) {
        for (token, is_assertion) in [(&RIGHT.own, false), (&RIGHT.outside, false), (&RIGHT.assertion, true)] {
            let edited = edits.iter().fold(token.clone(), |token, edit| apply(&token, edit));
            prop_assume!(edited != *token);
            prop_assert!(!RIGHT.believes(&edited, is_assertion), "{edited}");
        }
    }
}
