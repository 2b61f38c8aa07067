//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use actix_web::{get, web};
use domain::{Scope, SignatureAlgorithm};
use serde::Serialize;
use utoipa::ToSchema;

use crate::callers::ListedPeer;
use crate::state::State;

/// What an OAuth client library needs to know.
#[derive(Serialize, ToSchema)]
pub struct AuthorizationServerView {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    service_documentation: String,
    scopes_supported: &'static [Scope],
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    token_endpoint_auth_signing_alg_values_supported: &'static [SignatureAlgorithm],
    tls_client_certificate_bound_access_tokens: bool,
}

#[utoipa::path(
    tag = "tokens",
    summary = "The authorization server's metadata",
    description = "RFC 8414: where and how tokens are issued.",
    responses((status = 200, description = "The metadata", body = AuthorizationServerView))
)]
#[get("/.well-known/oauth-authorization-server")]
pub(crate) async fn describe_authorization_server(_peer: ListedPeer, state: web::Data<State>) -> web::Json<AuthorizationServerView> {
    let issuer = state.tokens.issuer();
    web::Json(AuthorizationServerView {
        token_endpoint: format!("{issuer}/oauth2/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/v1/docs"),
        issuer: issuer.to_owned(),
        scopes_supported: Scope::ALL,
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["tls_client_auth", "private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported: SignatureAlgorithm::ALL,
        tls_client_certificate_bound_access_tokens: true,
    })
}
