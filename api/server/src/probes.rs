//! The operators' listener: is it alive, is it ready, and how is it doing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};

use crate::telemetry::metrics::Metrics;

/// How long the question whether the gateway is ready may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks whether requests could be answered now. The error says what is missing, in a word or two.
pub type Readiness = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The routes of the listener.
pub fn table(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

async fn live() -> &'static str {
    "live\n"
}

async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    match tokio::time::timeout(PATIENCE, readiness()).await {
        Ok(Ok(())) => HttpResponse::Ok().body("ready\n"),
        Ok(Err(missing)) => HttpResponse::ServiceUnavailable().body(format!("{missing}\n")),
        Err(_) => HttpResponse::ServiceUnavailable().body("no answer in time\n"),
    }
}

async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    match metrics.write() {
        Ok(text) => {
            HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")).body(text)
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
