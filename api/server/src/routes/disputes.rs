//! `POST /v1/children/{child_id}/disputes`, `POST /v1/disputes/{id}/settlement`: while the accuracy of a referral is
//! contested it is kept, and flows to nobody (UK GDPR art 18(1)(a)).

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::agreements::DataClass;
use domain::disputes::DisputeDraft;
use domain::identifiers::DisputeId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::policy::{Act, Facts, NOBODY, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use super::rights::{end, own, own_referrals};
use super::withdrawals::{ReasonBody, checked};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::transitional::{fingerprint, once};

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
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<DisputeBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::RightsWrite)?;
    let body = body.0;
    let (now, by) = (state.clock.now(), attribute(&caller, Some(actor.0), id, Operation::OpenDispute));
    let reason = checked(body.reason.clone(), "reason")?;
    let fingerprint = fingerprint(&format!("open_dispute {child_id}"), &body)?;
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let dispute_id = DisputeId(state.ids.next());
    let partnership = Arc::clone(caller.partnership());
    let opened = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let child = tx.child_for_erasure(&reference)?;
            let ask = own(Act::Rectify, by.organisation, DataClass::WaitingListStatus, child, dispute_id.0);
            let referrals = match own_referrals(tx, by.organisation, child, body.referrals.as_deref())? {
                Ok((_, referrals)) => referrals,
                Err(problem) => return tx.leave_refused(&Refusal::not_held(ask), &by, now).map(|()| Err(problem)),
            };
            // Nothing of it is lost: no hold stands against it.
            let permit = match decide(ask, Facts::at(now, &partnership, &NOBODY)) {
                Ok(permit) => permit,
                Err(refusal) => return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::NotFound))),
            };
            let draft = DisputeDraft { id: dispute_id, referrals, reason: reason.clone() };
            let recipients = tx.open_dispute(&permit, &draft, &by)?;
            Ok(Ok(DisputeView { id: dispute_id, opened_at: now, referrals: draft.referrals.len() as u64, recipients }))
        })
    });
    Ok(opened.await??.respond())
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
    caller: Caller,
    actor: ActingFor,
    dispute_id: web::Path<String>,
    body: Json<ReasonBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<SettledView>, Problem> {
    caller.require(Scope::RightsWrite)?;
    let (organisation, by) = (caller.organisation(), attribute(&caller, Some(actor.0), id, Operation::SettleDispute));
    let dispute_id = dispute_id.parse::<DisputeId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let reason = body.0.checked()?;
    let find = move |tx: &mut Tx<'_>| Ok(tx.dispute(dispute_id, organisation)?.map(|dispute| Some(dispute.child)));
    let settled = end(&state, &caller, by, (Act::Rectify, dispute_id.0), find, move |tx, permit, by| {
        tx.settle_dispute(permit, dispute_id, &reason, by).map(Some)
    });
    let settled = settled.await?;
    Ok(web::Json(SettledView { id: settled.id, opened_at: settled.opened_at, settled_at: settled.settled_at }))
}
