//! Advice: acknowledged and given by the health body, pulled by the council.

use std::sync::Arc;

use actix_web::{get, post, put, web};
use domain::advice::{Advice, AdviceErased, AdviceKind, AdviceRequest, AlreadySubmitted};
use domain::agreements::{DataClass, Purpose};
use domain::dates::london_day;
use domain::identifiers::AdviceRequestId;
use domain::operations::Operation;
use domain::partnerships::Partnership;
use domain::policy::{Act, Ask, Facts, Permit, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};
use utoipa::ToSchema;

use super::advice_requests::{AdviceRequestView, leave_unknown, own_id, permit_party, refused};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The longest part of an advice, in bytes.
const LONGEST: usize = 20_000;

/// The advice: needs, provision and outcomes are each required (reg 6(1)).
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdviceBody {
    pub needs: String,
    pub provision: String,
    pub outcomes: String,
    #[schema(example = "speech and language therapist")]
    pub author_role: String,
}

/// The advice as the council pulls it.
#[derive(Serialize, ToSchema)]
pub struct AdviceView {
    pub request_id: AdviceRequestId,
    pub needs: String,
    pub provision: String,
    pub outcomes: String,
    pub author_role: String,
    pub submitted_on: Option<chrono::NaiveDate>,
}

/// Acknowledge a request
///
/// Says that it came and whom it is about. It stops no clock.
#[utoipa::path(
    tag = "advice",
    params(("id" = AdviceRequestId, Path)),
    responses((status = 200, description = "Acknowledged", body = AdviceRequestView))
)]
#[post("/v1/advice-requests/{id}/acknowledgement")]
pub async fn acknowledge_advice_request(
    caller: Caller,
    actor: ActingFor,
    request_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestView>, Problem> {
    caller.require(Scope::AdviceRespond)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::AcknowledgeAdviceRequest);
    let request_id = own_id(&request_id)?;
    let by = by.about(request_id.0);
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let done = state.store.transaction(move |tx| {
        let Some(request) = addressed(tx, request_id, &by)? else { return leave_unknown(tx, DataClass::AdviceRequest, &by, now).map(Err) };
        let request = match request.acknowledge(now) {
            Ok(acknowledged) => acknowledged,
            Err(AlreadySubmitted) => return Ok(Err(Problem::new(Kind::WrongStatus).detail("The advice is submitted already."))),
        };
        match permit_party(tx, &request, &partnership, now, by.organisation)? {
            Ok(permit) => tx.acknowledge_advice(&permit, &request, &by).map(|()| Ok(request)),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(refused(&refusal))),
        }
    });
    Ok(web::Json(AdviceRequestView::of(done.await??, london_day(now))))
}

/// Give the advice
///
/// Implies the acknowledgement. Sent again it replaces what was given; the first day stands.
#[utoipa::path(
    tag = "advice",
    params(("id" = AdviceRequestId, Path)),
    request_body = AdviceBody,
    responses((status = 200, description = "Submitted", body = AdviceRequestView))
)]
#[put("/v1/advice-requests/{id}/advice")]
pub async fn submit_advice(
    caller: Caller,
    actor: ActingFor,
    request_id: web::Path<String>,
    body: Json<AdviceBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestView>, Problem> {
    caller.require(Scope::AdviceRespond)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::SubmitAdvice);
    let request_id = own_id(&request_id)?;
    let by = by.about(request_id.0);
    let advice = check(body.0)?;
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let done = state.store.transaction(move |tx| {
        let Some(request) = addressed(tx, request_id, &by)? else { return leave_unknown(tx, DataClass::HealthAdvice, &by, now).map(Err) };
        let request = match request.submit(now) {
            Ok(submitted) => submitted,
            Err(AdviceErased) => {
                return Ok(Err(Problem::new(Kind::Erased).detail("The advice was erased; the council has to ask anew.")));
            }
        };
        match permit_advice(tx, &request, &partnership, now)? {
            Ok(permit) => tx.submit_advice(&permit, &request, &advice, &by).map(|()| Ok(request)),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(refused(&refusal))),
        }
    });
    Ok(web::Json(AdviceRequestView::of(done.await??, london_day(now))))
}

/// Pull the advice
///
/// For the council that asked; 409 `not-yet-answered` before there is any.
#[utoipa::path(
    tag = "advice",
    params(("id" = AdviceRequestId, Path)),
    responses((status = 200, description = "The advice", body = AdviceView))
)]
#[get("/v1/advice-requests/{id}/advice")]
pub async fn get_advice(
    caller: Caller,
    actor: ActingFor,
    request_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<AdviceView>, Problem> {
    caller.require(Scope::AdviceRead)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::GetAdvice);
    let request_id = own_id(&request_id)?;
    let by = by.about(request_id.0);
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let found = state.store.transaction(move |tx| {
        let request = tx.advice_request(request_id, by.organisation)?.filter(|request| request.requested_by == by.organisation);
        let Some(request) = request else { return leave_unknown(tx, DataClass::HealthAdvice, &by, now).map(Err) };
        match permit_advice(tx, &request, &partnership, now)? {
            Ok(permit) => match tx.disclose_advice(&permit, &request, &by)? {
                Some(advice) => Ok(Ok((request, advice))),
                None if request.is_erased() => Ok(Err(Problem::new(Kind::Erased))),
                None => Ok(Err(Problem::new(Kind::NotYetAnswered))),
            },
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(refused(&refusal))),
        }
    });
    let (request, advice) = found.await??;
    Ok(web::Json(AdviceView {
        request_id: request.id,
        needs: advice.needs,
        provision: advice.provision,
        outcomes: advice.outcomes,
        author_role: advice.author_role,
        submitted_on: request.submitted_at.map(london_day),
    }))
}

fn addressed(tx: &mut Tx<'_>, id: AdviceRequestId, by: &domain::audit::Attribution) -> Result<Option<AdviceRequest>, StoreError> {
    Ok(tx.advice_request(id, by.organisation)?.filter(|request| request.addressed_to == by.organisation))
}

/// Whether the health body may tell the council what it knows.
fn permit_advice(
    tx: &mut Tx<'_>,
    request: &AdviceRequest,
    partnership: &Partnership,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Result<Permit, Refusal>, StoreError> {
    tx.child_for_disclosure(request.child)?;
    let ask = Ask {
        act: Act::Disclose,
        holder: request.addressed_to,
        recipient: request.requested_by,
        purpose: Purpose::EhcNeedsAssessment,
        data: DataClass::HealthAdvice,
        pathways: AdviceKind::pathways(&request.kinds),
        child: Some(request.child),
        item: Some(request.id.0),
        loses_nothing: false,
    };
    let facts = tx.child_facts(request.child, partnership.needs())?;
    Ok(decide(ask, Facts::at(now, partnership, &facts)))
}

fn check(body: AdviceBody) -> Result<Advice, Problem> {
    let parts = [("needs", &body.needs), ("provision", &body.provision), ("outcomes", &body.outcomes), ("author_role", &body.author_role)];
    let faults: Vec<_> = parts
        .into_iter()
        .filter(|(_, text)| text.trim().is_empty() || text.len() > LONGEST)
        .map(|(field, _)| Fault::new("invalid-value", "1 to 20,000 characters").field(field))
        .collect();
    if !faults.is_empty() {
        return Err(Problem::new(Kind::InvalidValue).with_faults(faults));
    }
    Ok(Advice { needs: body.needs, provision: body.provision, outcomes: body.outcomes, author_role: body.author_role })
}
