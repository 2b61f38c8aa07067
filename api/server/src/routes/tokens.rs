//! `POST /oauth2/token`: client credentials, proved by the certificate of the connection (RFC 8705,
//! section 2.1).

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use domain::partnerships::Client;
use domain::scopes::{Scope, ScopeSet, write_scopes};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bodies::Form;
use crate::callers::ListedPeer;
use crate::problems::Problem;
use crate::state::State;
use crate::telemetry::spans::ClientId;
use crate::tokens::LIFETIME;

/// What a client asks with.
#[derive(ToSchema)]
pub struct TokenBody {
    #[schema(example = "client_credentials")]
    grant_type: String,
    #[schema(example = "council-herts")]
    client_id: String,
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
    const CLIENT: Self = Self { error: "invalid_client", error_description: "the certificate is not that client's, or counts no longer" };
    const SCOPE: Self = Self { error: "invalid_scope", error_description: "the client does not hold a scope it asks for" };
    const GRANT: Self = Self { error: "unsupported_grant_type", error_description: "the grant is client_credentials" };
    const SHAPE: Self = Self { error: "invalid_request", error_description: "a form with grant_type, client_id and scope, each once" };

    fn status(&self) -> StatusCode {
        if self.error == Self::CLIENT.error { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
    }
}

#[utoipa::path(
    tag = "tokens",
    summary = "An access token",
    description = "RFC 6749 client credentials; the connection's certificate is the client's proof, and the token is bound to it. It holds for ten minutes.",
    security(("mutual_tls" = [])),
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
    let granted = peer.map_err(|_| TokenErrorView::CLIENT).and_then(|peer| grant(&peer, form).map(|granted| (peer, granted)));
    let (peer, (client, scopes)) = match granted {
        Ok(granted) => granted,
        Err(error) => {
            state.metrics.token(error.error);
            tracing::info!(error = error.error, "token refused");
            let mut response = HttpResponse::build(error.status());
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
    Ok(HttpResponse::Ok().json(TokenView { access_token: token, token_type: "Bearer", expires_in: LIFETIME, scope: write_scopes(&scopes) }))
}

fn grant(peer: &ListedPeer, form: Result<Form, Problem>) -> Result<(Client, ScopeSet), TokenErrorView> {
    let Form(pairs) = form.map_err(|_| TokenErrorView::SHAPE)?;
    let body = TokenBody::read(pairs)?;
    if body.grant_type != "client_credentials" {
        return Err(TokenErrorView::GRANT);
    }
    let client = peer.client(&body.client_id).ok_or(TokenErrorView::CLIENT)?;
    let scopes = match body.scope {
        None => client.scopes.clone(),
        Some(asked) => {
            let asked = asked.split(' ').map(str::parse::<Scope>).collect::<Result<ScopeSet, _>>().map_err(|_| TokenErrorView::SCOPE)?;
            if !asked.is_subset(&client.scopes) {
                return Err(TokenErrorView::SCOPE);
            }
            asked
        }
    };
    Ok((client.clone(), scopes))
}

impl TokenBody {
    // A parameter stands once; one without a value counts as left out; unknown ones are ignored
    // (RFC 6749, 3.2).
    fn read(pairs: Vec<(String, String)>) -> Result<Self, TokenErrorView> {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.insert(name, value).is_some() {
                return Err(TokenErrorView::SHAPE);
            }
        }
        let mut take = |name| parameters.remove(name).filter(|value| !value.is_empty());
        Ok(Self {
            grant_type: take("grant_type").ok_or(TokenErrorView::SHAPE)?,
            client_id: take("client_id").ok_or(TokenErrorView::SHAPE)?,
            scope: take("scope"),
        })
    }
}
