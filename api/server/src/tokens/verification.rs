//! Reading a token that somebody showed (RFC 8725, RFC 9068 section 4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::organisations::OrganisationCode;
use domain::scopes::ScopeSet;
use serde_json::{Map, Value};

use super::LIFETIME;
use super::claims::Claims;
use super::keys::{SigningKey, SigningKeys};
use crate::bodies::values;

/// The longest token that is looked at, in bytes: the gateway's own have some 700.
const LONGEST: usize = 4096;

/// How far ahead another replica's clock may be, in seconds. There is no leeway for the end.
const SKEW: i64 = 30;

/// Header parameters that would have the verifier take a key, or a rule, from the token itself.
const REFUSED: [&str; 7] = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"];

/// Why a token does not count. The client learns only that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("longer than a token can be")]
    TooLong,
    #[error("not a signed token of this gateway")]
    Malformed,
    #[error("of another type")]
    Type,
    #[error("signed with another algorithm or key")]
    Key,
    #[error("the signature does not match")]
    Signature,
    #[error("from another issuer, or for another audience")]
    Audience,
    #[error("out of date, or not in force yet")]
    Time,
    #[error("bound to another certificate")]
    Certificate,
}

/// A token whose signature and claims hold. Whether it holds now, and for this certificate, is
/// asked at each use.
#[derive(Debug)]
pub struct Verified {
    pub client: String,
    pub organisation: OrganisationCode,
    pub scopes: ScopeSet,
    thumbprint: String,
    issued: i64,
    expires: i64,
    key: String,
}

impl Verified {
    /// Whether the key that signed it is among these.
    pub(super) fn is_under(&self, keys: &SigningKeys) -> bool {
        keys.iter().any(|(_, key)| key.id() == self.key)
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

pub(super) fn check_size(token: &str) -> Result<(), TokenError> {
    if token.len() > LONGEST { Err(TokenError::TooLong) } else { Ok(()) }
}

/// Checks all that does not change with time.
pub(super) fn read(token: &str, keys: &SigningKeys, issuer: &str) -> Result<Verified, TokenError> {
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, body) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let key = key_of(&object(header)?, keys)?;
    if body.contains('.') || !key.verifies(signature, message.as_bytes()) {
        return Err(TokenError::Signature);
    }
    let claims: Claims = serde_json::from_value(Value::Object(object(body)?)).map_err(|_| TokenError::Malformed)?;
    if claims.iss != issuer || claims.aud != issuer {
        return Err(TokenError::Audience);
    }
    if claims.exp <= claims.iat || claims.exp.saturating_sub(claims.iat) > LIFETIME {
        return Err(TokenError::Time);
    }
    if claims.sub != claims.client_id || claims.jti.is_empty() {
        return Err(TokenError::Malformed);
    }
    Ok(Verified {
        client: claims.client_id,
        organisation: claims.organisation,
        // A scope of a newer gateway is no scope here.
        scopes: claims.scope.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
        thumbprint: claims.cnf.thumbprint,
        issued: claims.iat,
        expires: claims.exp,
        key: key.id().to_owned(),
    })
}

// The key is one of the gateway's own and the algorithm belongs to it: the header may only agree.
fn key_of<'a>(header: &Map<String, Value>, keys: &'a SigningKeys) -> Result<&'a SigningKey, TokenError> {
    if REFUSED.iter().any(|name| header.contains_key(*name)) {
        return Err(TokenError::Malformed);
    }
    let text = |name| header.get(name).and_then(Value::as_str);
    let is_access_token = |kind: &str| kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("application/at+jwt");
    if !text("typ").is_some_and(is_access_token) {
        return Err(TokenError::Type);
    }
    let named = keys.iter().map(|(_, key)| key).find(|key| text("kid") == Some(key.id()));
    named.filter(|_| text("alg") == Some("ES256")).ok_or(TokenError::Key)
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    match values::parse(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(TokenError::Malformed),
    }
}
