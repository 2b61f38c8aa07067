//! Access tokens: fetched with the certificate (`tls_client_auth`, RFC 8705), or with an assertion sent
//! with it, and kept until shortly before they expire.

use std::time::{Duration, Instant};

use domain::{ScopeSet, write_scopes};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::assertions;

/// No call begins with a token that is this close to its end.
const MARGIN: Duration = Duration::from_secs(30);

/// The current token, if any. Only one fetch runs at a time: callers that wait share its result.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Option<Token>>);

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretString,
    fresh_until: Instant,
}

/// A token answer (RFC 6749, 5.1).
#[derive(Deserialize)]
pub(crate) struct TokenWire {
    access_token: SecretString,
    expires_in: u64,
}

/// The authorization server's metadata (RFC 8414), as far as it is needed.
#[derive(Deserialize)]
pub(crate) struct MetadataWire {
    pub(crate) issuer: String,
}

impl From<TokenWire> for Token {
    fn from(wire: TokenWire) -> Self {
        let lasts = Duration::from_secs(wire.expires_in).saturating_sub(MARGIN);
        Self { value: wire.access_token, fresh_until: Instant::now() + lasts }
    }
}

impl Tokens {
    /// The current token, or else the one that `fetch` gets.
    pub(crate) async fn current<E>(&self, fetch: impl AsyncFnOnce() -> Result<Token, E>) -> Result<Token, E> {
        let mut held = self.0.lock().await;
        if let Some(token) = held.as_ref().filter(|token| Instant::now() < token.fresh_until) {
            return Ok(token.clone());
        }
        let token = fetch().await?;
        *held = Some(token.clone());
        Ok(token)
    }

    /// Drops the current token: the gateway no longer accepts it.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// The form of a token request. Without scopes the gateway grants all that the client holds.
pub(crate) fn form(client_id: &str, scopes: &ScopeSet, assertion: Option<String>) -> Vec<(&'static str, String)> {
    let mut form = vec![("grant_type", "client_credentials".to_owned()), ("client_id", client_id.to_owned())];
    if !scopes.is_empty() {
        form.push(("scope", write_scopes(scopes)));
    }
    if let Some(assertion) = assertion {
        form.extend([("client_assertion_type", assertions::TYPE.to_owned()), ("client_assertion", assertion)]);
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(expires_in: u64) -> Token {
        TokenWire { access_token: "a".to_owned().into(), expires_in }.into()
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_and_again_only_near_its_end_or_when_let_go() {
        let tokens = Tokens::default();
        let mut fetched = 0;
        for (expires_in, forget, expected) in [(600, false, 1), (600, false, 1), (600, true, 2), (20, true, 3), (600, false, 4)] {
            if forget {
                tokens.forget().await;
            }
            let fetch = async || {
                fetched += 1;
                Ok::<_, ()>(token(expires_in))
            };
            tokens.current(fetch).await.unwrap();
            assert_eq!(fetched, expected);
        }
    }
}
