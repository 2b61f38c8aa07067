//! `POST /oauth2/token`: client credentials, proved by the certificate of the connection (RFC 8705,
//! section 2.1), or by a signed assertion over it (RFC 7523, section 2.2).

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use domain::{Authentication, Client, Scope, ScopeSet, write_scopes};
use serde::Serialize;
use trust::{Assertion, TOKEN_LIFETIME, TokenError};
use utoipa::ToSchema;

use crate::bodies::Form;
use crate::callers::ListedPeer;
use crate::problems::Problem;
use crate::state::State;
use crate::telemetry::spans::ClientId;

/// What a client asks with.
#[derive(ToSchema)]
pub struct TokenBody {
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// May be left out beside an assertion, which names the client.
    #[schema(example = "council-herts")]
    client_id: Option<String>,
    /// A JWT (RFC 7523) by one of the client's keys: ES256, EdDSA, PS256 or RS512. `iss` and `sub` are the
    /// client's id, `aud` is the issuer as a single string, `exp` is at most five minutes ahead, and `jti` counts once.
    client_assertion: Option<String>,
    #[schema(example = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    client_assertion_type: Option<String>,
    /// Scopes with a space between them; none means all that the client holds.
    #[schema(example = "ehcp:read advice:request")]
    scope: Option<String>,
}

/// RFC 6749, 5.1.
#[derive(Serialize, ToSchema)]
pub struct TokenView {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 600)]
    expires_in: i64,
    scope: String,
}

/// RFC 6749, 5.2.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenErrorView {
    #[schema(example = "invalid_client")]
    error: &'static str,
    error_description: &'static str,
}

impl TokenErrorView {
    const CLIENT: Self =
        Self { error: "invalid_client", error_description: "the certificate or the assertion is not that client's, or does not count" };
    const SCOPE: Self = Self { error: "invalid_scope", error_description: "the client does not hold a scope it asks for" };
    const GRANT: Self = Self { error: "unsupported_grant_type", error_description: "the grant is client_credentials" };
    const SHAPE: Self = Self {
        error: "invalid_request",
        error_description: "a form with grant_type, scope, and client_id or an assertion with its type, each once",
    };

