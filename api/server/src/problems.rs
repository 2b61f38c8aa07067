//! Every way a request can fail: one table, and one shape on the wire (RFC 9457).

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bodies::faults::Fault;

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal $title:literal),+ $(,)?) => {
        /// What went wrong. The code is stable: clients may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $title] $name),+ }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn row(self) -> (u16, &'static str, &'static str) {
                match self { $(Self::$name => ($status, $code, $title)),+ }
            }
        }
    };
}

kinds! {
    Malformed = 400 "malformed" "The request could not be read",
    DigestMismatch = 400 "digest-mismatch" "The body is not the one whose digest was sent",
    UndecodableBody = 400 "undecodable-body" "The body cannot be decoded as its encoding says",
    ActorMissing = 400 "actor-missing" "The request does not name the person behind it",
    ActorMalformed = 400 "actor-malformed" "The person behind the request is not named as documented",
    Unauthorised = 401 "unauthorised" "No valid certificate and token",
    ScopeMissing = 403 "scope-missing" "The client does not hold the scope",
    NoAgreement = 403 "no-agreement" "No agreement covers anything of the kind",
    OrganisationNotYours = 403 "organisation-not-yours" "The client may not send for this organisation",
    NotAGuardian = 403 "not-a-guardian" "Only a Caldicott guardian may, and the actor's role is another",
    NotFound = 404 "not-found" "Not there, or not yours to know of",
    MethodNotAllowed = 405 "method-not-allowed" "The resource does not answer this method",
    NotAcceptable = 406 "not-acceptable" "No representation that the request accepts",
    TooSlow = 408 "too-slow" "The request did not arrive in time",
    NotYetAnswered = 409 "not-yet-answered" "The advice is not yet submitted",
    OlderAsOf = 409 "older-as-of" "A later state of the list is already held",
    SnapshotShrinks = 409 "snapshot-shrinks" "The snapshot would drop too much of the list",
    IdempotencyInFlight = 409 "idempotency-in-flight" "A request with this key is still being answered",
    LegalHold = 409 "legal-hold" "A legal hold keeps it as it is",
    WrongStatus = 409 "wrong-status" "Its present status does not allow it",
    Erased = 410 "erased" "It was erased, or is past its retention",
    BodyTooLarge = 413 "body-too-large" "The body is too large",
    BodyExpands = 413 "body-expands" "The body grows too much when it is decoded",
    UnsupportedMediaType = 415 "unsupported-media-type" "The body is of an unsupported type",
    UnsupportedEncoding = 415 "unsupported-encoding" "The body is encoded in a way that is not understood",
    RefusedSubmission = 422 "refused-submission" "The submission is refused whole",
    UnreadableBody = 422 "unreadable-body" "The body is not readable in its format",
    IdempotencyMismatch = 422 "idempotency-mismatch" "The key was used for another request",
    NilReturnUnsaid = 422 "nil-return-unsaid" "An empty snapshot has to say that it is a nil return",
    InvalidValue = 422 "invalid-value" "A value is understood and refused",
    TooMany = 429 "too-many" "Too many requests",
    Internal = 500 "internal" "The gateway failed",
    Busy = 503 "busy" "The gateway is busy",
    DatabaseAway = 503 "database-away" "The database is away",
    Interrupted = 503 "interrupted" "The gateway stopped before it was done",
    LogBehind = 503 "log-behind" "The audit log cannot take more entries",
}

impl Kind {
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub const fn code(self) -> &'static str {
        self.row().1
    }

    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The kind that stands for a status the framework answered by itself.
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::TooSlow,
            413 => Self::BodyTooLarge,
            415 => Self::UnsupportedMediaType,
            400..=499 => Self::Malformed,
            _ => Self::Internal,
        }
    }
}

/// A failure on its way to the client. The cause is for the log; the client never sees it.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    more: Box<Particulars>,
}

#[derive(Debug, Default)]
struct Particulars {
    detail: Option<Cow<'static, str>>,
    faults: Vec<Fault>,
    cause: Option<String>,
    challenge: Option<String>,
    retry_after: Option<u32>,
    allow: Vec<Method>,
    headers: Vec<(HeaderName, HeaderValue)>,
    closes: bool,
}

