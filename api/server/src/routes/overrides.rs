//! Caldicott overrides: a guardian opens the organisation's records for a disclosure that cannot wait.

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::EndOverride;
use domain::operations::MakeOverride;
use domain::{DataClass, LONGEST_OVERRIDE_DAYS, OrganisationCode, Override, OverrideDraft, OverrideId, PathwaySet, Purpose, days_between};
use exchange::NewOverride;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::checked;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The role in `Sendbridge-Actor` that may make an override.
const GUARDIAN: &str = "caldicott-guardian";

/// An override to be made. It starts today.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideBody {
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    /// Its last day, inclusive; at most 28 days from today.
    pub ends: NaiveDate,
    /// Why it cannot wait, 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

/// An override. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideView {
    pub id: OverrideId,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    pub starts: NaiveDate,
    pub ends: NaiveDate,
    pub in_force: bool,
    pub ended_at: Option<DateTime<Utc>>,
}

impl OverrideView {
    fn of(made: &Override, today: NaiveDate) -> Self {
        Self {
            id: made.id,
            recipient: made.recipient,
            purpose: made.purpose,
            data: made.data,
            pathways: made.pathways,
            starts: made.starts,
            ends: made.ends,
            in_force: made.is_in_force(today),
            ended_at: made.ended_at,
        }
    }
}

/// Override a family's decision
///
/// A Caldicott guardian (the role that `Sendbridge-Actor` names) opens the organisation's own records of a child
/// to one recipient, for a stated reason and at most 28 days. It stands in for the family's decision and for a
/// safeguarding restriction; an agreement is still needed, and no court order is passed.
#[utoipa::path(
    tag = "overrides",
    params(
        ("child_id" = String, Path),
        ("Sendbridge-Actor" = String, Header, description = "The guardian, by the role caldicott-guardian"),
    ),
    request_body = OverrideBody,
    responses(
        (status = 201, description = "Made", body = OverrideView),
        (status = 200, description = "The same key and body made it before", body = OverrideView),
    )
)]
#[post("/v1/children/{child_id}/overrides")]
pub async fn make_override(
    call: Call<MakeOverride>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<OverrideBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (body, today) = (body.0, call.today());
    check(&body, today)?;
    if call.actor().is_none_or(|actor| actor.role != GUARDIAN) {
        return Err(Problem::new(Kind::NotAGuardian));
    }
    let key = key.of(&format!("make_override {child_id}"), &body)?;
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let OverrideBody { recipient, purpose, data, pathways, ends, reason } = body;
    let draft = OverrideDraft { id: OverrideId(state.ids.next()), starts: today, ends, reason };
    let new = NewOverride { child, recipient, purpose, data, pathways, draft };
    let view = move |made| OverrideView::of(&made, today);
    Ok(respond(exchange::make_override(&state.store, call.context(), key, new, view).await?))
}

fn check(body: &OverrideBody, today: NaiveDate) -> Result<(), Problem> {
    checked(body.reason.clone(), "reason")?;
    let mut faults = Vec::new();
    if !(0..=LONGEST_OVERRIDE_DAYS).contains(&days_between(today, body.ends)) {
        faults.push(Fault::new("invalid-value", "from today to 28 days ahead").field("ends"));
    }
    if body.pathways.is_empty() {
        faults.push(Fault::new("invalid-value", "name at least one pathway").field("pathways"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Kind::InvalidValue).with_faults(faults)) }
}

/// End an override
///
/// By the organisation that made it. Doing it again changes nothing.
#[utoipa::path(
    tag = "overrides",
    params(("id" = OverrideId, Path)),
    responses((status = 200, description = "Ended", body = OverrideView))
)]
#[post("/v1/overrides/{id}/ending")]
pub async fn end_override(
    call: Call<EndOverride>,
    override_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<OverrideView>, Problem> {
    let override_id = override_id.parse::<OverrideId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let ended = exchange::end_override(&state.store, call.context(), override_id).await?;
    Ok(web::Json(OverrideView::of(&ended, call.today())))
}
