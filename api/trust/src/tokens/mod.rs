//! Access tokens (RFC 9068): valid for ten minutes at most, bound to the client's certificate (RFC 8705). And the
//! assertions with which clients may ask for them.

mod assertions;
mod claims;
mod errors;
pub(crate) mod jws;
mod outside;
mod signing_keys;
mod verification;

use std::sync::Arc;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use domain::{Client, ScopeSet, TokenIssuer, write_scopes};
use quick_cache::sync::Cache;
use uuid::Uuid;

pub use assertions::{Asserted, Assertion};
use claims::{Claims, Confirmation};
pub use errors::TokenError;
use jws::Jws;
pub use signing_keys::{SigningKey, SigningKeys};
pub use verification::Verified;

/// How long a token is valid, in seconds.
pub const TOKEN_LIFETIME: i64 = 600;

/// How far ahead another machine's clock may be, in seconds. A token's end has no leeway.
const SKEW: i64 = 30;

/// How many verified tokens are kept in memory.
const REMEMBERED: usize = 10_000;

/// Issues and verifies the gateway's tokens.
pub struct Tokens {
    issuer: String,
    keys: Box<dyn Fn() -> Arc<SigningKeys> + Send + Sync>,
    verified: Cache<[u8; 32], Arc<Verified>>,
}

impl Tokens {
    /// `keys` gives the keys in force each time a token is issued or verified.
    pub fn new(issuer: String, keys: impl Fn() -> Arc<SigningKeys> + Send + Sync + 'static) -> Self {
        Self { issuer, keys: Box::new(keys), verified: Cache::new(REMEMBERED) }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn keys(&self) -> Arc<SigningKeys> {
        (self.keys)()
    }

    /// Issues a token to a client whose certificate has the given thumbprint.
    pub fn issue(
        &self,
        client: &Client,
        scopes: &ScopeSet,
        thumbprint: &str,
        now: DateTime<Utc>,
        id: Uuid,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: client.id.clone(),
            client_id: client.id.clone(),
            organisation: client.organisation,
            aud: self.issuer.clone(),
            iat: now.timestamp(),
            exp: now.timestamp() + TOKEN_LIFETIME,
            jti: id.to_string(),
            scope: write_scopes(scopes),
            cnf: Confirmation { thumbprint: thumbprint.to_owned() },
        };
        let keys = self.keys();
        let key = keys.get(keys.primary_id()).ok_or(jsonwebtoken::errors::ErrorKind::InvalidEcdsaKey)?;
        key.sign(&claims)
    }

    /// What a token says, if this gateway or one of the issuers signed it, it is in date, and it is bound to the
    /// certificate.
    pub fn verify(&self, token: &str, issuers: &[TokenIssuer], thumbprint: &str, now: DateTime<Utc>) -> Result<Arc<Verified>, TokenError> {
        jws::check_size(token)?;
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let keys = self.keys();
        // A remembered token counts no longer than the key that signed it.
        let verified = match self.verified.get(&id).filter(|verified| verified.is_under(&keys)) {
            Some(verified) => verified,
            None => {
                let jws = Jws::parse(token)?;
                // Look for an own key first: no outside issuer may use the name of one.
                let id_of_key = jws.key_id()?;
                let own = keys.iter().map(|(_, key)| key).find(|key| id_of_key == Some(key.id()));
                let issuer = if own.is_some() { None } else { outside::issuer_of(&jws, issuers, &self.issuer)? };
                match (issuer, own) {
                    // Not remembered, because the partnership may have changed by the next time.
                    (Some(issuer), _) => Arc::new(outside::read(&jws, issuer)?),
                    (None, own) => {
                        let verified = Arc::new(verification::read(&jws, own, &self.issuer)?);
                        self.verified.insert(id, verified.clone());
                        verified
                    }
                }
            }
        };
        verified.check(thumbprint, now)?;
        Ok(verified)
    }
}

#[cfg(test)]
mod edits;
#[cfg(test)]
mod tests;
