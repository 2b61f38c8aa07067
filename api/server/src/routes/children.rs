//! One child: its id for the asking organisation, and its waits.

use std::sync::Arc;

use actix_web::{get, post, web};
use chrono::NaiveDate;
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::children::ChildReference;
use domain::dates::london_day;
use domain::identifiers::ChildId;
use domain::journeys::{Journey, KnownBy, LinkedBy, RttClock, Wait, Waited, waits};
use domain::nhs_numbers::NhsNumber;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::pathways::{Pathway, PathwaySet};
use domain::policy::{Act, Ask, Facts, Refusal, decide};
use domain::referrals::{Flow, Stage, Status};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::{ListedReferral, Tx};
use utoipa::ToSchema;

use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// No child has this number in the store.
pub(super) const NO_CHILD: ChildId = ChildId(0);

/// A child, as a partner names it: in a body, never in a URL.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildBody {
    #[schema(example = "9990000018")]
    pub nhs_number: NhsNumber,
    pub date_of_birth: NaiveDate,
}

impl From<ChildBody> for ChildReference {
    fn from(body: ChildBody) -> Self {
        Self::by_nhs_number(body.nhs_number, body.date_of_birth)
    }
}

/// The caller's own id for a child.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChildView {
    pub child_id: String,
}

/// A length of waiting: completed weeks are floor(days / 7).
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitedView {
    #[schema(example = 290)]
    pub days: i64,
    #[schema(example = 41)]
    pub weeks: i64,
}

impl From<Waited> for WaitedView {
    fn from(waited: Waited) -> Self {
        Self { days: waited.days, weeks: waited.weeks() }
    }
}

/// The wait since the first referral, and how that is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct JourneyWaitView {
    #[schema(example = 512)]
    pub days: i64,
    #[schema(example = 73)]
    pub weeks: i64,
    pub started_on: NaiveDate,
    pub known_by: KnownBy,
    /// What joined its referrals, each kind once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linked_by: Vec<LinkedBy>,
}

impl From<Journey> for JourneyWaitView {
    fn from(journey: Journey) -> Self {
        Self {
            days: journey.waited.days,
            weeks: journey.waited.weeks(),
            started_on: journey.started_on,
            known_by: journey.known_by,
            linked_by: journey.linked_by,
        }
    }
}

/// One wait of one child.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitView {
    pub pathway: Pathway,
    pub stage: Option<Stage>,
    pub provider: OrganisationCode,
    pub status: Status,
    /// Whether it was in the provider's last list. One that did not flow is shown, and counts as open no more.
    pub flow: Flow,
    pub stage_wait: WaitedView,
    pub journey_wait: JourneyWaitView,
    /// Whether the family chose the provider under Right to Choose, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_to_choose: Option<bool>,
    /// The referral-to-treatment clock, where the provider measures one. It takes nobody off a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_clock: Option<RttClock>,
}

/// A child's waits on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitsView {
    pub as_of: NaiveDate,
    pub waits: Vec<WaitView>,
}

impl From<Wait> for WaitView {
    fn from(wait: Wait) -> Self {
        Self {
            pathway: wait.pathway,
            stage: wait.stage,
            provider: wait.provider,
            status: wait.status,
            flow: wait.flow,
            stage_wait: wait.stage_wait.into(),
            journey_wait: wait.journey.into(),
            right_to_choose: wait.right_to_choose,
            rtt_clock: wait.rtt_clock,
        }
    }
}

/// The caller's id for a child
///
/// There is one for every well-formed pair of NHS number and date of birth, held or not: nobody
/// learns here whether the gateway knows the child. Each organisation gets an id of its own.
#[utoipa::path(
    tag = "children",
    request_body = ChildBody,
    responses((status = 200, description = "The id", body = ChildView))
)]
#[post("/v1/children/search")]
pub async fn search_child(
    caller: Caller,
    _actor: ActingFor,
    body: Json<ChildBody>,
    state: web::Data<State>,
) -> Result<web::Json<ChildView>, Problem> {
    caller.require_any(&[Scope::EhcpRead, Scope::WaitingListRead, Scope::AuditRead])?;
    let child = &body.0;
    let id = state.child_ids.id(caller.organisation(), &child.nhs_number, child.date_of_birth);
    id.map(|child_id| web::Json(ChildView { child_id })).ok_or_else(|| Problem::internal("a child's id could not be made"))
}

/// A child's waits
///
/// In the present stage, and since the first referral across stages and providers, for each pathway
/// that an agreement and the family let be seen now. What is not there and what is not permitted
/// are the same 404.
#[utoipa::path(
    tag = "children",
    params(("child_id" = String, Path)),
    responses((status = 200, description = "The waits, longest journey first", body = WaitsView))
)]
#[get("/v1/children/{child_id}/waits")]
pub async fn get_waits(
    caller: Caller,
    actor: ActingFor,
    child_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<WaitsView>, Problem> {
    let by = attribute(&caller, Some(actor.0), id, Operation::GetWaits);
    let reference = state.child_ids.child(caller.organisation(), &child_id);
    let (today, listed) = disclose(&caller, reference, by, &state).await?.ok_or(Problem::new(Kind::NotFound))?;
    let held: Vec<_> = listed.into_iter().map(|listed| listed.held).collect();
    let waits = waits(&held, today);
    Ok(web::Json(WaitsView { as_of: today, waits: waits.into_iter().map(WaitView::from).collect() }))
}

/// What the caller may see of a child's referrals, with its leaves; `None` where that is nothing.
pub(super) async fn disclose(
    caller: &Caller,
    reference: Option<ChildReference>,
    by: Attribution,
    state: &State,
) -> Result<Option<(NaiveDate, Vec<ListedReferral>)>, Problem> {
    caller.require(Scope::WaitingListRead)?;
    let (recipient, partnership) = (caller.organisation(), Arc::clone(caller.partnership()));
    let clock = state.clock.clone();
    let found = state.store.transaction(move |tx| {
        let ask = |holder, pathways, child| Ask {
            act: Act::Disclose,
            holder,
            recipient,
            purpose: Purpose::CareCoordination,
            data: DataClass::WaitingListStatus,
            pathways,
            child,
            item: None,
            loses_nothing: false,
        };
        let not_held = |tx: &mut Tx<'_>, child, now| {
            tx.leave_refused(&Refusal::not_held(ask(partnership.host(), PathwaySet::all(), child)), &by, now).map(|()| None)
        };
        let Some(child) = reference.as_ref().map_or(Ok(None), |reference| tx.child(reference))? else {
            // As much is looked up as for a child that is held, so that the time it takes tells nothing.
            let _ = (tx.referrals_of(NO_CHILD)?, tx.child_facts(NO_CHILD, partnership.needs())?);
            return not_held(tx, None, clock.now());
        };
        // The child is held from here on: no decision about it can change before this is committed.
        let now = clock.now();
        let today = london_day(now);
        let (sealed, facts) = (tx.referrals_of(child)?, tx.child_facts(child, partnership.needs())?);
        let mut permits = Vec::new();
        let mut is_held = false;
        for (holder, pathways) in sealed.holders() {
            is_held = true;
            match decide(ask(holder, pathways, Some(child)), Facts::at(now, &partnership, &facts)) {
                Ok(permit) => permits.push(permit),
                Err(refusal) => tx.leave_refused(&refusal, &by, now)?,
            }
        }
        if !is_held {
            return not_held(tx, Some(child), now);
        }
        let listed = tx.disclose_listed(&sealed, &permits, None, &by)?;
        Ok((!listed.is_empty()).then_some((today, listed)))
    });
    Ok(found.await?)
}