    fn status(&self) -> StatusCode {
        if self.error == Self::CLIENT.error { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
    }
}

#[utoipa::path(
    tag = "tokens",
    summary = "An access token",
    description = "RFC 6749 client credentials; the connection's certificate, or a signed assertion over the connection, is the client's proof. The token is bound to the certificate and holds for ten minutes.",
    request_body(content = TokenBody, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenView),
        (status = 400, description = "invalid_request, invalid_scope or unsupported_grant_type", body = TokenErrorView),
        (status = 401, description = "invalid_client", body = TokenErrorView),
    )
)]
#[post("/oauth2/token")]
pub(crate) async fn issue_token(
    request: HttpRequest,
    state: web::Data<State>,
    peer: Result<ListedPeer, Problem>,
    form: Result<Form, Problem>,
) -> Result<HttpResponse, Problem> {
    let connected = peer.is_ok();
    let (peer, client, scopes) = match grant(&state, peer, form).await {
        Ok(granted) => granted,
        Err(Refusal::Gateway(problem)) => return Err(problem),
        Err(Refusal::Client(error)) => {
            state.metrics.token(error.error);
            tracing::info!(error = error.error, "token refused");
            let mut response = HttpResponse::build(error.status());
            if error.status() == StatusCode::UNAUTHORIZED {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            if !connected {
                response.force_close();
            }
            return Ok(response.json(error));
        }
    };
    request.extensions_mut().insert(ClientId(client.id.clone()));
    let thumbprint = peer.peer().thumbprint();
    let token = state.tokens.issue(&client, &scopes, thumbprint, state.clock.now(), state.ids.next()).map_err(Problem::internal)?;
    state.metrics.token("issued");
    Ok(HttpResponse::Ok().json(TokenView {
        access_token: token,
        token_type: "Bearer",
        expires_in: TOKEN_LIFETIME,
        scope: write_scopes(&scopes),
    }))
}

/// Why no token is issued: a fault of the request, or of the gateway.
enum Refusal {
    Client(TokenErrorView),
    Gateway(Problem),
}

impl From<TokenErrorView> for Refusal {
    fn from(error: TokenErrorView) -> Self {
        Self::Client(error)
    }
}

async fn grant(
    state: &State,
    peer: Result<ListedPeer, Problem>,
    form: Result<Form, Problem>,
) -> Result<(ListedPeer, Client, ScopeSet), Refusal> {
    let peer = peer.map_err(|_| TokenErrorView::CLIENT)?;
    let form = form.map_err(|_| TokenErrorView::SHAPE)?;
    let body = TokenBody::read(form.pairs())?;
    if body.grant_type != "client_credentials" {
        return Err(TokenErrorView::GRANT.into());
    }
    let client = authenticate(state, &peer, &body).await?.clone();
    let scopes = match body.scope {
        None => client.scopes.clone(),
        Some(asked) => {
            let asked = asked.split(' ').map(str::parse::<Scope>).collect::<Result<ScopeSet, _>>().map_err(|_| TokenErrorView::SCOPE)?;
            if !asked.is_subset(&client.scopes) {
                return Err(TokenErrorView::SCOPE.into());
            }
            asked
        }
    };
    Ok((peer, client, scopes))
}

/// The client, if it proved who it is in a way that it may.
async fn authenticate<'p>(state: &State, peer: &'p ListedPeer, body: &TokenBody) -> Result<&'p Client, Refusal> {
    let (client, asserted) = match (&body.client_assertion, &body.client_assertion_type, &body.client_id) {
        (None, None, Some(id)) => (peer.client(id), None),
        (Some(_), Some(kind), _) if kind != Assertion::TYPE => return Err(TokenErrorView::CLIENT.into()),
        (Some(text), Some(_), id) => {
            let assertion = Assertion::parse(text).map_err(unproved)?;
            let subject = assertion.subject().map_err(unproved)?;
            if id.as_ref().is_some_and(|id| *id != subject) {
                return Err(unproved(TokenError::Subject));
            }
            (peer.client(&subject), Some(assertion))
        }
        _ => return Err(TokenErrorView::SHAPE.into()),
    };
    let client = client.ok_or(TokenErrorView::CLIENT)?;
    match (asserted, client.authentication) {
        (None, Authentication::Tls | Authentication::Either) => {}
        (Some(assertion), Authentication::PrivateKeyJwt | Authentication::Either) => {
            let asserted = assertion.check(client, state.tokens.issuer(), state.clock.now()).map_err(unproved)?;
            let first = exchange::use_assertion(&state.store, client.id.clone(), asserted.digest, asserted.expires).await;
            if !first.map_err(|trouble| Refusal::Gateway(trouble.into()))? {
                return Err(unproved(TokenError::Used));
            }
        }
        _ => return Err(TokenErrorView::CLIENT.into()),
    }
    Ok(client)
}

// The log says why. The client learns only that it was refused.
fn unproved(cause: TokenError) -> Refusal {
    tracing::info!(%cause, "assertion refused");
    TokenErrorView::CLIENT.into()
}

impl TokenBody {
    // A parameter may come once. One without a value counts as left out. Unknown ones are ignored (RFC 6749, 3.2).
    fn read(pairs: impl Iterator<Item = (String, String)>) -> Result<Self, TokenErrorView> {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.insert(name, value).is_some() {
                return Err(TokenErrorView::SHAPE);
            }
        }
        let mut take = |name| parameters.remove(name).filter(|value| !value.is_empty());
        Ok(Self {
            grant_type: take("grant_type").ok_or(TokenErrorView::SHAPE)?,
            client_id: take("client_id"),
            client_assertion: take("client_assertion"),
            client_assertion_type: take("client_assertion_type"),
            scope: take("scope"),
        })
    }
}
