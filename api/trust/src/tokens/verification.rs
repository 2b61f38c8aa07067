//! Reads an access token that a client showed (RFC 8725, RFC 9068 section 4).

use chrono::{DateTime, Utc};
use domain::{OrganisationCode, ScopeSet};
use serde_json::Value;

use super::claims::Claims;
use super::jws::Jws;
use super::signing_keys::{SigningKey, SigningKeys};
use super::{SKEW, TOKEN_LIFETIME, TokenError};

/// The type of an access token.
pub(super) const TYPE: Option<&str> = Some("at+jwt");

/// A token whose signature and claims are valid. Each use checks whether it is in date and bound to the certificate.
#[derive(Debug)]
pub struct Verified {
    pub client: String,
    /// The organisation the client spoke for. An outside issuer does not say.
    pub organisation: Option<OrganisationCode>,
    pub scopes: ScopeSet,
    pub(super) thumbprint: String,
    pub(super) issued: i64,
    pub(super) expires: i64,
    /// The id of the gateway's key that signed it, if one did.
    pub(super) key: Option<String>,
}

impl Verified {
    /// Whether one of these keys signed it.
    pub(super) fn is_under(&self, keys: &SigningKeys) -> bool {
        keys.iter().any(|(_, key)| self.key.as_deref() == Some(key.id()))
    }

    pub(super) fn check(&self, thumbprint: &str, now: DateTime<Utc>) -> Result<(), TokenError> {
        let now = now.timestamp();
        if now >= self.expires || self.issued > now + SKEW {
            return Err(TokenError::Time);
        }
        if self.thumbprint != thumbprint {
            return Err(TokenError::Certificate);
        }
        Ok(())
    }
}

/// Checks everything about the gateway's own token that does not change with time. `key` is the gateway's key that the
/// token names, if there is one.
pub(super) fn read(jws: &Jws<'_>, key: Option<&SigningKey>, issuer: &str) -> Result<Verified, TokenError> {
    jws.check_type(&[TYPE])?;
    let key = key.ok_or(TokenError::Key)?;
    jws.check_algorithm("ES256")?;
    let (message, signature) = jws.signed();
    if !key.verifies(signature, message) {
        return Err(TokenError::Signature);
    }
    let claims: Claims = serde_json::from_value(Value::Object(jws.claims()?)).map_err(|_| TokenError::Malformed)?;
    if claims.iss != issuer || claims.aud != issuer {
        return Err(TokenError::Audience);
    }
    if claims.exp <= claims.iat || claims.exp.saturating_sub(claims.iat) > TOKEN_LIFETIME {
        return Err(TokenError::Time);
    }
    if claims.sub != claims.client_id || claims.jti.is_empty() {
        return Err(TokenError::Malformed);
    }
    Ok(Verified {
        client: claims.client_id,
        organisation: Some(claims.organisation),
        scopes: scopes(&claims.scope),
        thumbprint: claims.cnf.thumbprint,
        issued: claims.iat,
        expires: claims.exp,
        key: Some(key.id().to_owned()),
    })
}

// A scope of a newer gateway, or of an outside issuer's other services, is ignored.
pub(super) fn scopes(text: &str) -> ScopeSet {
    text.split(' ').filter_map(|scope| scope.parse().ok()).collect()
}
