//! A council's requests for health advice: made, listed, read.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::CreateAdviceRequest;
use domain::operations::GetAdviceRequest;
use domain::operations::ListAdviceRequests;
use domain::{
    AdviceKind, AdviceRequest, AdviceRequestDraft, AdviceRequestId, AdviceStatus, ChildIdentifier, ChildReference, ClockState, MatchId,
    NhsNumber, OrganisationCode, Upn, advice_clock, is_plausible_day, london_day,
};
use exchange::{AdviceRequestFilter, AskedChild, DisclosedAdviceRequest, OtherIdentifier};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::children::ChildBody;
use crate::bodies::faults::Fault;
use crate::bodies::{Json, Query};
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::{Kind, Problem};
use crate::state::State;

const LONGEST: usize = 500;

/// The child that advice is asked about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedChildBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "9990000018")]
    pub nhs_number: Option<NhsNumber>,
    /// The UPN by which the council keeps the child's plan, where an agreement about child matching names the council. The
    /// health body's acknowledgement confirms that both are one child's. It may stand alone, where the council does not know
    /// the NHS number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<Upn>,
    pub date_of_birth: NaiveDate,
}

impl AskedChildBody {
    /// The child by the identifier that the health body knows, or else by the council's; none where there is neither.
    fn asked(&self, id: impl FnOnce() -> MatchId) -> Option<AskedChild> {
        let date_of_birth = self.date_of_birth;
        let by_upn = self.upn.map(|upn| ChildReference { identifier: ChildIdentifier::Upn(upn), date_of_birth });
        match self.nhs_number {
            None => by_upn.map(|child| AskedChild { child, also: None }),
            Some(number) => Some(AskedChild {
                child: ChildReference::by_nhs_number(number, date_of_birth),
                also: by_upn.map(|child| OtherIdentifier { id: id(), child }),
            }),
        }
    }

    fn fault() -> Fault {
        Fault::new("invalid-value", "name the child by nhs_number, by upn, or by both").field("child")
    }
}

/// A request to be made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdviceRequestBody {
    pub child: AskedChildBody,
    /// The council's own reference.
    #[schema(example = "C-1")]
    pub case_reference: String,
    pub addressed_to: OrganisationCode,
    #[schema(example = "designated-clinical-officer")]
    pub role: String,
    pub kinds: Vec<AdviceKind>,
    /// The day the health body received it; today where it is left out. An earlier day needs
    /// evidence, and none is later than today.
    #[serde(default)]
    pub received_on: Option<NaiveDate>,
    #[serde(default)]
    #[schema(example = "e-mail of 2 November")]
    pub receipt_evidence: Option<String>,
}

/// A request as it stands. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdviceRequestView {
    pub id: AdviceRequestId,
    pub status: AdviceStatus,
    pub requested_by: OrganisationCode,
    pub addressed_to: OrganisationCode,
    pub role: String,
    pub kinds: Vec<AdviceKind>,
    pub received_on: NaiveDate,
    /// Six weeks from the day of receipt (SEND Regulations 2014, reg 8(1)).
    pub due_on: NaiveDate,
    /// Negative once the due day is past.
    pub days_left: i64,
    pub clock: ClockState,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub submitted_at: Option<DateTime<Utc>>,
}

/// A request with the child it is about, for its two parties.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdviceRequestDetailView {
    #[serde(flatten)]
    pub request: AdviceRequestView,
    pub child: Option<ChildBody>,
    pub case_reference: String,
}

impl AdviceRequestView {
    pub(super) fn of(request: AdviceRequest, today: NaiveDate) -> Self {
        let clock = advice_clock(request.received_on, request.submitted_at.map(london_day), today);
        Self {
            id: request.id,
            status: request.status,
            requested_by: request.requested_by,
            addressed_to: request.addressed_to,
            role: request.role,
            kinds: request.kinds,
            received_on: request.received_on,
            due_on: clock.due_on,
            days_left: clock.days_left,
            clock: clock.state,
            created_at: request.created_at,
            changed_at: request.changed_at,
            acknowledged_at: request.acknowledged_at,
            submitted_at: request.submitted_at,
        }
    }
}

/// Which requests are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdviceRequestQuery {
    /// A status, or `open` for all that are still owed.
    status: Option<String>,
    /// RFC 3339: those that changed then or later. Ask from a minute before the last answer: a change
    /// shows once it is committed, which is a little after it is stamped.
    changed_since: Option<DateTime<Utc>>,
    after: Option<String>,
    limit: Option<i64>,
}

