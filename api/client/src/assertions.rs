//! Client assertions (`private_key_jwt`, RFC 7523): how a client with a signing key asks for a token.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use chrono::{DateTime, Utc};
use domain::SignatureAlgorithm;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::configurations::Signing;
use crate::{ClientError, Configuration};

/// How long an assertion is valid, in seconds: it is used at once.
const LIFETIME: i64 = 60;

pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) struct Signer {
    client_id: String,
    header: Header,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    aud: &'c str,
    iat: i64,
    exp: i64,
    jti: &'c str,
}

impl Signer {
    /// The signer of a configuration, if the configuration names a key.
    pub(crate) fn open(configuration: &Configuration) -> Result<Option<Self>, ClientError> {
        configuration.signing.as_ref().map(|signing| Self::new(configuration, signing)).transpose()
    }

    fn new(configuration: &Configuration, signing: &Signing) -> Result<Self, ClientError> {
        let fault = |reason: String| ClientError::Configuration { path: signing.key.clone(), reason };
        let pem = Zeroizing::new(std::fs::read(&signing.key).map_err(|error| fault(error.to_string()))?);
        let (key, algorithm) = read_key(&pem, signing.algorithm).map_err(|reason| fault(reason.into()))?;
        // The client and the gateway both know a key without a name by its thumbprint (RFC 7638).
        let public = public_half(&key, algorithm).ok_or_else(|| fault("not a key to sign with".into()))?;
        let id = signing.key_id.clone().map_or_else(|| public.thumbprint(ThumbprintHash::SHA256), Ok);
        let id = id.map_err(|_| fault("not a key to sign with".into()))?;
        Ok(Self { client_id: configuration.client_id.clone(), header: Header { kid: Some(id), ..Header::new(algorithm) }, key })
    }

    /// A new assertion for a gateway's issuer; the gateway accepts each id once.
    pub(crate) fn assertion(&self, issuer: &str, id: &str, now: DateTime<Utc>) -> Result<String, ClientError> {
        let iat = now.timestamp();
        let claims = Claims { iss: &self.client_id, sub: &self.client_id, aud: issuer, iat, exp: iat + LIFETIME, jti: id };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(|_| ClientError::Value("the signing key does not sign"))
    }
}

/// The key in a PEM file and its algorithm; PS256 if an RSA key's algorithm is not stated.
fn read_key(pem: &[u8], stated: Option<SignatureAlgorithm>) -> Result<(EncodingKey, Algorithm), &'static str> {
    let read = EncodingKey::from_ec_pem(pem)
        .map(|key| (key, SignatureAlgorithm::Es256))
        .or_else(|_| EncodingKey::from_ed_pem(pem).map(|key| (key, SignatureAlgorithm::EdDsa)))
        .or_else(|_| EncodingKey::from_rsa_pem(pem).map(|key| (key, SignatureAlgorithm::Ps256)));
    let (key, usual) = read.map_err(|_| "not a private key in PKCS#8 PEM for ES256, EdDSA, PS256 or RS512")?;
    let algorithm = match (usual, stated) {
        (SignatureAlgorithm::Ps256, Some(SignatureAlgorithm::Rs512)) => Algorithm::RS512,
        (usual, Some(stated)) if usual != stated => return Err("the key is not for signing_algorithm"),
        (SignatureAlgorithm::Es256, _) => Algorithm::ES256,
        (SignatureAlgorithm::EdDsa, _) => Algorithm::EdDSA,
        (_, _) => Algorithm::PS256,
    };
    Ok((key, algorithm))
}

fn public_half(key: &EncodingKey, algorithm: Algorithm) -> Option<Jwk> {
    if algorithm != Algorithm::EdDSA {
        return Jwk::from_encoding_key(key, algorithm).ok();
    }
    // PKCS#8 version 2, which the library cannot read here, holds the public half too.
    let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes()).ok()?;
    Jwk::from_decoding_key(&DecodingKey::from_ed_der(pair.public_key().as_ref()), Some(algorithm)).ok()
}

/// The machine's time, from which an assertion's expiry is counted.
#[expect(clippy::disallowed_methods, reason = "a client has no gateway's clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests;
