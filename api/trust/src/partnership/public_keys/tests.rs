use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};

use super::*;
use crate::partnership::tests::WHOLE;
use crate::partnership::{LineFault, parse_partnership};

const SCOPES: &str = "scopes = [\"ehcp:read\", \"advice:request\"]\n";
const AGREEMENT: &str = "[[agreement]]\n";

fn generate(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A P-256 key as an inline table, with additional members.
fn jwk(key: &KeyPair, more: &str) -> String {
    let point = key.public_key_raw();
    format!("{{ kty = \"EC\", crv = \"P-256\", x = \"{}\", y = \"{}\"{more} }}", encode(&point[1..33]), encode(&point[33..]))
}

fn pem(key: &KeyPair) -> String {
    format!("\"\"\"{}\"\"\"", key.public_key_pem())
}

/// The partnership file with extra lines after the client's scopes.
fn client_with(lines: &str) -> Result<Vec<PublicKey>, Vec<LineFault>> {
    let text = WHOLE.replace(SCOPES, &format!("{SCOPES}{lines}\n"));
    parse_partnership(&text, &["demonstration".to_owned()]).map(|partnership| partnership.client("council-herts").unwrap().keys.clone())
}

/// The message of the only fault, which is on the line after the scopes.
fn fault(lines: &str) -> String {
    let line = WHOLE.lines().position(|line| SCOPES.trim_end() == line).unwrap() + 2;
    let faults = client_with(lines).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].line, line, "{faults:?}");
    faults[0].message.clone()
}

#[test]
fn keys_come_as_jwks_and_as_pem() {
    let (p256, ed25519, rsa) = (generate(&PKCS_ECDSA_P256_SHA256), generate(&PKCS_ED25519), generate(&PKCS_RSA_SHA256));
    let other = generate(&PKCS_ECDSA_P256_SHA256);
    let keys = [
        jwk(&p256, ", kid = \"one\", alg = \"ES256\", use = \"sig\", key_ops = [\"verify\"]"),
        format!("{{ kid = \"two\", alg = \"PS256\", pem = {} }}", pem(&rsa)),
        format!("{{ kty = \"OKP\", crv = \"Ed25519\", x = \"{}\", kid = \"three\" }}", encode(ed25519.public_key_raw())),
        pem(&other),
    ];
    let read = client_with(&format!("keys = [{}]", keys.join(",\n"))).unwrap();
    let named: Vec<_> = read.iter().map(|key| (key.id.as_str(), key.algorithm.as_str())).collect();
    assert_eq!(named[..3], [("one", "ES256"), ("two", "PS256"), ("three", "EdDSA")]);
    assert_eq!(
        (read[0].material.clone(), read[3].algorithm),
        (KeyMaterial::Point(p256.public_key_raw().to_vec()), SignatureAlgorithm::Es256)
    );
    // A key without a name goes by its thumbprint, however it is written.
    let by_jwk = client_with(&format!("keys = [{}]", jwk(&other, ""))).unwrap();
    assert_eq!((by_jwk[0].id.as_str(), by_jwk[0].id.len()), (named[3].0, 43));
}

#[test]
fn a_key_that_is_not_allowed_is_refused_with_its_line() {
    let p256 = generate(&PKCS_ECDSA_P256_SHA256);
    let (p384, rsa) = (generate(&PKCS_ECDSA_P384_SHA384), generate(&PKCS_RSA_SHA256));
    let point = p256.public_key_raw();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let private = fault(&format!("keys = [\"\"\"{}\"\"\"]", p256.serialize_pem()));
    assert!(private.starts_with("a private key") && !private.contains(&p256.serialize_pem()[30..60]));
    for (keys, message) in [
        (jwk(&p256, ", d = \"AQAB\""), "a private key"),
        ("{ kty = \"oct\", k = \"AAAA\" }".into(), "a private key"),
        (jwk(&p256, ", alg = \"ES384\""), "not one of: ES256, EdDSA, PS256, RS512"),
        (jwk(&p256, ", alg = \"HS256\""), "not one of: "),
        (jwk(&p256, ", alg = \"none\""), "not one of: "),
        (jwk(&p256, ", alg = \"PS256\""), "a key is for"),
        (jwk(&p256, ", use = \"enc\""), "a key whose use"),
        (jwk(&p256, ", key_ops = [\"sign\"]"), "a key whose key_ops"),
        (jwk(&p256, ", kid = \"\""), "kid has"),
        (jwk(&p256, ", colour = \"red\""), "unknown field"),
        (jwk(&p256, &format!(", pem = {}", pem(&p256))), "a key is for"),
        (pem(&p384), "a key is for"),
        (format!("{{ kty = \"EC\", crv = \"P-384\", x = \"{x}\", y = \"{y}\" }}"), "a key is for"),
        (format!("{{ kty = \"EC\", crv = \"P-256\", x = \"{x}\", y = \"{x}\" }}"), "not a point"),
        (format!("{{ kty = \"EC\", crv = \"P-256\", x = \"{x}\" }}"), "not a point"),
        (format!("{{ kty = \"EC\", crv = \"P-256\", x = \"{x}=\", y = \"{y}\" }}"), "not base64url"),
        ("{ kty = \"OKP\", crv = \"Ed25519\", x = \"AAAA\" }".into(), "not a point"),
        ("{ kty = \"OKP\", crv = \"Ed448\", x = \"AAAA\" }".into(), "a key is for"),
        (pem(&rsa), "alg says"),
        (format!("{{ pem = {}, alg = \"ES256\" }}", pem(&rsa)), "a key is for"),
        ("\"https://partner.example/jwks.json\"".into(), "not one public key in PEM"),
        (format!("\"\"\"{}{}\"\"\"", p256.public_key_pem(), p384.public_key_pem()), "not one public key in PEM"),
        ("7".into(), "invalid type"),
    ] {
        let told = fault(&format!("keys = [{keys}]"));
        assert!(told.contains(message), "{keys}: {told}");
    }
}

