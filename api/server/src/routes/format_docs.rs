//! `GET /v1/docs/formats`: what may be sent and what may be wrong with it, as a page.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get, web};

use super::docs::POLICY;
use crate::callers::ListedPeer;
use crate::state::State;

#[utoipa::path(
    tag = "documentation",
    summary = "The formats, as a page",
    description = "Every format with its fields, codes and samples, and everything that can be wrong. It needs a listed client's certificate and no token.",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
#[get("/v1/docs/formats")]
pub(crate) async fn get_formats_page(_peer: ListedPeer, state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(state.documentation.formats.clone())
}
