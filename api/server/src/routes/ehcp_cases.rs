//! A council's own EHC cases and their statutory clocks.

use actix_web::{get, web};
use chrono::NaiveDate;
use domain::agreements::{DataClass, Purpose};
use domain::clocks::{Clock, ClockState, Duty};
use domain::dates::london_day;
use domain::ehc_plans::Outcome;
use domain::identifiers::CaseId;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Permit, Refusal, decide};
use domain::referrals::Flow;
use domain::scopes::Scope;
use domain::upns::Upn;
use serde::{Deserialize, Serialize};
use store::HeldCase;
use utoipa::{IntoParams, ToSchema};

use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Query;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::pages::{Page, limit, one_more, unknown_cursor};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// One clock of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockView {
    pub duty: Duty,
    /// Where the limit stands in law.
    pub regulation: &'static str,
    pub starts_on: NaiveDate,
    pub due_on: NaiveDate,
    pub done_on: Option<NaiveDate>,
    /// Negative once the due day is past.
    pub days_left: i64,
    pub state: ClockState,
}

/// One request for an assessment and what followed. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView {
    pub id: CaseId,
    pub received_on: NaiveDate,
    pub request_outcome: Option<Outcome>,
    pub assessment_outcome: Option<Outcome>,
    pub plan_start_on: Option<NaiveDate>,
    pub plan_cease_on: Option<NaiveDate>,
    /// Whether the council records exceptions to the twenty weeks.
    pub exceptions_apply: bool,
    pub flow: Flow,
    pub clocks: Vec<ClockView>,
}

/// One case with the pupil number by which the council knows the child.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseDetailView {
    #[serde(flatten)]
    pub case: CaseView,
    pub upn: Option<Upn>,
}

impl From<Clock> for ClockView {
    fn from(clock: Clock) -> Self {
        Self {
            duty: clock.duty,
            regulation: clock.duty.limit().regulation,
            starts_on: clock.starts_on,
            due_on: clock.due_on,
            done_on: clock.done_on,
            days_left: clock.days_left,
            state: clock.state,
        }
    }
}

impl CaseView {
    fn of(held: &HeldCase, today: NaiveDate) -> Self {
        let case = &held.case;
        let assessment = case.assessment.as_ref();
        Self {
            id: held.id,
            received_on: case.request.received_on,
            request_outcome: case.request.outcome,
            assessment_outcome: assessment.and_then(|assessment| assessment.outcome),
            plan_start_on: case.plan().map(|plan| plan.start_on),
            plan_cease_on: case.plan().and_then(|plan| plan.cease_on),
            exceptions_apply: assessment.is_some_and(|assessment| assessment.exceptions_apply),
            flow: held.flow,
            clocks: case.clocks(today).into_iter().map(ClockView::from).collect(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    after: Option<String>,
    limit: Option<i64>,
}

/// The council's own cases
///
/// With the statutory clocks that run, or ran, in each: 6 weeks to decide, 16 to refuse a plan, 20 to issue one.
#[utoipa::path(tag = "EHC plans", params(CaseQuery), responses((status = 200, description = "A page", body = Page<CaseView>)))]
#[get("/v1/ehcp/cases")]
pub async fn list_cases(
    caller: Caller,
    query: Query<CaseQuery>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<CaseView>>, Problem> {
    caller.require(Scope::EhcpRead)?;
    let by = attribute(&caller, None, id, Operation::ListCases);
    let limit = limit(query.0.limit)?;
    let after =
        query.0.after.as_deref().map(|after| state.child_ids.row(caller.organisation(), after).ok_or_else(unknown_cursor)).transpose()?;
    let after = after.unwrap_or(0);
    let now = state.clock.now();
    let permit = own(caller.partnership(), caller.organisation(), now)?;
    let rows = state.store.transaction(move |tx| tx.own_cases(&permit, after, one_more(limit), &by)).await?;
    let today = london_day(now);
    let cursor = |row: &HeldCase| state.child_ids.cursor(caller.organisation(), row.cursor).unwrap_or_default();
    Ok(web::Json(Page::of(rows, limit, cursor, |row| CaseView::of(&row, today))))
}

/// One case of the council's own
///
/// With the pupil number by which the council knows the child.
#[utoipa::path(
    tag = "EHC plans",
    params(("id" = CaseId, Path)),
    responses((status = 200, description = "The case", body = CaseDetailView))
)]
#[get("/v1/ehcp/cases/{id}")]
pub async fn get_case(
    caller: Caller,
    actor: ActingFor,
    case_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<CaseDetailView>, Problem> {
    caller.require(Scope::EhcpRead)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::GetCase);
    let case_id = case_id.parse::<CaseId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(case_id.0);
    let now = state.clock.now();
    let partnership = std::sync::Arc::clone(caller.partnership());
    let found = state.store.transaction(move |tx| {
        let Some(child) = tx.child_of_case(case_id, by.organisation)? else {
            return tx.leave_refused(&Refusal::not_held(ask(by.organisation, None)), &by, now).map(|()| None);
        };
        match decide(ask(by.organisation, Some(child)).about(case_id.0), Facts::at(now, &partnership, &NOBODY)) {
            Ok(permit) => tx.own_case(&permit, case_id, &by).map(Some),
            Err(_) => Ok(None),
        }
    });
    let held = found.await?.ok_or(Problem::new(Kind::NotFound))?;
    Ok(web::Json(CaseDetailView { case: CaseView::of(&held, london_day(now)), upn: held.case.person.upn }))
}

fn own(partnership: &Partnership, organisation: OrganisationCode, now: chrono::DateTime<chrono::Utc>) -> Result<Permit, Problem> {
    decide(ask(organisation, None), Facts::at(now, partnership, &NOBODY)).map_err(|_| Problem::new(Kind::NoAgreement))
}

fn ask(organisation: OrganisationCode, child: Option<domain::identifiers::ChildId>) -> Ask {
    Ask {
        act: Act::Disclose,
        holder: organisation,
        recipient: organisation,
        purpose: Purpose::EhcNeedsAssessment,
        data: DataClass::EhcpStatus,
        pathways: PathwaySet::EMPTY,
        child,
        item: None,
        loses_nothing: false,
    }
}
