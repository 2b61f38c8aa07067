//! `GET /v1/audit/events`: every disclosure and every refusal, for those who may see it; also as FHIR R4 AuditEvents.

use actix_web::http::header::{ACCEPT, LINK, VARY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::operations::ListAuditEvents;
use exchange::{AuditEvent, AuditEvents};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::bodies::Query;
use crate::calls::Call;
use crate::fhir_audit_events;
use crate::negotiation::choose;
use crate::pages::{Page, cursor, limit};
use crate::problems::Problem;
use crate::state::State;

/// One entry of the log: who did what, when, why, under which agreement and decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventView {
    /// Its place in the log, from 1: the `leaf` of its proof.
    pub id: i64,
    pub leaf: LeafView,
    /// `event`, `at`, `client`, `organisation`, `actor`, `operation`, `request_id`, `resource`, `act`,
    /// `outcome`, `reason`, `holder`, `recipient`, `purpose`, `data`, `pathways`, `agreements`, `consents`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub event: Map<String, Value>,
}

/// What the hash of an entry is made of besides. The hash is SHA-256 of a zero byte, `id` and `at` (in
/// microseconds since 1970) as 64-bit big-endian integers, `child`, and SHA-256 of the entry's other
/// members (all but `id` and `leaf`) as canonical JSON (RFC 8785).
#[derive(Debug, Serialize, ToSchema)]
pub struct LeafView {
    pub id: i64,
    /// Base64: the child, or none, bound under a salt that is shown to nobody. Of no two entries is it alike.
    pub child: String,
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        let leaf = LeafView { id: event.leaf, child: STANDARD.encode(event.child) };
        Self { id: event.position, leaf, event: event.members }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    after: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Bundle,
    Lines,
}

const FORMS: [(&str, Form); 3] =
    [("application/json", Form::Json), ("application/fhir+json", Form::Bundle), ("application/fhir+ndjson", Form::Lines)];

/// The audit log, oldest first
///
/// The host of the area reads all of it, any other organisation what it took part in: a page may
/// then be shorter than its limit and still have a next. What is past retention is left out. As
/// `application/fhir+json` it is a Bundle of FHIR R4 AuditEvents (IHE BALP), as
/// `application/fhir+ndjson` one a line with the next page in `Link`.
#[utoipa::path(
    tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page", content(
        (Page<AuditEventView> = "application/json"), (Object = "application/fhir+json"), (String = "application/fhir+ndjson")
    )))
)]
#[get("/v1/audit/events")]
pub async fn list_audit_events(
    request: HttpRequest,
    call: Call<ListAuditEvents>,
    query: Query<AuditQuery>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let form = choose(request.headers().get(ACCEPT), &FORMS)?;
    let (limit, after) = (limit(query.0.limit)?, cursor::<i64>(query.0.after.as_deref())?.unwrap_or(0));
    let AuditEvents { events, next } = exchange::list_audit_events(&state.store, call.context(), after, limit).await?;
    let next = next.map(|last| last.to_string());
    let path = |after: &str| format!("/v1/audit/events?after={after}&limit={limit}");
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "Accept"));
    Ok(match form {
        Form::Json => response.json(Page { items: events.into_iter().map(AuditEventView::from).collect(), next }),
        Form::Bundle => {
            let links = (path(&after.to_string()), next.as_deref().map(path));
            let bundle = fhir_audit_events::bundle(state.tokens.issuer(), &events, &links);
            response.content_type("application/fhir+json").body(bundle.to_string())
        }
        Form::Lines => {
            if let Some(next) = &next {
                response.insert_header((LINK, format!("<{}>; rel=\"next\"", path(next))));
            }
            let lines = events.iter().map(|event| fhir_audit_events::resource(state.tokens.issuer(), event).to_string() + "\n");
            response.content_type("application/fhir+ndjson").body(lines.collect::<String>())
        }
    })
}