/// Ask for advice
///
/// The six weeks run from the day the health body received the request, whatever happens then but
/// the advice itself.
#[utoipa::path(
    tag = "advice",
    request_body = AdviceRequestBody,
    responses(
        (status = 201, description = "Made", body = AdviceRequestView),
        (status = 200, description = "The same key and body made it before", body = AdviceRequestView),
    )
)]
#[post("/v1/advice-requests")]
pub async fn create_advice_request(
    call: Call<CreateAdviceRequest>,
    key: IdempotencyKey,
    body: Json<AdviceRequestBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let today = call.today();
    check(&body.0, today)?;
    let key = key.of("create_advice_request", &body.0)?;
    let AdviceRequestBody { child, case_reference, addressed_to, role, kinds, received_on, receipt_evidence } = body.0;
    let id = AdviceRequestId(state.ids.next());
    let received_on = received_on.unwrap_or(today);
    let draft = AdviceRequestDraft { id, role, kinds, case_reference, received_on, receipt_evidence };
    let view = move |request| AdviceRequestView::of(request, today);
    let child = child.asked(|| MatchId(state.ids.next())).ok_or_else(|| Problem::new(Kind::InvalidValue).fault(AskedChildBody::fault()))?;
    let made = exchange::create_advice_request(&state.store, call.context(), key, child, addressed_to, draft, view);
    Ok(respond(made.await?))
}

fn check(body: &AdviceRequestBody, today: NaiveDate) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, field: &str, code: &'static str, message: &'static str| {
        if wrong {
            faults.push(Fault::new(code, message).field(field));
        }
    };
    let blank = |text: &str| text.trim().is_empty() || text.len() > LONGEST;
    let mut kinds = body.kinds.clone();
    kinds.sort_unstable();
    kinds.dedup();
    fault(kinds.is_empty() || kinds.len() != body.kinds.len(), "kinds", "invalid-value", "name each kind once, and at least one");
    fault(blank(&body.case_reference), "case_reference", "invalid-value", "1 to 500 characters");
    fault(blank(&body.role), "role", "invalid-value", "1 to 500 characters");
    fault(body.receipt_evidence.as_deref().is_some_and(blank), "receipt_evidence", "invalid-value", "1 to 500 characters");
    fault(body.received_on.is_some_and(|day| day > today), "received_on", "received-on-in-future", "not later than today");
    fault(body.received_on.is_some_and(|day| !is_plausible_day(day)), "received_on", "invalid-value", "a day of this century or the last");
    fault(
        body.received_on.is_some_and(|day| day < today) && body.receipt_evidence.is_none(),
        "receipt_evidence",
        "received-on-not-evidenced",
        "a day of receipt before today needs its evidence",
    );
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Kind::InvalidValue).with_faults(faults)) }
}

/// Requests for advice
///
/// A health body sees those addressed to it, a council those it made, in the order they were made.
/// A list names no child.
#[utoipa::path(tag = "advice", params(AdviceRequestQuery), responses((status = 200, description = "A page", body = Page<AdviceRequestView>)))]
#[get("/v1/advice-requests")]
pub async fn list_advice_requests(
    call: Call<ListAdviceRequests>,
    query: Query<AdviceRequestQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<AdviceRequestView>>, Problem> {
    let (limit, after) = (limit(query.0.limit)?, cursor(query.0.after.as_deref())?);
    let filter = AdviceRequestFilter { statuses: statuses(query.0.status.as_deref())?, changed_since: query.0.changed_since, after };
    let rows = exchange::list_advice_requests(&state.store, call.organisation(), filter, one_more(limit)).await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id.to_string(), |row| AdviceRequestView::of(row, call.today()))))
}

fn statuses(asked: Option<&str>) -> Result<Vec<AdviceStatus>, Problem> {
    match asked {
        None => Ok(AdviceStatus::ALL.to_vec()),
        Some("open") => Ok(AdviceStatus::ALL.iter().copied().filter(|status| status.is_open()).collect()),
        Some(status) => status.parse().map(|status| vec![status]).map_err(|_| {
            Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "open, or one of the statuses").field("status"))
        }),
    }
}

/// One request, with the child it is about
///
/// For its two parties: the council that made it, and the health body while an agreement lets it be asked.
#[utoipa::path(
    tag = "advice",
    params(("id" = AdviceRequestId, Path)),
    responses((status = 200, description = "The request", body = AdviceRequestDetailView))
)]
#[get("/v1/advice-requests/{id}")]
pub async fn get_advice_request(
    call: Call<GetAdviceRequest>,
    request_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestDetailView>, Problem> {
    let found = exchange::get_advice_request(&state.store, call.context(), own_id(&request_id)?).await?;
    let DisclosedAdviceRequest { request, child, case_reference } = found;
    let child = ChildBody::of(&child);
    Ok(web::Json(AdviceRequestDetailView { request: AdviceRequestView::of(request, call.today()), child, case_reference }))
}

pub(super) fn own_id(text: &str) -> Result<AdviceRequestId, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound))
}
