//! Restrictions: what keeps a child's records from flowing, whatever a family has permitted.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::LiftRestriction;
use domain::operations::ListRestrictions;
use domain::operations::RestrictChild;
use domain::{OrganisationCode, Partnership, Restriction, RestrictionDraft, RestrictionId, RestrictionKind, is_plausible_day};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::{ReasonBody, checked};
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::pages::Page;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A restriction to be set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictionBody {
    pub kind: RestrictionKind,
    /// Who is to receive nothing; everybody where it is left out.
    #[serde(default)]
    pub against: Option<OrganisationCode>,
    /// Today where it is left out.
    #[serde(default)]
    pub starts: Option<NaiveDate>,
    /// Its last day, inclusive; open where it is left out.
    #[serde(default)]
    pub ends: Option<NaiveDate>,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

/// A restriction. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct RestrictionView {
    pub id: RestrictionId,
    pub kind: RestrictionKind,
    pub against: Option<OrganisationCode>,
    pub starts: NaiveDate,
    pub ends: Option<NaiveDate>,
    pub in_force: bool,
    pub lifted_at: Option<DateTime<Utc>>,
}

impl RestrictionView {
    fn of(restriction: &Restriction, today: NaiveDate) -> Self {
        Self {
            id: restriction.id,
            kind: restriction.kind,
            against: restriction.against,
            starts: restriction.starts,
            ends: restriction.ends,
            in_force: restriction.is_in_force(today),
            lifted_at: restriction.lifted_at,
        }
    }
}

/// Restrict what flows about a child
///
/// Any party to an agreement may, at once and about any child: it can only protect. Nobody else learns of it
/// but by what no longer flows.
#[utoipa::path(
    tag = "restrictions",
    params(("child_id" = String, Path)),
    request_body = RestrictionBody,
    responses(
        (status = 201, description = "Set", body = RestrictionView),
        (status = 200, description = "The same key and body set it before", body = RestrictionView),
    )
)]
#[post("/v1/children/{child_id}/restrictions")]
pub async fn restrict_child(
    call: Call<RestrictChild>,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<RestrictionBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (body, today) = (body.0, call.today());
    let starts = check(&body, call.partnership(), today)?;
    let key = key.of(&format!("restrict_child {child_id}"), &body)?;
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let draft = RestrictionDraft {
        id: RestrictionId(state.ids.next()),
        kind: body.kind,
        against: body.against,
        starts,
        ends: body.ends,
        reason: body.reason,
    };
    let view = move |set| RestrictionView::of(&set, today);
    Ok(respond(exchange::restrict_child(&state.store, call.context(), key, child, draft, view).await?))
}

fn check(body: &RestrictionBody, partnership: &Partnership, today: NaiveDate) -> Result<NaiveDate, Problem> {
    checked(body.reason.clone(), "reason")?;
    let starts = body.starts.unwrap_or(today);
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, field: &str, message: &'static str| {
        if wrong {
            faults.push(Fault::new("invalid-value", message).field(field));
        }
    };
    fault(!is_plausible_day(starts), "starts", "a day of this century or the last");
    fault(
        body.ends.is_some_and(|last| last < starts || !is_plausible_day(last)),
        "ends",
        "a day of this century that is not before the first",
    );
    fault(body.against.is_some_and(|against| partnership.organisation(against).is_none()), "against", "an organisation of the partnership");
    if faults.is_empty() { Ok(starts) } else { Err(Problem::new(Kind::InvalidValue).with_faults(faults)) }
}

/// The restrictions on a child that the caller's organisation set
///
/// In force, to come, ended and lifted.
#[utoipa::path(
    tag = "restrictions",
    params(("child_id" = String, Path)),
    responses((status = 200, description = "All of them; none for a child that is not known", body = Page<RestrictionView>))
)]
#[get("/v1/children/{child_id}/restrictions")]
pub async fn list_restrictions(
    call: Call<ListRestrictions>,
    child_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<Page<RestrictionView>>, Problem> {
    let child = state.child_ids.child(call.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let found = exchange::list_restrictions(&state.store, call.context(), child).await?;
    let items = found.iter().map(|restriction| RestrictionView::of(restriction, call.today())).collect();
    Ok(web::Json(Page { items, next: None }))
}

/// Lift a restriction
///
/// By the organisation that set it. Doing it again changes nothing.
#[utoipa::path(
    tag = "restrictions",
    params(("id" = RestrictionId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Lifted", body = RestrictionView))
)]
#[post("/v1/restrictions/{id}/lifting")]
pub async fn lift_restriction(
    call: Call<LiftRestriction>,
    restriction_id: web::Path<String>,
    body: Json<ReasonBody>,
    state: web::Data<State>,
) -> Result<web::Json<RestrictionView>, Problem> {
    let restriction_id = restriction_id.parse::<RestrictionId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let lifted = exchange::lift_restriction(&state.store, call.context(), restriction_id, body.0.checked()?);
    Ok(web::Json(RestrictionView::of(&lifted.await?, call.today())))
}
