//! `POST /v1/children/{child_id}/rectifications`: referrals that were sent under another child's identity are moved
//! to their own (UK GDPR art 16).

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::agreements::DataClass;
use domain::children::ChildReference;
use domain::identifiers::RectificationId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::policy::{Act, Facts, Refusal, decide};
use domain::rectifications::RectificationDraft;
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::children::ChildBody;
use super::rights::{own, own_referrals, settle, with_decider};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::transitional::{fingerprint, once};

/// What was sent under the wrong child, and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationBody {
    /// The child that the referrals are about.
    pub to: ChildBody,
    /// The organisation's own ids, each held for the child in the path.
    pub referrals: Vec<String>,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
    /// The role of who decided it for the controller. It is sealed.
    pub decided_by: String,
}

/// A correction. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct RectificationView {
    pub id: RectificationId,
    pub made_at: DateTime<Utc>,
    /// How many referrals were moved.
    pub moved: u64,
    /// The organisations that saw them under the wrong child: they are to be told (UK GDPR art 19).
    pub recipients: Vec<OrganisationCode>,
}

/// Move referrals to the child that they are about
///
/// Those of the caller's organisation, from the child in the path. Waits and journeys of both follow at once; a row
/// that still names the former child is rejected with the issue `identity-corrected`. Decisions are not moved: a
/// family decided about its own child. 409 `legal-hold` while the organisation holds it.
#[utoipa::path(
    tag = "rights",
    params(("child_id" = String, Path)),
    request_body = RectificationBody,
    responses(
        (status = 201, description = "Moved", body = RectificationView),
        (status = 200, description = "The same key and body were answered before", body = RectificationView),
    )
)]
#[post("/v1/children/{child_id}/rectifications")]
pub async fn rectify(
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<RectificationBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::RightsWrite)?;
    let body = body.0;
    let (now, by) = (state.clock.now(), attribute(&caller, Some(actor.0), id, Operation::Rectify));
    let reason = with_decider(body.reason.clone(), body.decided_by.clone())?;
    let fingerprint = fingerprint(&format!("rectify {child_id}"), &body)?;
    let former = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let right = ChildReference::from(body.to.clone());
    if former == right {
        return Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "the child in the path").field("to")));
    }
    let rectification_id = RectificationId(state.ids.next());
    let partnership = Arc::clone(caller.partnership());
    let moved = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let child = tx.child_for_erasure(&former)?;
            let ask = |child| own(Act::Rectify, by.organisation, DataClass::WaitingListStatus, child, rectification_id.0);
            let facts = tx.facts_for_rights(child, by.organisation)?;
            let from = match decide(ask(child), Facts::at(now, &partnership, &facts)) {
                Ok(permit) => permit,
                Err(refusal) => return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::LegalHold))),
            };
            let referrals = match own_referrals(tx, by.organisation, child, Some(&body.referrals))? {
                Ok((_, referrals)) => referrals,
                Err(problem) => return tx.leave_refused(&Refusal::not_held(ask(child)), &by, now).map(|()| Err(problem)),
            };
            let to = tx.child_for_decision(&right)?;
            let facts = tx.facts_for_rights(Some(to), by.organisation)?;
            let to = match decide(ask(Some(to)), Facts::at(now, &partnership, &facts)) {
                Ok(permit) => permit,
                Err(refusal) => return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::LegalHold))),
            };
            let moved = referrals.len() as u64;
            let draft = RectificationDraft { id: rectification_id, referrals, reason: reason.clone() };
            let recipients = tx.rectify((&from, &to), (&former, &right), &draft, &by)?;
            Ok(Ok(RectificationView { id: rectification_id, made_at: now, moved, recipients }))
        })
    });
    let moved = moved.await??;
    settle(&state).await?;
    Ok(moved.respond())
}
