//! What every request and every answer has in common: an id, a trace, headers, metrics, and one shape for problems.

use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use uuid::Uuid;

use crate::fhir;
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::telemetry::traces::TraceParent;

/// The id of a request. It is in the answer, the log, the trace and the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub Uuid);

/// The name of a route for logs and metrics: its template, never a path.
pub(crate) fn route(request: &HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".into())
}

/// The outermost layer: gives the request its id, and the answer its headers.
pub(crate) async fn attend(mut request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(Problem::internal("no state").into());
    };
    let id = state.ids.next();
    request.extensions_mut().insert(RequestId(id));
    // The encoder leaves the body out by itself, because it has seen the original method.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    fhir::trim_base(&mut request);
    let method = request.method().clone();
    let (began, in_flight) = (Instant::now(), state.metrics.begin());

    let mut response = next.call(request).await?;

    drop(in_flight);
    state.metrics.answered(&method, &route(response.request()), response.status(), began.elapsed());
    let trace = response.request().extensions().get::<TraceParent>().map(|trace| trace.0.clone());
    let headers = response.headers_mut();
    set(headers, HeaderName::from_static("x-request-id"), HeaderValue::from_str(&id.to_string()).ok());
    set(headers, HeaderName::from_static("traceparent"), trace.and_then(|trace| HeaderValue::from_str(&trace).ok()));
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// The innermost layer: logs each problem once and answers the client once, whoever made it.
pub(crate) async fn explain(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?;
    let Some(error) = response.response().error() else {
        return Ok(response.map_into_boxed_body());
    };
    let id = response.request().extensions().get::<RequestId>().map(|id| id.0);
    let foreign;
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem,
        None => {
            // The framework's message may repeat a path or a payload, so it is kept only for failures.
            let kind = Kind::of_status(error.as_response_error().status_code());
            foreign = if kind == Kind::Internal { Problem::internal(error) } else { Problem::new(kind) };
            &foreign
        }
    };
    problem.log();
    let request = response.request();
    let answer = if fhir::is_path(request.path()) { fhir::outcomes::render(problem, request, id) } else { problem.render(id) };
    Ok(response.into_response(answer))
}

/// Answers where no route does: 405 if another method would, else 404.
pub(crate) async fn unmatched(request: HttpRequest, state: web::Data<State>) -> Result<&'static str, Problem> {
    let methods = state.documentation.methods(request.path());
    if methods.is_empty() { Err(Problem::new(Kind::NotFound)) } else { Err(Problem::new(Kind::MethodNotAllowed).allow(methods)) }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().copied().ok_or_else(|| Problem::internal("a request without an id")))
    }
}
