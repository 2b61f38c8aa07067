//! Requests for health advice as FHIR Tasks.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use domain::AdviceStatus;
use domain::operations::FhirFindTasks;
use domain::operations::FhirGetTask;
use domain::operations::FhirSearchTasks;
use domain::operations::Named;
use exchange::AdviceRequestFilter;
use exchange::fhir::Node;
use serde::Deserialize;
use utoipa::IntoParams;

use super::capabilities::FormQuery;
use super::service_requests::invalid;
use super::{not_a_search, resources};
use crate::bodies::{Form, Query};
use crate::calls::Call;
use crate::fhir::{BASE, Representation, bundles};
use crate::pages::{cursor, limit, one_more};
use crate::problems::Problem;
use crate::routes::advice_requests::own_id;
use crate::state::State;

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// requested, accepted or completed.
    status: Option<String>,
    /// `ge` and an instant: what changed then or later.
    #[serde(rename = "_lastUpdated")]
    last_updated: Option<String>,
    /// How many on a page, 1 to 500.
    #[serde(rename = "_count")]
    count: Option<i64>,
    /// Of the link to the next page.
    #[serde(rename = "_after")]
    after: Option<String>,
    /// `json` or `xml`; holds over `Accept`.
    #[serde(rename = "_format")]
    format: Option<String>,
}

/// Requests for advice
///
/// As `GET /v1/advice-requests`: each side sees its own, and a list names no child.
#[utoipa::path(
    tag = "fhir",
    params(TaskQuery),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/Task")]
pub async fn fhir_search_tasks(
    call: Call<FhirSearchTasks>,
    query: Query<TaskQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &search(&call, query.0, &state).await?))
}

/// Requests for advice, searched by a body
///
/// With the parameters of the search by GET.
#[utoipa::path(
    tag = "fhir",
    params(FormQuery),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "As in a query"),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[post("/fhir/R4/Task/_search")]
pub async fn fhir_find_tasks(
    call: Call<FhirFindTasks>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
    body: Form,
) -> Result<HttpResponse, Problem> {
    let query: TaskQuery = body.read()?;
    let form = form.accepted_or(query.format.as_deref())?;
    Ok(form.answer(StatusCode::OK, &search(&call, query, &state).await?))
}

pub(super) async fn search(call: &Call<impl Named>, query: TaskQuery, state: &State) -> Result<Node, Problem> {
    let statuses = match query.status.as_deref() {
        None => AdviceStatus::ALL.to_vec(),
        Some("requested") => vec![AdviceStatus::Requested],
        Some("accepted") => vec![AdviceStatus::Acknowledged],
        Some("completed") => vec![AdviceStatus::Submitted],
        Some(_) => return Err(invalid("status", "requested, accepted or completed")),
    };
    let since = query.last_updated.as_deref().map(|text| text.strip_prefix("ge").and_then(|at| at.replace(' ', "+").parse().ok()));
    let changed_since = match since {
        Some(None) => return Err(invalid("_lastUpdated", "ge and an instant")),
        since => since.flatten(),
    };
    let (limit, after) = (limit(query.count)?, cursor(query.after.as_deref())?);
    let filter = AdviceRequestFilter { statuses, changed_since, after };
    let mut rows = exchange::list_advice_requests(&state.store, call.organisation(), filter, one_more(limit)).await?;
    let shown = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let page = |after: Option<String>| {
        let mut query_string = form_urlencoded::Serializer::new(String::new());
        let count = query.count.map(|count| count.to_string());
        let named = [
            ("status", &query.status),
            ("_lastUpdated", &query.last_updated),
            ("_count", &count),
            ("_after", &after),
            ("_format", &query.format),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                query_string.append_pair(name, value);
            }
        }
        format!("{BASE}/Task?{}", query_string.finish())
    };
    let next = rows.last().filter(|_| more).map(|row| page(Some(row.id.to_string())));
    let found = rows.iter().map(|row| (format!("Task/{}", row.id), resources::task(row, None, call.today()))).collect();
    Ok(bundles::searchset(state.tokens.issuer(), &page(query.after.clone()), next, found))
}

/// One request for advice, with the child it is about
///
/// For its two parties, as `GET /v1/advice-requests/{id}`.
#[utoipa::path(
    tag = "fhir",
    params(("id" = String, Path), FormQuery),
    responses((status = 200, description = "The request", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/Task/{id}", guard = "not_a_search")]
pub async fn fhir_get_task(
    call: Call<FhirGetTask>,
    task: web::Path<String>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &read(&call, &task, &state).await?))
}

pub(super) async fn read(call: &Call<FhirGetTask>, task: &str, state: &State) -> Result<Node, Problem> {
    let found = exchange::get_advice_request(&state.store, call.context(), own_id(task)?).await?;
    Ok(resources::task(&found.request, Some((&found.child, found.case_reference)), call.today()))
}
