//! Access tokens of outside issuers (RFC 9068), for the clients that the partnership file lists with them.

use domain::TokenIssuer;
use serde::Deserialize;
use serde_json::Value;

use super::claims::Confirmation;
use super::jws::Jws;
use super::verification::{self, Verified};
use super::{TOKEN_LIFETIME, TokenError};

#[derive(Deserialize)]
struct OutsideClaims {
    sub: String,
    client_id: String,
    aud: Audience,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    jti: String,
    #[serde(default)]
    scope: String,
    cnf: Confirmation,
}

/// One audience, as a string or as a list of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Text(String),
    List([String; 1]),
}

impl Audience {
    fn as_str(&self) -> &str {
        match self {
            Self::Text(audience) | Self::List([audience]) => audience,
        }
    }
}

/// The issuer that a token names. Nothing is verified yet: use it only to choose the keys. No outside issuer may use the
/// gateway's own name.
pub(super) fn issuer_of<'i>(jws: &Jws<'_>, issuers: &'i [TokenIssuer], own: &str) -> Result<Option<&'i TokenIssuer>, TokenError> {
    if issuers.is_empty() {
        return Ok(None);
    }
    let claims = jws.claims()?;
    let named = claims.get("iss").and_then(Value::as_str);
    Ok(issuers.iter().find(|issuer| Some(issuer.url.as_str()) == named && issuer.url != own))
}

/// Checks everything about a token that does not change with time.
pub(super) fn read(jws: &Jws<'_>, issuer: &TokenIssuer) -> Result<Verified, TokenError> {
    jws.check_type(&[verification::TYPE])?;
    let id = jws.key_id()?;
    let key = issuer.keys.iter().find(|key| Some(key.id.as_str()) == id).ok_or(TokenError::Key)?;
    jws.verify(key)?;
    let claims: OutsideClaims = serde_json::from_value(Value::Object(jws.claims()?)).map_err(|_| TokenError::Malformed)?;
    if claims.aud.as_str() != issuer.audience {
        return Err(TokenError::Audience);
    }
    if claims.sub != claims.client_id || !issuer.speaks_for(&claims.client_id) {
        return Err(TokenError::Subject);
    }
    if claims.exp <= claims.iat || claims.exp.saturating_sub(claims.iat) > TOKEN_LIFETIME {
        return Err(TokenError::Time);
    }
    if claims.jti.is_empty() {
        return Err(TokenError::Malformed);
    }
    Ok(Verified {
        client: claims.client_id,
        organisation: None,
        scopes: verification::scopes(&claims.scope),
        thumbprint: claims.cnf.thumbprint,
        issued: claims.nbf.map_or(claims.iat, |begins| begins.max(claims.iat)),
        expires: claims.exp,
        key: None,
    })
}
