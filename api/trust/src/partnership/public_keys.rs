//! A public key in the partnership file: a JWK (RFC 7517) in an inline table, PEM under the same names, or PEM alone.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{KeyMaterial, PublicKey, SignatureAlgorithm};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use x509_parser::oid_registry::{OID_EC_P256, OID_SIG_ED25519};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::moduli;
use crate::tokens::jws;

const LONGEST_ID: usize = 128;

const PRIVATE: &str = "a private key: whoever reads this file could sign with it; make a new one and put its public half here";
const ALGORITHMS: &str = "a key is for ES256 (P-256), EdDSA (Ed25519), PS256 or RS512 (RSA)";
const NOT_A_POINT: &str = "not a point of the curve";

/// A key that passed every check that needs only the key.
pub(super) struct KeyWire(pub(super) PublicKey);

/// The members of a JWK that are read, and those that must not be there.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwkish {
    kid: Option<String>,
    alg: Option<SignatureAlgorithm>,
    pem: Option<String>,
    kty: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl<'de> Deserialize<'de> for KeyWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TableOrPem)
    }
}

struct TableOrPem;

impl<'de> Visitor<'de> for TableOrPem {
    type Value = KeyWire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK in an inline table, or a public key in PEM")
    }

    fn visit_str<E: Error>(self, pem: &str) -> Result<KeyWire, E> {
        Jwkish { pem: Some(pem.to_owned()), ..Jwkish::default() }.into_key().map(KeyWire).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeyWire, A::Error> {
        let jwk = Jwkish::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        jwk.into_key().map(KeyWire).map_err(A::Error::custom)
    }
}

impl Jwkish {
    fn into_key(self) -> Result<PublicKey, &'static str> {
        if [self.d, self.p, self.q, self.dp, self.dq, self.qi, self.oth, self.k].iter().any(Option::is_some) {
            return Err(PRIVATE);
        }
        if self.purpose.is_some_and(|purpose| purpose != "sig") {
            return Err("a key whose use is not sig");
        }
        if self.key_ops.is_some_and(|operations| operations.iter().any(|operation| operation != "verify")) {
            return Err("a key whose key_ops are not verify alone");
        }
        let decode = |part: Option<String>| URL_SAFE_NO_PAD.decode(part.unwrap_or_default()).map_err(|_| "not base64url without padding");
        let (material, only) = match (self.kty.as_deref(), self.crv.as_deref(), &self.pem) {
            (None, None, Some(pem)) => from_pem(pem)?,
            (Some("EC"), Some("P-256"), None) => {
                let (x, y) = (decode(self.x)?, decode(self.y)?);
                if (x.len(), y.len()) != (32, 32) {
                    return Err(NOT_A_POINT);
                }
                (KeyMaterial::Point([&[4], x.as_slice(), &y].concat()), Some(SignatureAlgorithm::Es256))
            }
            (Some("OKP"), Some("Ed25519"), None) => (KeyMaterial::Point(decode(self.x)?), Some(SignatureAlgorithm::EdDsa)),
            (Some("RSA"), None, None) => (KeyMaterial::Rsa { modulus: decode(self.n)?, exponent: decode(self.e)? }, None),
            _ => return Err(ALGORITHMS),
        };
        let algorithm = match (self.alg, only) {
            (stated, Some(only)) if stated.is_none_or(|stated| stated == only) => only,
            (Some(stated @ (SignatureAlgorithm::Ps256 | SignatureAlgorithm::Rs512)), None) => stated,
            (None, None) => return Err("alg says whether an RSA key is for PS256 or for RS512"),
            _ => return Err(ALGORITHMS),
        };
        check(&material, algorithm)?;
        let mut key = PublicKey { id: String::new(), algorithm, material };
        key.id = match self.kid {
            Some(id) if id.is_empty() || id.len() > LONGEST_ID => return Err("kid has between 1 and 128 bytes"),
            Some(id) => id,
            None => thumbprint(&key).ok_or("a key that has no thumbprint")?,
        };
        Ok(key)
    }
}

fn from_pem(pem: &str) -> Result<(KeyMaterial, Option<SignatureAlgorithm>), &'static str> {
    const WRONG: &str = "not one public key in PEM (-----BEGIN PUBLIC KEY-----)";
    if pem.contains("PRIVATE KEY") {
        return Err(PRIVATE);
    }
    let mut keys = SubjectPublicKeyInfoDer::pem_slice_iter(pem.as_bytes());
    let (Some(Ok(der)), None) = (keys.next(), keys.next()) else { return Err(WRONG) };
    let (rest, info) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| WRONG)?;
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match info.parsed() {
        _ if !rest.is_empty() => Err(WRONG),
        Ok(x509_parser::public_key::PublicKey::EC(_)) if curve == Some(OID_EC_P256) => {
            Ok((KeyMaterial::Point(info.subject_public_key.data.to_vec()), Some(SignatureAlgorithm::Es256)))
        }
        Ok(x509_parser::public_key::PublicKey::RSA(rsa)) => {
            let unpadded = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
            Ok((KeyMaterial::Rsa { modulus: unpadded(rsa.modulus), exponent: unpadded(rsa.exponent) }, None))
        }
        _ if info.algorithm.algorithm == OID_SIG_ED25519 => {
            Ok((KeyMaterial::Point(info.subject_public_key.data.to_vec()), Some(SignatureAlgorithm::EdDsa)))
        }
        _ => Err(ALGORITHMS),
    }
}

/// Refuses a key that is malformed or weak.
fn check(material: &KeyMaterial, algorithm: SignatureAlgorithm) -> Result<(), &'static str> {
    match (material, algorithm) {
        (KeyMaterial::Rsa { modulus, exponent }, _) => moduli::check(modulus, exponent),
        (KeyMaterial::Point(point), SignatureAlgorithm::EdDsa) if point.len() == 32 => {
            ParsedPublicKey::new(&ED25519, point).map(|_| ()).map_err(|_| NOT_A_POINT)
        }
        (KeyMaterial::Point(point), SignatureAlgorithm::Es256) if point.len() == 65 => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map(|_| ()).map_err(|_| NOT_A_POINT)
        }
        _ => Err(NOT_A_POINT),
    }
}

/// The thumbprint (RFC 7638): the name of a key without one.
fn thumbprint(key: &PublicKey) -> Option<String> {
    let jwk = Jwk::from_decoding_key(&jws::decoding_key(key), Some(jws::algorithm(key.algorithm))).ok()?;
    jwk.thumbprint(ThumbprintHash::SHA256).ok()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;
