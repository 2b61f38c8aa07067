//! Caldicott overrides: a guardian opens the organisation's records for a disclosure that cannot wait.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::dates::{days_between, london_day};
use domain::identifiers::OverrideId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::overrides::{LONGEST_DAYS, Override, OverrideDraft};
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::withdrawals::checked;
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

/// The role that makes one, as `Sendbridge-Actor` names it.
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
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    key: IdempotencyKey,
    body: Json<OverrideBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::OverrideWrite)?;
    let now = state.clock.now();
    let today = london_day(now);
    let body = body.0;
    check(&body, today)?;
    if actor.0.role != GUARDIAN {
        return Err(Problem::new(Kind::NotAGuardian));
    }
    let by = attribute(&caller, Some(actor.0), id, Operation::MakeOverride);
    let fingerprint = fingerprint("make_override", &(child_id.as_str(), &body))?;
    let reference = state.child_ids.child(caller.organisation(), &child_id).ok_or(Problem::new(Kind::NotFound))?;
    let draft = OverrideDraft { id: OverrideId(state.ids.next()), starts: today, ends: body.ends, reason: body.reason };
    let by = by.about(draft.id.0);
    let partnership = Arc::clone(caller.partnership());
    let made = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let facts = Facts::at(now, &partnership, &NOBODY);
            let ask = Ask {
                act: Act::Override,
                holder: by.organisation,
                recipient: body.recipient,
                purpose: body.purpose,
                data: body.data,
                pathways: body.pathways,
                child: None,
                item: Some(draft.id.0),
                loses_nothing: false,
            };
            // First whether it may at all: a refusal makes no child known.
            if let Err(refusal) = decide(ask, facts) {
                return tx.leave_refused(&refusal, &by, now).map(|()| Err(Problem::new(Kind::NoAgreement)));
            }
            let child = tx.child_for_decision(&reference)?;
            match decide(Ask { child: Some(child), ..ask }, facts) {
                Ok(permit) => tx.make_override(&permit, &draft, &by).map(|made| Ok(OverrideView::of(&made, today))),
                Err(_) => Ok(Err(Problem::new(Kind::NoAgreement))),
            }
        })
    });
    Ok(made.await??.respond())
}

fn check(body: &OverrideBody, today: NaiveDate) -> Result<(), Problem> {
    checked(body.reason.clone(), "reason")?;
    let mut faults = Vec::new();
    if !(0..=LONGEST_DAYS).contains(&days_between(today, body.ends)) {
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
    caller: Caller,
    actor: ActingFor,
    override_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<OverrideView>, Problem> {
    caller.require(Scope::OverrideWrite)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::EndOverride);
    let override_id = override_id.parse::<OverrideId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(override_id.0);
    let clock = state.clock.clone();
    let today = state.today();
    let partnership = Arc::clone(caller.partnership());
    let ended = state.store.transaction(move |tx| {
        let ask = |child| Ask {
            act: Act::EndOverride,
            holder: by.organisation,
            recipient: by.organisation,
            purpose: Purpose::CareCoordination,
            data: DataClass::WaitingListStatus,
            pathways: PathwaySet::all(),
            child,
            item: Some(override_id.0),
            loses_nothing: false,
        };
        let Some(child) = tx.child_of_override(override_id, by.organisation)? else {
            return tx.leave_refused(&Refusal::not_held(ask(None)), &by, clock.now()).map(|()| None);
        };
        tx.child_for_withdrawal(child)?;
        let now = clock.now();
        let facts = tx.child_facts(child, partnership.needs())?;
        match decide(ask(Some(child)), Facts::at(now, &partnership, &facts)) {
            Ok(permit) => tx.end_override(&permit, override_id, &by).map(Some),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| None),
        }
    });
    let ended = ended.await?.ok_or(Problem::new(Kind::NotFound))?;
    Ok(web::Json(OverrideView::of(&ended, today)))
}
