//! `POST /v1/children/{child_id}/disputes`, `POST /v1/disputes/{id}/settlement`: while the accuracy of a referral is
//! contested, it is kept but not shared (UK GDPR art 18(1)(a)).

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::operations::OpenDispute;
use domain::operations::SettleDispute;
use domain::{Dispute, DisputeDraft, DisputeId, OrganisationCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::{ReasonBody, checked};
use crate::bodies::Json;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// What is contested.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeBody {
    /// The organisation's own ids; all of the child's where it is left out.
    #[serde(default)]
    pub referrals: Option<Vec<String>>,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

/// A dispute that was opened. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeView {
    pub id: DisputeId,
    pub opened_at: DateTime<Utc>,
    /// How many referrals it is about.
    pub referrals: u64,
    /// The organisations to which they had been disclosed: they are to be told (UK GDPR art 19).
    pub recipients: Vec<OrganisationCode>,
}

/// A settled dispute.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettledView {
    pub id: DisputeId,
    pub opened_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

impl From<Dispute> for SettledView {
    fn from(dispute: Dispute) -> Self {
        Self { id: dispute.id, opened_at: dispute.opened_at, settled_at: dispute.settled_at }
    }
}

/// Contest the accuracy of referrals
///
/// Of the caller's organisation's own. Until the dispute is settled they are shown to it alone, marked, and counted
/// nowhere; a later state of them is taken in all the same.
#[utoipa::path(
    tag = "rights",
    params(("child_id" = String, Path)),
    request_body = DisputeBody,
    responses(
        (status = 201, description = "Opened", body = DisputeView),
        (status = 200, description = "The same key and body were answered before", body = DisputeView),
    )
)]
#[post("/v1/children/{child_id}/disputes")]
pub async fn open_dispute(
    call: Call<OpenDispute>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<DisputeBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&format!("open_dispute {child_id}"), &body.0)?;
    let DisputeBody { referrals, reason } = body.0;
    let draft = DisputeDraft { id: DisputeId(state.ids.next()), referrals, reason: checked(reason, "reason")? };
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let (id, opened_at) = (draft.id, call.now());
    let view = move |referrals, recipients| DisputeView { id, opened_at, referrals, recipients };
    Ok(respond(exchange::open_dispute(&state.store, call.context(), key, child, draft, view).await?))
}

/// Settle a dispute
///
/// Its referrals flow again, as they stand now. Doing it again changes nothing.
#[utoipa::path(
    tag = "rights",
    params(("id" = DisputeId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Settled", body = SettledView))
)]
#[post("/v1/disputes/{id}/settlement")]
pub async fn settle_dispute(
    call: Call<SettleDispute>,
    dispute_id: web::Path<String>,
    body: Json<ReasonBody>,
    state: web::Data<State>,
) -> Result<web::Json<SettledView>, Problem> {
    let dispute_id = dispute_id.parse::<DisputeId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let settled = exchange::settle_dispute(&state.store, call.context(), dispute_id, body.0.checked()?);
    Ok(web::Json(settled.await?.into()))
}
