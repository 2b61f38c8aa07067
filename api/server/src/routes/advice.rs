//! Advice: acknowledged and given by the health body, pulled by the council.

use actix_web::{get, post, put, web};
use domain::operations::AcknowledgeAdviceRequest;
use domain::operations::GetAdvice;
use domain::operations::SubmitAdvice;
use domain::{Advice, AdviceRequestId, london_day};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::advice_requests::{AdviceRequestView, own_id};
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The most bytes in a part of an advice.
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
    call: Call<AcknowledgeAdviceRequest>,
    request_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestView>, Problem> {
    let acknowledged = exchange::acknowledge_advice_request(&state.store, call.context(), own_id(&request_id)?);
    Ok(web::Json(AdviceRequestView::of(acknowledged.await?, call.today())))
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
    call: Call<SubmitAdvice>,
    request_id: web::Path<String>,
    body: Json<AdviceBody>,
    state: web::Data<State>,
) -> Result<web::Json<AdviceRequestView>, Problem> {
    let request_id = own_id(&request_id)?;
    let submitted = exchange::submit_advice(&state.store, call.context(), request_id, check(body.0)?);
    Ok(web::Json(AdviceRequestView::of(submitted.await?, call.today())))
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
    call: Call<GetAdvice>,
    request_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<AdviceView>, Problem> {
    let (request, advice) = exchange::get_advice(&state.store, call.context(), own_id(&request_id)?).await?;
    Ok(web::Json(AdviceView {
        request_id: request.id,
        needs: advice.needs,
        provision: advice.provision,
        outcomes: advice.outcomes,
        author_role: advice.author_role,
        submitted_on: request.submitted_at.map(london_day),
    }))
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
