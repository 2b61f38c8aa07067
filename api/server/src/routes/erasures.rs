//! `POST /v1/children/{child_id}/erasures`, `POST /v1/erasures/{id}/lifting`: an organisation erases what it sent about a
//! child (UK GDPR art 17).

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use domain::operations::Erase;
use domain::operations::LiftErasure;
use domain::{DataClass, Erased, Erasure, ErasureDraft, ErasureId, OrganisationCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::{ReasonBody, checked};
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The classes of data that an organisation may send.
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

impl From<Erasure> for LiftedView {
    fn from(erasure: Erasure) -> Self {
        Self { id: erasure.id, made_at: erasure.made_at, lifted_at: erasure.lifted_at }
    }
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
    call: Call<Erase>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<ErasureBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&format!("erase {child_id}"), &body.0)?;
    let ErasureBody { data, future, reason, decided_by } = body.0;
    let data = classes(data.as_deref())?;
    let draft = ErasureDraft { id: ErasureId(state.ids.next()), data, reason: with_decider(reason, decided_by)?, future };
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let (id, made_at) = (draft.id, call.now());
    let view = move |erased: Erased| ErasureView {
        id,
        made_at,
        erased: erased.rows.into_iter().map(|(data, rows)| ErasedView { data, rows }).collect(),
        decisions: erased.decisions,
        future,
        recipients: erased.recipients,
    };
    Ok(respond(exchange::erase(&state.store, &state.journal, call.context(), key, child, draft, view).await?))
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
    call: Call<LiftErasure>,
    erasure_id: web::Path<String>,
    body: Json<ReasonBody>,
    state: web::Data<State>,
) -> Result<web::Json<LiftedView>, Problem> {
    let erasure_id = erasure_id.parse::<ErasureId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let lifted = exchange::lift_erasure(&state.store, &state.journal, call.context(), erasure_id, body.0.checked()?);
    Ok(web::Json(lifted.await?.into()))
}

/// The reason and who decided, in one text that is sealed.
pub(super) fn with_decider(reason: String, decided_by: String) -> Result<String, Problem> {
    let (reason, decided_by) = (checked(reason, "reason")?, checked(decided_by, "decided_by")?);
    Ok(format!("{decided_by}: {reason}"))
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
