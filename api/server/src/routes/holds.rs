//! `POST /v1/children/{child_id}/holds`, `POST /v1/holds/{id}/release`: what a court or an inquiry may ask for is
//! neither erased nor moved, and outlasts its retention.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::agreements::DataClass;
use domain::dates::{is_plausible, london_day};
use domain::holds::{LegalHold, LegalHoldDraft};
use domain::identifiers::HoldId;
use domain::policy::{Act, Facts, NOBODY, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use super::rights::{end, own};
use super::withdrawals::{ReasonBody, checked};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::{IdempotencyKey, fingerprint, once};
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
    tag = "rights", security(("oauth2" = ["rights:write"])),
    params(
        ("child_id" = String, Path),
        ("Sendbridge-Actor" = String, Header, description = "The person behind the call"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters"),
    ),
    request_body = HoldBody,
    responses(
        (status = 201, description = "Held", body = HoldView),
        (status = 200, description = "The same key and body were answered before", body = HoldView),
    )
)]
#[post("/v1/children/{child_id}/holds")]
pub async fn set_hold(
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<HoldBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::RightsWrite)?;
    let body = body.0;
    let (now, by) = (state.clock.now(), attribute(&caller, Some(actor.0), id, "set_hold"));
    let fingerprint = fingerprint(&format!("set_hold {child_id}"), &body)?;
    if body.ends.is_some_and(|last| !is_plausible(last) || last < london_day(now)) {
        let fault = Fault::new("invalid-value", "today or a later day of this century").field("ends");
        return Err(Problem::new(Kind::InvalidValue).fault(fault));
    }
    let draft = LegalHoldDraft { id: HoldId(state.ids.next()), ends: body.ends, reason: checked(body.reason, "reason")? };
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let partnership = Arc::clone(caller.partnership());
    let held = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let child = tx.child_for_decision(&reference)?;
            let ask = own(Act::Hold, by.organisation, DataClass::WaitingListStatus, Some(child), draft.id.0);
            match decide(ask, Facts::at(now, &partnership, &NOBODY)) {
                Ok(permit) => tx.hold(&permit, &draft, &by).map(|hold| Ok(HoldView::from(hold))),
                Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::NotFound))),
            }
        })
    });
    Ok(held.await??.respond())
}

/// Release a hold
///
/// What is past its retention goes at the next run. Doing it again changes nothing.
#[utoipa::path(
    tag = "rights", security(("oauth2" = ["rights:write"])),
    params(("id" = HoldId, Path), ("Sendbridge-Actor" = String, Header, description = "The person behind the call")),
    request_body = ReasonBody,
    responses((status = 200, description = "Released", body = HoldView))
)]
#[post("/v1/holds/{id}/release")]
pub async fn release_hold(
    caller: Caller,
    actor: ActingFor,
    hold_id: web::Path<String>,
    body: Json<ReasonBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<HoldView>, Problem> {
    caller.require(Scope::RightsWrite)?;
    let (organisation, by) = (caller.organisation(), attribute(&caller, Some(actor.0), id, "release_hold"));
    let hold_id = hold_id.parse::<HoldId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let reason = body.0.checked()?;
    let find = move |tx: &mut Tx<'_>| Ok(tx.child_of_hold(hold_id, organisation)?.map(Some));
    let released = end(&state, &caller, by, (Act::Hold, hold_id.0), find, move |tx, permit, by| {
        tx.release_hold(permit, hold_id, &reason, by).map(Some)
    });
    Ok(web::Json(released.await?.into()))
}
