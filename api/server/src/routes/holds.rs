//! `POST /v1/children/{child_id}/holds`, `POST /v1/holds/{id}/release`: what a court or an inquiry may ask for is not
//! erased or moved, and is kept past its retention.

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::ReleaseHold;
use domain::operations::SetHold;
use domain::{HoldId, LegalHold, LegalHoldDraft, is_plausible_day};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::{ReasonBody, checked};
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// Why it is held, and until when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
    /// Its last day, inclusive; until it is released where it is left out.
    #[serde(default)]
    pub ends: Option<NaiveDate>,
}

/// A legal hold. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldView {
    pub id: HoldId,
    pub set_at: DateTime<Utc>,
    pub ends: Option<NaiveDate>,
    pub released_at: Option<DateTime<Utc>>,
}

impl From<LegalHold> for HoldView {
    fn from(hold: LegalHold) -> Self {
        Self { id: hold.id, set_at: hold.set_at, ends: hold.ends, released_at: hold.released_at }
    }
}

/// Hold what the caller's organisation sent about a child
///
/// And what it sends while the hold is in force: it is neither erased nor moved, and outlasts its retention.
#[utoipa::path(
    tag = "rights",
    params(("child_id" = String, Path)),
    request_body = HoldBody,
    responses(
        (status = 201, description = "Held", body = HoldView),
        (status = 200, description = "The same key and body were answered before", body = HoldView),
    )
)]
#[post("/v1/children/{child_id}/holds")]
pub async fn set_hold(
    call: Call<SetHold>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<HoldBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&format!("set_hold {child_id}"), &body.0)?;
    let HoldBody { reason, ends } = body.0;
    if ends.is_some_and(|last| !is_plausible_day(last) || last < call.today()) {
        let fault = Fault::new("invalid-value", "today or a later day of this century").field("ends");
        return Err(Problem::new(Kind::InvalidValue).fault(fault));
    }
    let draft = LegalHoldDraft { id: HoldId(state.ids.next()), ends, reason: checked(reason, "reason")? };
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    Ok(respond(exchange::set_hold(&state.store, call.context(), key, child, draft, HoldView::from).await?))
}

/// Release a hold
///
/// What is past its retention goes at the next run. Doing it again changes nothing.
#[utoipa::path(
    tag = "rights",
    params(("id" = HoldId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Released", body = HoldView))
)]
#[post("/v1/holds/{id}/release")]
pub async fn release_hold(
    call: Call<ReleaseHold>,
    hold_id: web::Path<String>,
    body: Json<ReasonBody>,
    state: web::Data<State>,
) -> Result<web::Json<HoldView>, Problem> {
    let hold_id = hold_id.parse::<HoldId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let released = exchange::release_hold(&state.store, call.context(), hold_id, body.0.checked()?);
    Ok(web::Json(released.await?.into()))
}