/// RFC 9457.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView<'a> {
    /// A relative URI that the documentation lists.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The request, as a URN.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Uuid>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    pub fn new(kind: Kind) -> Self {
        let retry_after =
            matches!(kind, Kind::TooMany | Kind::Busy | Kind::DatabaseAway | Kind::Interrupted | Kind::LogBehind).then_some(1);
        Self { kind, more: Box::new(Particulars { retry_after, ..Particulars::default() }) }
    }

    /// A failure of the gateway itself; the log says why.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Kind::Internal).cause(cause)
    }

    /// What the client reads. It names no child and repeats no value.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.more.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.more.faults.push(fault);
        self
    }

    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.more.faults.extend(faults);
        self
    }

    /// What the log reads. It names no child either.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.more.cause = Some(cause.to_string());
        self
    }

    /// The `WWW-Authenticate` of a 401 or 403 (RFC 6750, 3).
    #[must_use]
    pub fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.more.challenge = Some(challenge.into());
        self
    }

    /// When to come again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.more.retry_after = Some(seconds);
        self
    }

    #[must_use]
    pub fn allow(mut self, methods: Vec<Method>) -> Self {
        self.more.allow = methods;
        self
    }

    /// A header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.headers.push((name, value));
        self
    }

    /// Closes the connection after the answer.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.more.closes = true;
        self
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn faults(&self) -> &[Fault] {
        &self.more.faults
    }

    /// Tells the log, once, why the request failed.
    pub fn log(&self) {
        let (code, cause) = (self.kind.code(), self.more.cause.as_deref());
        if self.kind.status().is_server_error() {
            tracing::error!(code, cause, "request failed");
        } else {
            tracing::info!(code, cause, "request refused");
        }
    }

    fn view(&self, request_id: Option<Uuid>) -> ProblemView<'_> {
        ProblemView {
            kind: format!("/problems/{}", self.kind.code()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.more.detail.as_deref(),
            instance: request_id.map(|id| id.urn().to_string()),
            request_id,
            errors: &self.more.faults,
        }
    }

    /// The problem as it stands in the report of a submission that was answered before it was refused.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.view(None)).unwrap_or_default()
    }

    /// The answer.
    pub fn render(&self, request_id: Option<Uuid>) -> HttpResponse {
        self.answer("application/problem+json", serde_json::to_vec(&self.view(request_id)).unwrap_or_default())
    }

    /// What the client reads beyond the kind.
    pub fn said(&self) -> Option<&str> {
        self.more.detail.as_deref()
    }

    /// The answer in a form of its own, with the headers that every form has.
    pub fn answer(&self, media_type: &'static str, body: Vec<u8>) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
        response.insert_header((CONTENT_TYPE, media_type));
        if let Some(challenge) = self.more.challenge.as_deref().and_then(|challenge| HeaderValue::from_str(challenge).ok()) {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.more.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if !self.more.allow.is_empty() {
            let names: Vec<_> = self.more.allow.iter().map(Method::as_str).collect();
            response.insert_header((ALLOW, names.join(", ")));
        }
        for header in &self.more.headers {
            response.insert_header(header.clone());
        }
        if self.more.closes {
            response.force_close();
        }
        response.body(body)
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.render(None)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy => Self::new(Kind::Busy),
            StoreError::LogBehind => Self::new(Kind::LogBehind).retry_after(5),
            error if error.is_away() => Self::new(Kind::DatabaseAway).retry_after(5).cause(error),
            error => Self::internal(format!("{error}: {error:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_a_status_of_an_error() {
        let codes: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
            assert!(kind.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            let response = Problem::new(*kind).render(None);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), matches!(kind.status().as_u16(), 429 | 503));
        }
    }

    #[actix_web::test]
    async fn the_cause_stays_behind() {
        let response = Problem::internal("SELECT secret FROM children").render(Some(Uuid::nil()));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/problems/internal", "title": "The gateway failed", "status": 500,
                "instance": "urn:uuid:00000000-0000-0000-0000-000000000000", "request_id": Uuid::nil(),
            })
        );
    }
}
