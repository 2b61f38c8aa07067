//! A signed token in compact form (RFC 7515), read as RFC 8725 asks: the key decides the algorithm, and the header must
//! agree with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{KeyMaterial, PublicKey, SignatureAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value};

use super::TokenError;
use crate::json::parse_json;

/// The longest token that is read, in bytes. The gateway's own have some 700.
const LONGEST: usize = 4096;

/// Header parameters that would make the verifier take a key, or a rule, from the token itself.
const REFUSED: [&str; 7] = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"];

/// The parts of a token. Trust none of them before the signature is verified.
#[derive(Debug)]
pub(crate) struct Jws<'t> {
    header: Map<String, Value>,
    message: &'t str,
    body: &'t str,
    signature: &'t str,
}

impl<'t> Jws<'t> {
    pub(crate) fn parse(token: &'t str) -> Result<Self, TokenError> {
        check_size(token)?;
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, body) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header = object(header)?;
        if body.contains('.') || REFUSED.iter().any(|name| header.contains_key(*name)) {
            return Err(TokenError::Malformed);
        }
        Ok(Self { header, message, body, signature })
    }

    /// Refuses a type that is not among these; `None` among them allows it to be left out. Types are compared like media
    /// types, and `application/` may be left out (RFC 7515, 4.1.9).
    pub(super) fn check_type(&self, kinds: &[Option<&str>]) -> Result<(), TokenError> {
        let kind = match self.header.get("typ") {
            None => None,
            Some(kind) => Some(kind.as_str().ok_or(TokenError::Type)?.to_ascii_lowercase()),
        };
        let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
        if kinds.contains(&kind) { Ok(()) } else { Err(TokenError::Type) }
    }

    /// The key that the header names, if any.
    pub(super) fn key_id(&self) -> Result<Option<&str>, TokenError> {
        self.header.get("kid").map(|id| id.as_str().ok_or(TokenError::Key)).transpose()
    }

    /// Refuses an algorithm that is not the key's.
    pub(super) fn check_algorithm(&self, name: &str) -> Result<(), TokenError> {
        if self.header.get("alg").and_then(Value::as_str) == Some(name) { Ok(()) } else { Err(TokenError::Key) }
    }

    /// The signed bytes, and the signature in base64url.
    pub(super) fn signed(&self) -> (&'t [u8], &'t str) {
        (self.message.as_bytes(), self.signature)
    }

    /// Refuses a token that the key did not sign with its own algorithm.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), TokenError> {
        self.check_algorithm(key.algorithm.as_str())?;
        let verified = crypto::verify(self.signature, self.message.as_bytes(), &decoding_key(key), algorithm(key.algorithm));
        if verified.unwrap_or(false) { Ok(()) } else { Err(TokenError::Signature) }
    }

    /// What the token says, even if the signature is not valid.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        object(self.body)
    }
}

pub(super) fn check_size(token: &str) -> Result<(), TokenError> {
    if token.len() > LONGEST { Err(TokenError::TooLong) } else { Ok(()) }
}

pub(crate) const fn algorithm(algorithm: SignatureAlgorithm) -> Algorithm {
    match algorithm {
        SignatureAlgorithm::Es256 => Algorithm::ES256,
        SignatureAlgorithm::EdDsa => Algorithm::EdDSA,
        SignatureAlgorithm::Ps256 => Algorithm::PS256,
        SignatureAlgorithm::Rs512 => Algorithm::RS512,
    }
}

pub(crate) fn decoding_key(key: &PublicKey) -> DecodingKey {
    match &key.material {
        KeyMaterial::Rsa { modulus, exponent } => DecodingKey::from_rsa_raw_components(modulus, exponent),
        KeyMaterial::Point(point) if key.algorithm == SignatureAlgorithm::EdDsa => DecodingKey::from_ed_der(point),
        KeyMaterial::Point(point) => DecodingKey::from_ec_der(point),
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    match parse_json(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(TokenError::Malformed),
    }
}
