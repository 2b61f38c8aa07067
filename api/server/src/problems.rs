//! Every way a request can fail: one table, and one shape on the wire (RFC 9457).

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use exchange::StoreError;
use exchange::{Fault, Trouble};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! kinds {
    (below { $($below:ident = $status:literal),+ $(,)? } door { $($name:ident = $own:literal $code:literal $title:literal),+ $(,)? }) => {
        /// What went wrong. The code is stable: clients may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($below,)+ $(#[doc = $title] $name),+ }

        impl Kind {
            /// Every kind, in the order of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$below,)+ $(Self::$name),+];

            const fn row(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$below => ($status, exchange::Kind::$below.code(), exchange::Kind::$below.title()),)+
                    $(Self::$name => ($own, $code, $title)),+
                }
            }
        }

        impl From<exchange::Kind> for Kind {
            fn from(kind: exchange::Kind) -> Self {
                match kind { $(exchange::Kind::$below => Self::$below),+ }
            }
        }
    };
}

kinds! {
    // What can go wrong whoever asks. `exchange::Kind` has code and title; the status is here.
    below {
        Malformed = 400,
        DigestMismatch = 400,
        UndecodableBody = 400,
        NoAgreement = 403,
        NotAGuardian = 403,
        NotFound = 404,
        TooSlow = 408,
        NotYetAnswered = 409,
        OlderAsOf = 409,
        SnapshotShrinks = 409,
        IdempotencyInFlight = 409,
        LegalHold = 409,
        WrongStatus = 409,
        Erased = 410,
        BodyTooLarge = 413,
        BodyExpands = 413,
        RefusedSubmission = 422,
        UnreadableBody = 422,
        IdempotencyMismatch = 422,
        NilReturnUnsaid = 422,
        InvalidValue = 422,
        Internal = 500,
        Busy = 503,
        DatabaseAway = 503,
        Interrupted = 503,
        LogBehind = 503,
    }
    // What can go wrong only over HTTP.
    door {
        ActorMissing = 400 "actor-missing" "The request does not name the person behind it",
        ActorMalformed = 400 "actor-malformed" "The person behind the request is not named as documented",
        Unauthorised = 401 "unauthorised" "No valid certificate and token",
        ScopeMissing = 403 "scope-missing" "The client does not hold the scope",
        OrganisationNotYours = 403 "organisation-not-yours" "The client may not send for this organisation",
        MethodNotAllowed = 405 "method-not-allowed" "The resource does not answer this method",
        NotAcceptable = 406 "not-acceptable" "No representation that the request accepts",
        UnsupportedMediaType = 415 "unsupported-media-type" "The body is of an unsupported type",
        UnsupportedEncoding = 415 "unsupported-encoding" "The body is encoded in a way that is not understood",
        TooMany = 429 "too-many" "Too many requests",
    }
}

impl Kind {
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) const fn code(self) -> &'static str {
        self.row().1
    }

    pub(crate) const fn title(self) -> &'static str {
        self.row().2
    }

    /// When it may help to try again, in seconds.
    const fn retry_after(self) -> Option<u32> {
        match self {
            Self::DatabaseAway | Self::LogBehind => Some(5),
            Self::TooMany | Self::Busy | Self::Interrupted | Self::IdempotencyInFlight => Some(1),
            _ => None,
        }
    }

    /// The kind for a status that the framework answered by itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
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
pub(crate) struct Problem {
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
pub(crate) struct ProblemView<'a> {
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
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, more: Box::new(Particulars { retry_after: kind.retry_after(), ..Particulars::default() }) }
    }

    /// A failure of the gateway itself; the log says why.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Kind::Internal).cause(cause)
    }

    /// What the client reads. It names no child and repeats no value.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.more.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub(crate) fn fault(mut self, fault: Fault) -> Self {
        self.more.faults.push(fault);
        self
    }

    #[must_use]
    pub(crate) fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.more.faults.extend(faults);
        self
    }

    /// What the log reads. It names no child either.
    #[must_use]
    pub(crate) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.more.cause = Some(cause.to_string());
        self
    }

    /// The `WWW-Authenticate` of a 401 or 403 (RFC 6750, 3).
    #[must_use]
    pub(crate) fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.more.challenge = Some(challenge.into());
        self
    }

    /// When to try again, in seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.more.retry_after = Some(seconds);
        self
    }

    #[must_use]
    pub(crate) fn allow(mut self, methods: Vec<Method>) -> Self {
        self.more.allow = methods;
        self
    }

    /// A header of the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.headers.push((name, value));
        self
    }

    /// Closes the connection after the answer.
    #[must_use]
    pub(crate) fn closing(mut self) -> Self {
        self.more.closes = true;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn faults(&self) -> &[Fault] {
        &self.more.faults
    }

    /// Logs once why the request failed.
    pub(crate) fn log(&self) {
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

    /// The problem as it is shown in the report of a submission that was answered before it was refused.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self.view(None)).unwrap_or_default()
    }

    /// The answer, as problem+json.
    pub(crate) fn render(&self, request_id: Option<Uuid>) -> HttpResponse {
        self.answer("application/problem+json", serde_json::to_vec(&self.view(request_id)).unwrap_or_default())
    }

    /// What the client reads besides the kind.
    pub(crate) fn said(&self) -> Option<&str> {
        self.more.detail.as_deref()
    }

    /// The answer in another media type, with the headers that every form has.
    pub(crate) fn answer(&self, media_type: &'static str, body: Vec<u8>) -> HttpResponse {
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

/// A trouble, as HTTP tells it.
impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let mut problem = Self::new(trouble.kind().into());
        problem.more.retry_after = trouble.repeat_after().or(problem.more.retry_after);
        problem.more.closes = trouble.breaks_off();
        let place = trouble.submission().map(|id| HeaderValue::from_str(&format!("/v1/submissions/{id}")));
        problem.more.headers.extend(place.and_then(Result::ok).map(|place| (LOCATION, place)));
        let (detail, faults, cause) = trouble.into_parts();
        (problem.more.detail, problem.more.faults, problem.more.cause) = (detail, faults, cause);
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Trouble::from(error).into()
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
            let may_help = matches!(kind.status().as_u16(), 429 | 503) || *kind == Kind::IdempotencyInFlight;
            assert_eq!(response.headers().contains_key(RETRY_AFTER), may_help);
        }
    }

    #[test]
    fn what_the_gateway_could_not_do_is_told_as_its_own_failure() {
        for kind in exchange::Kind::ALL {
            assert_eq!(Kind::from(*kind).status().is_server_error(), kind.is_of_the_gateway(), "{kind}");
        }
    }

    #[actix_web::test]
    async fn the_cause_is_not_told_to_the_client() {
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
