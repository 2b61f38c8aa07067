//! A council's own EHC cases and their statutory clocks.

use actix_web::{get, web};
use chrono::NaiveDate;
use domain::operations::GetCase;
use domain::operations::ListCases;
use domain::{CaseId, ClockState, Duty, ReferralFlow, RequestOutcome, StatutoryClock, Upn};
use exchange::HeldCase;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bodies::Query;
use crate::calls::Call;
use crate::pages::{Page, limit, one_more, row};
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
    pub request_outcome: Option<RequestOutcome>,
    pub assessment_outcome: Option<RequestOutcome>,
    pub plan_start_on: Option<NaiveDate>,
    pub plan_cease_on: Option<NaiveDate>,
    /// Whether the council records exceptions to the twenty weeks.
    pub exceptions_apply: bool,
    pub flow: ReferralFlow,
    pub clocks: Vec<ClockView>,
}

/// One case with the pupil number by which the council knows the child.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseDetailView {
    #[serde(flatten)]
    pub case: CaseView,
    pub upn: Option<Upn>,
    /// The caller's own id for the child. Where the case names it without a UPN, the id names nobody once nothing is held
    /// under that name.
    pub child_id: Option<String>,
}

impl From<StatutoryClock> for ClockView {
    fn from(clock: StatutoryClock) -> Self {
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
    call: Call<ListCases>,
    query: Query<CaseQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<CaseView>>, Problem> {
    let limit = limit(query.0.limit)?;
    let after = row(query.0.after.as_deref(), call.organisation(), &state.child_ids)?;
    let rows = exchange::list_cases(&state.store, call.context(), after, one_more(limit)).await?;
    let cursor = |row: &HeldCase| state.child_ids.cursor(call.organisation(), row.cursor).unwrap_or_default();
    Ok(web::Json(Page::of(rows, limit, cursor, |row| CaseView::of(&row, call.today()))))
}

/// One case of the council's own
///
/// With the pupil number by which the council knows the child, and its own id for the child.
#[utoipa::path(
    tag = "EHC plans",
    params(("id" = CaseId, Path)),
    responses((status = 200, description = "The case", body = CaseDetailView))
)]
#[get("/v1/ehcp/cases/{id}")]
pub async fn get_case(
    call: Call<GetCase>,
    case_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<CaseDetailView>, Problem> {
    let case_id = case_id.parse::<CaseId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let (held, child) = exchange::read_case(&state.store, call.context(), case_id).await?;
    let child_id = state.child_ids.id(call.organisation(), &child);
    Ok(web::Json(CaseDetailView { case: CaseView::of(&held, call.today()), upn: held.case.person.upn, child_id }))
}
