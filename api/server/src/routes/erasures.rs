//! `POST /v1/children/{child_id}/erasures`, `POST /v1/erasures/{id}/lifting`: an organisation has what it sent
//! about a child erased (UK GDPR art 17).

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::agreements::DataClass;
use domain::erasures::ErasureDraft;
use domain::identifiers::ErasureId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::policy::{Act, Facts, Permit, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use super::rights::{end, own, settle, with_decider};
use super::withdrawals::ReasonBody;
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::retention;
use crate::state::State;
use crate::transitional::{Once, fingerprint, once};

/// The classes that an organisation may have sent something of.
const SENT: [DataClass; 4] = [DataClass::WaitingListStatus, DataClass::EhcpStatus, DataClass::AdviceRequest, DataClass::HealthAdvice];

/// What is to be erased, and who decided it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureBody {
    /// Everything that the organisation sent where it is left out.
    #[serde(default)]
    pub data: Option<Vec<DataClass>>,
    /// Whether records that the organisation sends about the child later are refused too, new referrals among them.
    #[serde(default)]
    pub future: bool,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
    /// The role of who decided it for the controller. It is sealed.
    #[schema(example = "data-protection-officer")]
    pub decided_by: String,
}

/// Rows of one class that were erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedView {
    pub data: DataClass,
    pub rows: u64,
}

/// An erasure. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureView {
    pub id: ErasureId,
    pub made_at: DateTime<Utc>,
    pub erased: Vec<ErasedView>,
    /// Decisions that the organisation recorded and that keep no words. They stand as they stood.
    pub decisions: u64,
    pub future: bool,
    /// The organisations to which it had been disclosed: they are to be told (UK GDPR art 19).
    pub recipients: Vec<OrganisationCode>,
}

/// A lifted erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiftedView {
    pub id: ErasureId,
    pub made_at: DateTime<Utc>,
    pub lifted_at: Option<DateTime<Utc>>,
}

/// Erase what the caller's organisation sent about a child
///
/// At once, and for good: the same referral or case sent again is rejected with the issue `erased`, and a restored
/// database is erased anew. A new referral is taken, unless `future` says otherwise. What others sent stays, and so
/// does the log, which names no child. 409 `legal-hold` while the organisation holds it.
#[utoipa::path(
    tag = "rights",
    params(("child_id" = String, Path)),
    request_body = ErasureBody,
    responses(
        (status = 201, description = "Erased", body = ErasureView),
        (status = 200, description = "The same key and body were answered before", body = ErasureView),
    )
)]
#[post("/v1/children/{child_id}/erasures")]
pub async fn erase(
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<ErasureBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::RightsWrite)?;
    let body = body.0;
    let (now, by) = (state.clock.now(), attribute(&caller, Some(actor.0), id, Operation::Erase));
    let classes = classes(body.data.as_deref())?;
    let reason = with_decider(body.reason.clone(), body.decided_by.clone())?;
    let fingerprint = fingerprint(&format!("erase {child_id}"), &body)?;
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let draft = ErasureDraft { id: ErasureId(state.ids.next()), reason, future: body.future };
    let partnership = Arc::clone(caller.partnership());
    let erased = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let child = tx.child_for_erasure(&reference)?;
            let facts = tx.facts_for_rights(child, by.organisation)?;
            let facts = Facts::at(now, &partnership, &facts);
            let ask = |data| own(Act::Erase, by.organisation, data, child, draft.id.0);
            let permits: Result<Vec<Permit>, Refusal> = classes.iter().map(|class| decide(ask(*class), facts)).collect();
            let permits = match permits {
                Ok(permits) => permits,
                Err(refusal) => return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::LegalHold))),
            };
            let erased = tx.erase(&permits, &reference, &draft, &by)?;
            Ok(Ok(ErasureView {
                id: draft.id,
                made_at: now,
                erased: erased.rows.into_iter().map(|(data, rows)| ErasedView { data, rows }).collect(),
                decisions: erased.decisions,
                future: draft.future,
                recipients: erased.recipients,
            }))
        })
    });
    let erased = erased.await??;
    settle(&state).await?;
    if matches!(erased, Once::Made(_)) {
        retention::scrub(&state.store).await;
    }
    Ok(erased.respond())
}

/// Let what was erased be sent again
///
/// The mark of the erasure is lifted; what was erased comes back with the next submission that has it. Doing it
/// again changes nothing.
#[utoipa::path(
    tag = "rights",
    params(("id" = ErasureId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Lifted", body = LiftedView))
)]
#[post("/v1/erasures/{id}/lifting")]
pub async fn lift_erasure(
    caller: Caller,
    actor: ActingFor,
    erasure_id: web::Path<String>,
    body: Json<ReasonBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<LiftedView>, Problem> {
    caller.require(Scope::RightsWrite)?;
    let (organisation, by) = (caller.organisation(), attribute(&caller, Some(actor.0), id, Operation::LiftErasure));
    let erasure_id = erasure_id.parse::<ErasureId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let reason = body.0.checked()?;
    let find = move |tx: &mut Tx<'_>| Ok(tx.erasure(erasure_id, organisation)?.map(|erasure| erasure.child));
    let lifted = end(&state, &caller, by, (Act::Erase, erasure_id.0), find, move |tx, permit, by| {
        tx.lift_erasure(permit, erasure_id, &reason, by).map(Some)
    });
    let lifted = lifted.await?;
    settle(&state).await?;
    Ok(web::Json(LiftedView { id: lifted.id, made_at: lifted.made_at, lifted_at: lifted.lifted_at }))
}

fn classes(asked: Option<&[DataClass]>) -> Result<Vec<DataClass>, Problem> {
    let Some(asked) = asked else { return Ok(SENT.to_vec()) };
    let mut classes = asked.to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() || classes.len() != asked.len() || classes.iter().any(|class| !SENT.contains(class)) {
        let fault = Fault::new("invalid-value", "name each class of data that the organisation sends once, and at least one");
        return Err(Problem::new(Kind::InvalidValue).fault(fault.field("data")));
    }
    Ok(classes)
}
