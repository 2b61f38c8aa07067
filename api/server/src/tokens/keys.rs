//! The key that signs access tokens: ECDSA on P-256.

use std::path::Path;

use jsonwebtoken::crypto;
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

use super::claims::Claims;
use crate::files::{self, FileError};

/// The algorithm of the key. A token's header has no say in it.
const ALGORITHM: Algorithm = Algorithm::ES256;

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{file}: not a P-256 private key in PKCS#8 PEM")]
    NotP256 { file: String },
}

/// A private key and its public half, named by its thumbprint (RFC 7638).
pub struct SigningKey {
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
    id: String,
}

impl SigningKey {
    /// Reads `token-signing.pem` of the keys' folder. It blocks.
    pub fn read(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join("token-signing.pem");
        let pem = files::read_secret(&path)?;
        Self::from_pem(&pem).map_err(|_| KeyError::NotP256 { file: path.display().to_string() })
    }

    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
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

    /// The key's name in a token's header.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half, as it is published.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// A signed token.
    pub fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let mut header = Header::new(ALGORITHM);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    /// Whether a signature, in base64url, is the key's own over a message.
    pub fn verifies(&self, signature: &str, message: &[u8]) -> bool {
        crypto::verify(signature, message, &self.public, ALGORITHM).unwrap_or(false)
    }
}
