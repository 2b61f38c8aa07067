//! `POST /v1/children/{child_id}/rectifications`: referrals that were sent under another child's identity are moved
//! to their own (UK GDPR art 16).

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::operations::Rectify;
use domain::{NamedChild, OrganisationCode, RectificationDraft, RectificationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::children::ChildBody;
use super::erasures::with_decider;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::problems::{Kind, Problem};
use crate::state::State;

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
    call: Call<Rectify>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<RectificationBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&format!("rectify {child_id}"), &body.0)?;
    let RectificationBody { to, referrals, reason, decided_by } = body.0;
    let reason = with_decider(reason, decided_by)?;
    let from = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let wrong = |fault: Fault| Problem::new(Kind::InvalidValue).fault(fault.field("to"));
    let to = to.reference().ok_or_else(|| wrong(ChildBody::fault()))?;
    if matches!(&from, NamedChild::Reference(from) if *from == to) {
        return Err(wrong(Fault::new("invalid-value", "the child in the path")));
    }
    let draft = RectificationDraft { id: RectificationId(state.ids.next()), to, referrals, reason };
    let (id, made_at, moved) = (draft.id, call.now(), draft.referrals.len() as u64);
    let view = move |recipients| RectificationView { id, made_at, moved, recipients };
    Ok(respond(exchange::rectify(&state.store, &state.journal, call.context(), key, from, draft, view).await?))
}
