//! The operators' listener: is the gateway alive, is it ready, and how is it doing?

use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use exchange::Kind;

use crate::state::State;

/// How long the readiness check may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The routes of the listener.
pub(crate) fn table(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

async fn live() -> &'static str {
    "live\n"
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    let missing = match tokio::time::timeout(PATIENCE, exchange::check_ready(&state.store)).await {
        Ok(Ok(())) => return HttpResponse::Ok().body("ready\n"),
        Ok(Err(trouble)) if trouble.kind() == Kind::LogBehind => "too many audit entries wait to be appended\n",
        Ok(Err(_)) => "the database does not answer\n",
        Err(_) => "no answer in time\n",
    };
    HttpResponse::ServiceUnavailable().body(missing)
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    match state.metrics.write() {
        Ok(text) => {
            HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")).body(text)
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
