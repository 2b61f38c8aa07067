//! Client assertions (`private_key_jwt`): RFC 7523 with the rules of the FAPI 2.0 security profile. RS512 is allowed as
//! well.

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use domain::{Client, PublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::jws::Jws;
use super::{SKEW, TokenError};

/// How far ahead an assertion may expire, in seconds.
const LONGEST_LIFE: i64 = 300;

/// The types of an assertion: it may state none, but not another token's.
const TYPES: [Option<&str>; 3] = [None, Some("jwt"), Some("client-authentication+jwt")];

/// A valid assertion. The caller must make sure that its id was not used before.
#[derive(Debug, PartialEq, Eq)]
pub struct Asserted {
    /// SHA-256 of the `jti`.
    pub digest: [u8; 32],
    pub expires: DateTime<Utc>,
}

/// An assertion whose signature is not checked yet.
pub struct Assertion<'t>(Jws<'t>);

// The audience is one string, not a list: FAPI 2.0, 5.3.2.1.
#[derive(Deserialize)]
struct AssertionClaims {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

impl<'t> Assertion<'t> {
    /// The only `client_assertion_type`.
    pub const TYPE: &'static str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// Reads an assertion in compact form (RFC 7515).
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        Jws::parse(text).map(Self)
    }

    /// The client that the assertion names. Nothing is verified yet: use it only to choose the keys.
    pub fn subject(&self) -> Result<String, TokenError> {
        match self.0.claims()?.remove("sub") {
            Some(Value::String(subject)) => Ok(subject),
            _ => Err(TokenError::Malformed),
        }
    }

    /// Checks that an assertion is the client's own, for this issuer and in date.
    pub fn check(&self, client: &Client, issuer: &str, now: DateTime<Utc>) -> Result<Asserted, TokenError> {
        self.0.check_type(&TYPES)?;
        self.0.verify(self.key(client)?)?;
        let claims: AssertionClaims = serde_json::from_value(Value::Object(self.0.claims()?)).map_err(|_| TokenError::Malformed)?;
        if claims.iss != client.id || claims.sub != client.id {
            return Err(TokenError::Subject);
        }
        if claims.aud != issuer {
            return Err(TokenError::Audience);
        }
        if claims.jti.is_empty() {
            return Err(TokenError::Malformed);
        }
        let at = now.timestamp();
        let ahead = claims.exp.saturating_sub(at);
        let life = claims.iat.map_or(0, |issued| claims.exp.saturating_sub(issued));
        let begins = claims.iat.max(claims.nbf);
        if !(1..=LONGEST_LIFE).contains(&ahead)
            || !(0..=LONGEST_LIFE + SKEW).contains(&life)
            || begins.is_some_and(|begins| begins > at + SKEW || begins > claims.exp)
        {
            return Err(TokenError::Time);
        }
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, claims.jti.as_bytes()).as_ref());
        Ok(Asserted { digest: id, expires: DateTime::from_timestamp(claims.exp, 0).ok_or(TokenError::Time)? })
    }

    /// The key that the header names. If it names none, the client's only key.
    fn key<'c>(&self, client: &'c Client) -> Result<&'c PublicKey, TokenError> {
        match (self.0.key_id()?, client.keys.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(TokenError::Key),
            (Some(id), keys) => keys.iter().find(|key| key.id == id).ok_or(TokenError::Key),
        }
    }
}
