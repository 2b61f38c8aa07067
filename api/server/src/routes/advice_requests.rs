//! A council's requests for health advice: made, listed, read.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::advice::{self, AdviceKind, AdviceRequest, AdviceRequestDraft, AdviceStatus};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::children::ChildReference;
use domain::clocks::ClockState;
use domain::dates::{is_plausible, london_day};
use domain::identifiers::AdviceRequestId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, ChildFacts, Facts, Permit, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};
use utoipa::{IntoParams, ToSchema};

use super::children::ChildBody;
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::faults::Fault;
use crate::bodies::{Json, Query};
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::transitional::{fingerprint, once};

const LONGEST: usize = 500;

/// A request to be made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdviceRequestBody {
    pub child: ChildBody,
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
        let clock = advice::clock(request.received_on, request.submitted_at.map(london_day), today);
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
    pub(super) status: Option<String>,
    /// RFC 3339: those that changed then or later. Ask from a minute before the last answer: a change
    /// shows once it is committed, which is a little after it is stamped.
    pub(super) changed_since: Option<DateTime<Utc>>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<i64>,
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
    caller: Caller,
    actor: ActingFor,
    key: IdempotencyKey,
    body: Json<AdviceRequestBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::AdviceRequest)?;
    let body = body.0;
    let now = state.clock.now();
    let today = london_day(now);
    check(&body, today)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::CreateAdviceRequest);
    let fingerprint = fingerprint("create_advice_request", &body)?;
    let reference = ChildReference::from(body.child.clone());
    let draft = AdviceRequestDraft {
        id: AdviceRequestId(state.ids.next()),
        role: body.role.clone(),
        kinds: body.kinds.clone(),
        case_reference: body.case_reference.clone(),
        received_on: body.received_on.unwrap_or(today),
        receipt_evidence: body.receipt_evidence.clone(),
    };
    let by = by.about(draft.id.0);
    let partnership = Arc::clone(caller.partnership());
    let made = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| match permit_request(tx, &reference, &body, &partnership, now, &by)? {
            Ok(permit) => tx.create_advice_request(&permit, &draft, &by).map(|made| Ok(AdviceRequestView::of(made, today))),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(refused(&refusal))),
        })
    });
    Ok(made.await??.respond())
}

/// Whether the council may tell the health body. The child is made known only once it may.
fn permit_request(
    tx: &mut Tx<'_>,
    reference: &ChildReference,
    body: &AdviceRequestBody,
    partnership: &Partnership,
    now: DateTime<Utc>,
    by: &Attribution,
) -> Result<Result<Permit, Refusal>, StoreError> {
    let known = tx.child(reference)?;
    let facts = known.map_or_else(|| Ok(ChildFacts::default()), |child| tx.child_facts(child, partnership.needs()))?;
    let ask = Ask {
        act: Act::Disclose,
        holder: by.organisation,
        recipient: body.addressed_to,
        purpose: Purpose::EhcNeedsAssessment,
        data: DataClass::AdviceRequest,
        pathways: advice::AdviceKind::pathways(&body.kinds),
        child: known,
        item: by.resource,
        loses_nothing: false,
    };
    // Nobody asks itself: that its own may flow to it is no agreement.
    if body.addressed_to == by.organisation {
        return Ok(Err(Refusal::asks_itself(ask)));
    }
    match decide(ask, Facts::at(now, partnership, &facts)) {
        Ok(_) if known.is_none() => {
            let child = tx.child_for_decision(reference)?;
            // Somebody else may have made the child known, and decided, in the meantime.
            let facts = tx.child_facts(child, partnership.needs())?;
            Ok(decide(Ask { child: Some(child), ..ask }, Facts::at(now, partnership, &facts)))
        }
        decided => Ok(decided),
    }
}

/// No agreement may be said; what a family decided may not.
pub(super) fn refused(refusal: &Refusal) -> Problem {
    Problem::new(if refusal.is_structural() { Kind::NoAgreement } else { Kind::NotFound })
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
    fault(body.received_on.is_some_and(|day| !is_plausible(day)), "received_on", "invalid-value", "a day of this century or the last");
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
    caller: Caller,
    query: Query<AdviceRequestQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<AdviceRequestView>>, Problem> {
    let (rows, limit, today) = find(&caller, &query.0, &state).await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id.to_string(), |row| AdviceRequestView::of(row, today))))
}

