//! `GET /v1/docs`: the contract as a page that loads nothing from anywhere.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get, web};

use crate::callers::ListedPeer;
use crate::state::State;

pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

#[utoipa::path(
    tag = "documentation",
    summary = "This documentation, as a page",
    description = "Every operation, schema and problem. It needs a listed client's certificate and no token.",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
#[get("/v1/docs")]
pub(crate) async fn get_page(_peer: ListedPeer, state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(state.documentation.page.clone())
}