#[test]
fn an_rsa_key_that_is_short_or_ill_made_is_refused() {
    let key = |bytes: usize, last: u8, exponent: &[u8]| {
        let mut modulus = vec![0xc5; bytes];
        *modulus.last_mut().unwrap() = last;
        format!("keys = [{{ kty = \"RSA\", alg = \"PS256\", n = \"{}\", e = \"{}\" }}]", encode(&modulus), encode(exponent))
    };
    let good: &[u8] = &[1, 0, 1];
    assert_eq!(client_with(&key(256, 0xc5, good)).unwrap().len(), 1);
    for (keys, message) in [
        (key(255, 0xc5, good), "between 2048"),
        (key(1025, 0xc5, good), "between 2048"),
        (key(256, 0xc4, good), "not an RSA modulus"),
        (key(256, 0xc5, &[1]), "an RSA exponent"),
        (key(256, 0xc5, &[3]), "an RSA exponent"),
        (key(256, 0xc5, &[1, 0, 0]), "an RSA exponent"),
        (key(256, 0xc5, &[1, 0, 0, 0, 1]), "an RSA exponent"),
        (key(256, 0xc5, &[]), "an RSA exponent"),
    ] {
        assert!(fault(&keys).contains(message), "{message}");
    }
}

#[test]
fn keys_and_issuers_that_make_no_sense_together_are_refused_with_their_lines() {
    let (one, two) = (generate(&PKCS_ECDSA_P256_SHA256), generate(&PKCS_ECDSA_P256_SHA256));
    let name = ", kid = \"same\"";
    assert!(fault(&format!("keys = [{}, {}]", jwk(&one, name), jwk(&two, name))).contains("called same"));
    assert!(fault(&format!("keys = [{}, {}]", jwk(&one, name), jwk(&one, ""))).contains("twice"));
    assert!(fault("authentication = \"private-key-jwt\"").contains("no keys"));
    assert!(fault("authentication = \"either\"").contains("no keys"));
    assert!(fault("authentication = \"secret\"").contains("not one of: tls, private-key-jwt, either"));

    let issuer = |url: &str, clients: &str, keys: &str| {
        format!("[[issuer]]\nurl = \"{url}\"\naudience = \"https://gateway.example\"\nclients = [{clients}]\nkeys = [{keys}]\n")
    };
    let read =
        |issuers: &str| parse_partnership(&WHOLE.replace(AGREEMENT, &format!("{issuers}{AGREEMENT}")), &["demonstration".to_owned()]);
    let (url, client) = ("https://login.partner.example", "\"council-herts\"");
    let good = issuer(url, client, &jwk(&one, ""));
    assert!(read(&good).unwrap().issuers()[0].speaks_for("council-herts"));
    let line = WHOLE.lines().position(|line| line == AGREEMENT.trim_end()).unwrap() + 1;
    for (issuers, below, message) in [
        (issuer("http://login.partner.example", client, &jwk(&one, "")), 1, "an issuer is https://"),
        (issuer("https://login.partner.example/?x", client, &jwk(&one, "")), 1, "an issuer is https://"),
        (issuer(url, "\"provider-hct\"", &jwk(&one, "")), 3, "not a client of this file"),
        (issuer(url, "", &jwk(&one, "")), 3, "named clients"),
        (issuer(url, client, ""), 4, "an issuer has keys"),
        (issuer(url, client, &jwk(&one, "")).replace("\"https://gateway.example\"", "\"\""), 2, "name this gateway"),
        (good.clone() + &issuer(url, client, &jwk(&two, "")), 6, "stands here twice"),
        (good + &issuer("https://other.example", client, &jwk(&one, "")), 9, "stands in this file twice"),
    ] {
        let faults = read(&issuers).unwrap_err();
        assert!(faults[0].message.contains(message), "{faults:?}");
        assert_eq!((faults.len(), faults[0].line), (1, line + below), "{faults:?}");
    }
}
