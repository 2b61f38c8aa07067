use std::path::{Path, PathBuf};

use jsonwebtoken::Validation;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::*;

fn signer(folder: &Path, key: &KeyPair, algorithm: Option<SignatureAlgorithm>, key_id: Option<&str>) -> Result<Signer, ClientError> {
    let path = folder.join("signing-key.pem");
    std::fs::write(&path, key.serialize_pem()).unwrap();
    let configuration = Configuration {
        gateway: "https://127.0.0.1:8443".into(),
        issuer: None,
        client_id: "provider-hct".into(),
        certificate: PathBuf::new(),
        key: PathBuf::new(),
        authority: PathBuf::new(),
        signing: Some(Signing { key: path, key_id: key_id.map(Into::into), algorithm }),
    };
    Signer::open(&configuration).map(Option::unwrap)
}

#[test]
fn an_assertion_says_what_the_gateway_asks_for_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let rsa = generate(&PKCS_RSA_SHA256);
    for (key, stated, algorithm) in [
        (&generate(&PKCS_ECDSA_P256_SHA256), None, Algorithm::ES256),
        (&generate(&PKCS_ED25519), None, Algorithm::EdDSA),
        (&rsa, None, Algorithm::PS256),
        (&rsa, Some(SignatureAlgorithm::Rs512), Algorithm::RS512),
    ] {
        let signer = signer(folder.path(), key, stated, None).unwrap();
        let assertion = signer.assertion("https://gateway.example", "once", now()).unwrap();
        let jwk = public_half(&signer.key, algorithm).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&["https://gateway.example"]);
        let read = jsonwebtoken::decode::<Value>(&assertion, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        assert_eq!(read.header.kid, Some(jwk.thumbprint(ThumbprintHash::SHA256).unwrap()));
        let iat = read.claims["iat"].as_i64().unwrap();
        let expected = json!({
            "iss": "provider-hct", "sub": "provider-hct", "aud": "https://gateway.example", "iat": iat, "exp": iat + 60, "jti": "once",
        });
        assert_eq!(read.claims, expected);
    }
}

#[test]
fn a_key_may_have_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let signer = signer(folder.path(), &KeyPair::generate().unwrap(), None, Some("2026-1")).unwrap();
    assert_eq!(signer.header.kid.as_deref(), Some("2026-1"));
}

#[test]
fn a_key_that_is_for_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    assert!(matches!(signer(folder.path(), &p384, None, None), Err(ClientError::Configuration { .. })));
    let p256 = KeyPair::generate().unwrap();
    let wrong = Some(SignatureAlgorithm::Ps256);
    assert!(matches!(signer(folder.path(), &p256, wrong, None), Err(ClientError::Configuration { .. })));
}
