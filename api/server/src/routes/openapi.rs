//! `GET /v1/openapi.json`: the contract.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};

use crate::callers::ListedPeer;
use crate::state::State;

#[utoipa::path(
    tag = "documentation",
    summary = "This document",
    description = "The contract, in OpenAPI 3.1. It needs a listed client's certificate and no token.",
    responses((status = 200, description = "The document", body = serde_json::Value))
)]
#[get("/v1/openapi.json")]
pub(crate) async fn get_document(_peer: ListedPeer, state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .content_type("application/json")
        .body(state.documentation.json.clone())
}
