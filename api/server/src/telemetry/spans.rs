//! The span of a request: its method, route template, status, request id and client, and nothing
//! more. A path or a query may hold a child's id.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::RootSpanBuilder;

use super::traces;
use crate::exchanges::{RequestId, route};

/// The client that a request came from.
#[derive(Debug, Clone)]
pub(crate) struct ClientId(pub String);

/// Builds the span of each request.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default();
        let (method, route) = (request.method().as_str(), route(request.request()));
        let span = tracing::info_span!(
            "request",
            otel.name = format!("{method} {route}"),
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.route = route,
            http.response.status_code = Empty,
            request_id = id,
            client_id = Empty,
        );
        let answer = traces::join(&span, request.headers());
        request.extensions_mut().insert(answer);
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => {
                if let Some(client) = response.request().extensions().get::<ClientId>() {
                    span.record("client_id", client.0.as_str());
                }
                response.status()
            }
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        span.record("otel.status_code", if status.is_server_error() { "ERROR" } else { "OK" });
        span.in_scope(|| tracing::info!(status = status.as_u16(), "answered"));
    }
}
