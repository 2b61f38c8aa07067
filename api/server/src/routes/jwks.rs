//! `GET /.well-known/jwks.json` (RFC 7517): the public halves of the keys that sign tokens.

use actix_web::{get, web};
use jsonwebtoken::jwk::JwkSet;

use crate::callers::ListedPeer;
use crate::state::State;

#[utoipa::path(
    tag = "tokens",
    summary = "The keys that sign access tokens",
    description = "A JWK set (RFC 7517).",
    responses((status = 200, description = "The keys", body = serde_json::Value))
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn list_keys(_peer: ListedPeer, state: web::Data<State>) -> web::Json<JwkSet> {
    web::Json(JwkSet { keys: state.tokens.keys().iter().map(|(_, key)| key.jwk().clone()).collect() })
}
