//! Restrictions: what keeps a child's records from flowing, whatever a family has permitted.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::dates::{is_plausible, london_day};
use domain::identifiers::{ChildId, RestrictionId};
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Refusal, decide};
use domain::restrictions::{Restriction, RestrictionDraft, RestrictionKind};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::{ReasonBody, checked};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::pages::Page;
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::transitional::{fingerprint, once};

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

fn ask(act: Act, organisation: OrganisationCode, against: Option<OrganisationCode>, item: RestrictionId, child: Option<ChildId>) -> Ask {
    Ask {
        act,
        holder: organisation,
        recipient: against.unwrap_or(organisation),
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: PathwaySet::all(),
        child,
        item: Some(item.0),
        loses_nothing: false,
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
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<RestrictionBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::RestrictionWrite)?;
    let now = state.clock.now();
    let today = london_day(now);
    let body = body.0;
    let starts = check(&body, &caller, today)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::RestrictChild);
    let fingerprint = fingerprint("restrict_child", &(child_id.as_str(), &body))?;
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let draft = RestrictionDraft {
        id: RestrictionId(state.ids.next()),
        kind: body.kind,
        against: body.against,
        starts,
        ends: body.ends,
        reason: body.reason,
    };
    let by = by.about(draft.id.0);
    let partnership = Arc::clone(caller.partnership());
    let set = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let facts = Facts::at(now, &partnership, &NOBODY);
            let ask = ask(Act::Restrict, by.organisation, draft.against, draft.id, None);
            // First whether it may at all: a refusal makes no child known.
            if let Err(refusal) = decide(ask, facts) {
                return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::NoAgreement)));
            }
            let child = tx.child_for_decision(&reference)?;
            match decide(Ask { child: Some(child), ..ask }, facts) {
                Ok(permit) => tx.restrict(&permit, &draft, &by).map(|set| Ok(RestrictionView::of(&set, today))),
                Err(_) => Ok(Err(Problem::new(Kind::NoAgreement))),
            }
        })
    });
    Ok(set.await??.respond())
}

fn check(body: &RestrictionBody, caller: &Caller, today: NaiveDate) -> Result<NaiveDate, Problem> {
    checked(body.reason.clone(), "reason")?;
    let starts = body.starts.unwrap_or(today);
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, field: &str, message: &'static str| {
        if wrong {
            faults.push(Fault::new("invalid-value", message).field(field));
        }
    };
    fault(!is_plausible(starts), "starts", "a day of this century or the last");
    fault(body.ends.is_some_and(|last| last < starts || !is_plausible(last)), "ends", "a day of this century that is not before the first");
    fault(
        body.against.is_some_and(|against| caller.partnership().organisation(against).is_none()),
        "against",
        "an organisation of the partnership",
    );
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
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<RestrictionView>>, Problem> {
    caller.require(Scope::RestrictionWrite)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::ListRestrictions);
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let found = state.store.transaction(move |tx| {
        let Some(child) = tx.child(&reference)? else { return Ok(Vec::new()) };
        let own = Ask { item: None, ..ask(Act::ReadConsents, by.organisation, None, RestrictionId(by.request_id), Some(child)) };
        match decide(own, Facts::at(now, &partnership, &NOBODY)) {
            Ok(permit) => tx.own_restrictions(&permit, &by),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Vec::new()),
        }
    });
    let items = found.await?.iter().map(|restriction| RestrictionView::of(restriction, london_day(now))).collect();
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
    caller: Caller,
    actor: ActingFor,
    restriction_id: web::Path<String>,
    body: Json<ReasonBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<RestrictionView>, Problem> {
    caller.require(Scope::RestrictionWrite)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::LiftRestriction);
    let restriction_id = restriction_id.parse::<RestrictionId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(restriction_id.0);
    let reason = body.0.checked()?;
    let clock = state.clock.clone();
    let today = state.today();
    let partnership = Arc::clone(caller.partnership());
    let lifted = state.store.transaction(move |tx| {
        let Some(child) = tx.child_of_restriction(restriction_id, by.organisation)? else {
            let refusal = Refusal::not_held(ask(Act::LiftRestriction, by.organisation, None, restriction_id, None));
            return tx.leave_refused(&refusal, &by, clock.now()).map(|()| None);
        };
        tx.child_for_withdrawal(child)?;
        let now = clock.now();
        let facts = tx.child_facts(child, partnership.needs())?;
        match decide(ask(Act::LiftRestriction, by.organisation, None, restriction_id, Some(child)), Facts::at(now, &partnership, &facts)) {
            Ok(permit) => tx.lift_restriction(&permit, restriction_id, &reason, &by).map(Some),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| None),
        }
    });
    let restriction = lifted.await?.ok_or(Problem::new(Kind::NotFound))?;
    Ok(web::Json(RestrictionView::of(&restriction, today)))
}