/// The requests of the caller's, one more than the limit where there are more, with the limit and the day.
pub(super) async fn find(
    caller: &Caller,
    query: &AdviceRequestQuery,
    state: &State,
) -> Result<(Vec<AdviceRequest>, i64, NaiveDate), Problem> {
    caller.require_any(&PARTIES)?;
    let (limit, after) = (limit(query.limit)?, cursor(query.after.as_deref())?);
    let statuses = statuses(query.status.as_deref())?;
    let (organisation, since) = (caller.organisation(), query.changed_since.filter(|at| is_plausible(at.date_naive())));
    let rows = state.store.read(move |tx| tx.advice_requests(organisation, &statuses, since, after, one_more(limit))).await?;
    Ok((rows, limit, state.today()))
}

pub(super) const PARTIES: [Scope; 3] = [Scope::AdviceRequest, Scope::AdviceRespond, Scope::AdviceRead];

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
    caller: Caller,
    actor: ActingFor,
    request_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestDetailView>, Problem> {
    let by = attribute(&caller, Some(actor.0), id, Operation::GetAdviceRequest);
    let (request, child, case_reference) = disclose(&caller, &request_id, by, &state).await?;
    let child = child.nhs_number().map(|number| ChildBody { nhs_number: *number, date_of_birth: child.date_of_birth });
    Ok(web::Json(AdviceRequestDetailView { request: AdviceRequestView::of(request, state.today()), child, case_reference }))
}

/// One request with its child and case, with its leaf.
pub(super) async fn disclose(
    caller: &Caller,
    request_id: &str,
    by: Attribution,
    state: &State,
) -> Result<(AdviceRequest, ChildReference, String), Problem> {
    caller.require_any(&PARTIES)?;
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let request_id = own_id(request_id)?;
    let by = by.about(request_id.0);
    let found = state.store.transaction(move |tx| {
        let Some(request) = tx.advice_request(request_id, by.organisation)? else {
            return leave_unknown(tx, DataClass::AdviceRequest, &by, now).map(Err);
        };
        match permit_party(tx, &request, &partnership, now, by.organisation)? {
            Ok(permit) => {
                let (child, case_reference) = tx.disclose_advice_request(&permit, &request, &by)?;
                Ok(Ok((request, child, case_reference)))
            }
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(refused(&refusal))),
        }
    });
    found.await?
}

/// The refusal of a request that is not there, or that the caller is no party to: the two are told alike,
/// and written down alike.
pub(super) fn leave_unknown(tx: &mut Tx<'_>, data: DataClass, by: &Attribution, now: DateTime<Utc>) -> Result<Problem, StoreError> {
    let ask = Ask {
        act: Act::Disclose,
        holder: by.organisation,
        recipient: by.organisation,
        purpose: Purpose::EhcNeedsAssessment,
        data,
        pathways: PathwaySet::EMPTY,
        child: None,
        item: None,
        loses_nothing: false,
    };
    tx.leave_refused(&Refusal::not_held(ask), by, now).map(|()| Problem::new(Kind::NotFound))
}

pub(super) fn own_id(text: &str) -> Result<AdviceRequestId, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound))
}

/// Whether a party may see, or act on, what the council asked: the council its own words, the health
/// body under the agreement that let it be asked.
pub(super) fn permit_party(
    tx: &mut Tx<'_>,
    request: &AdviceRequest,
    partnership: &Partnership,
    now: DateTime<Utc>,
    party: OrganisationCode,
) -> Result<Result<Permit, Refusal>, StoreError> {
    let ask = Ask {
        act: Act::Disclose,
        holder: request.requested_by,
        recipient: party,
        purpose: Purpose::EhcNeedsAssessment,
        data: DataClass::AdviceRequest,
        pathways: advice::AdviceKind::pathways(&request.kinds),
        child: Some(request.child),
        item: Some(request.id.0),
        loses_nothing: false,
    };
    tx.child_for_disclosure(request.child)?;
    let facts = tx.child_facts(request.child, partnership.needs())?;
    Ok(decide(ask, Facts::at(now, partnership, &facts)))
}
