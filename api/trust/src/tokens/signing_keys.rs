//! The keys that sign access tokens: ECDSA on P-256.

use jsonwebtoken::crypto;
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

use domain::Ring;

use super::claims::Claims;

/// The algorithm of the key. A token's header cannot change it.
const ALGORITHM: Algorithm = Algorithm::ES256;

/// The keys that sign tokens. Only the key in force signs. The others are published too, and still verify tokens.
pub type SigningKeys = Ring<SigningKey>;

/// A private key and its public half, named by its thumbprint (RFC 7638).
pub struct SigningKey {
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
    id: String,
}

impl SigningKey {
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let private = EncodingKey::from_ec_pem(pem)?;
        let mut jwk = Jwk::from_encoding_key(&private, ALGORITHM)?;
        if !matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256) {
            return Err(jsonwebtoken::errors::ErrorKind::InvalidEcdsaKey.into());
        }
        let public = DecodingKey::from_jwk(&jwk)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { private, public, jwk, id })
    }

    /// The name of the key in a token's header.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half of the key, for publication.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs a token.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let mut header = Header::new(ALGORITHM);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    /// Whether this key made a signature, in base64url, over a message.
    pub(super) fn verifies(&self, signature: &str, message: &[u8]) -> bool {
        crypto::verify(signature, message, &self.public, ALGORITHM).unwrap_or(false)
    }
}
