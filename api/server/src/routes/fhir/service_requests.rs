//! Referrals as FHIR ServiceRequests: a provider's list, a child's waits, one by its id.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use domain::operations::FhirFindServiceRequests;
use domain::operations::FhirGetServiceRequest;
use domain::operations::FhirSearchServiceRequests;
use domain::operations::Named;
use domain::{ChildReference, NamedChild, NhsNumber, OrganisationCode};
use exchange::ListedReferral;
use exchange::fhir::{Node, status_of};
use serde::Deserialize;
use utoipa::IntoParams;

use super::capabilities::FormQuery;
use super::{not_a_search, resources};
use crate::bodies::faults::Fault;
use crate::bodies::{Form, Query};
use crate::calls::Call;
use crate::fhir::{BASE, NHS_NUMBER, ODS, Representation, bundles, place_of, referral_id};
use crate::problems::{Kind, Problem};
use crate::routes::entries::EntryQuery;
use crate::state::State;

/// Whose referrals. A child's id, never its number: that goes into the body of `_search`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceRequestQuery {
    /// The caller's own id of the child.
    patient: Option<String>,
    /// The provider's ODS code, with or without its system; the caller's own organisation where neither
    /// it nor a child is named.
    #[serde(rename = "performer:identifier")]
    performer: Option<String>,
    /// active, on-hold, completed or revoked. A page may hold fewer than were asked for.
    status: Option<String>,
    /// How many referrals to look at for a page, 1 to 500.
    #[serde(rename = "_count")]
    count: Option<i64>,
    /// Of the link to the next page.
    #[serde(rename = "_after")]
    after: Option<String>,
    /// `json` or `xml`; holds over `Accept`.
    #[serde(rename = "_format")]
    format: Option<String>,
}

/// The child, as the body of a search may name it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildForm {
    #[serde(rename = "patient.identifier")]
    number: String,
    #[serde(rename = "patient.birthdate")]
    born: String,
    #[serde(rename = "_format")]
    format: Option<String>,
}

/// Referrals
///
/// A provider's list where no child is named (as `GET /v1/waiting-list/entries`), else what may be seen of the
/// child's waits (as `GET /v1/children/{child_id}/waits`); none where that is nothing.
#[utoipa::path(
    tag = "fhir",
    params(ServiceRequestQuery),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/ServiceRequest")]
pub async fn fhir_search_service_requests(
    call: Call<FhirSearchServiceRequests>,
    query: Query<ServiceRequestQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &search(&call, query.0, &state).await?))
}

/// A search, by a query or by a body of the same form.
pub(super) async fn search<O: Named>(call: &Call<O>, query: ServiceRequestQuery, state: &State) -> Result<Node, Problem> {
    let performer = query.performer.as_deref().map(organisation).transpose()?;
    if query.status.as_deref().is_some_and(|status| !["active", "on-hold", "completed", "revoked"].contains(&status)) {
        return Err(invalid("status", "active, on-hold, completed or revoked"));
    }
    let wanted = |listed: &ListedReferral| {
        query.status.as_deref().is_none_or(|status| status == status_of(listed.held.referral.status))
            && performer.is_none_or(|performer| performer == listed.held.provider)
    };
    if let Some(child_id) = &query.patient {
        if query.after.is_some() {
            return Err(Problem::new(Kind::Malformed).detail("A child's referrals are one page."));
        }
        let child_id = child_id.strip_prefix("Patient/").unwrap_or(child_id);
        let child = state.child_ids.child(call.organisation(), child_id);
        let this = format!("{BASE}/ServiceRequest?patient={child_id}");
        // Do not repeat an id that is not one: it could be anything.
        let this = if child.is_some() { this } else { format!("{BASE}/ServiceRequest") };
        return of_child(call, child, &this, wanted, state).await;
    }
    let (count, filter) = (query.count, EntryQuery { organisation: performer, list: None, after: query.after.clone(), limit: query.count });
    let (limit, choice) = filter.choice(call.organisation(), state)?;
    let mut found = exchange::list_entries(&state.store, call.context(), choice).await?;
    let shown = usize::try_from(limit).unwrap_or(0);
    let more = found.len() > shown;
    found.truncate(shown);
    let page = |after: Option<String>| {
        let mut query_string = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("performer:identifier", performer.map(|code| code.to_string())),
            ("status", query.status.clone()),
            ("_count", count.map(|count| count.to_string())),
            ("_after", after),
            ("_format", query.format.clone()),
        ] {
            if let Some(value) = value {
                query_string.append_pair(name, &value);
            }
        }
        format!("{BASE}/ServiceRequest?{}", query_string.finish())
    };
    let last = found.last().filter(|_| more);
    let next = last.and_then(|row| state.child_ids.cursor(call.organisation(), row.cursor)).map(|cursor| page(Some(cursor)));
    let found = found.iter().filter(|row| wanted(row)).filter_map(|row| entry(call.organisation(), row, None, state)).collect();
    Ok(bundles::searchset(state.tokens.issuer(), &page(query.after.clone()), next, found))
}

/// Referrals, searched by a body
///
/// By `patient.identifier` (the NHS number, with its system) and `patient.birthdate`, which stand in no URL: what is
/// found names the child by the id that the caller's organisation has for it. Or by the parameters of the search by GET.
#[utoipa::path(
    tag = "fhir",
    params(FormQuery),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "patient.identifier and patient.birthdate, or as in a query"),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[post("/fhir/R4/ServiceRequest/_search")]
pub async fn fhir_find_service_requests(
    call: Call<FhirFindServiceRequests>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
    body: Form,
) -> Result<HttpResponse, Problem> {
    if !body.pairs().any(|(name, _)| ["patient.identifier", "patient.birthdate"].contains(&name.as_str())) {
        let query: ServiceRequestQuery = body.read()?;
        let form = form.accepted_or(query.format.as_deref())?;
        return Ok(form.answer(StatusCode::OK, &search(&call, query, &state).await?));
    }
    let ChildForm { number, born, format } = body.read()?;
    let form = form.accepted_or(format.as_deref())?;
    let number = number.strip_prefix(NHS_NUMBER).and_then(|token| token.strip_prefix('|')?.parse::<NhsNumber>().ok());
    let number = number.ok_or_else(|| invalid("patient.identifier", "the system of the NHS number, a bar and a right number"))?;
    let born = domain::parse_day(born.strip_prefix("eq").unwrap_or(&born));
    let born = born.ok_or_else(|| invalid("patient.birthdate", "CCYY-MM-DD"))?;
    let child = NamedChild::Reference(ChildReference::by_nhs_number(number, born));
    let this = format!("{BASE}/ServiceRequest");
    Ok(form.answer(StatusCode::OK, &of_child(&call, Some(child), &this, |_| true, &state).await?))
}

async fn of_child<O: Named>(
    call: &Call<O>,
    child: Option<NamedChild>,
    this: &str,
    wanted: impl Fn(&ListedReferral) -> bool,
    state: &State,
) -> Result<Node, Problem> {
    let child_id = child.as_ref().and_then(|child| state.child_ids.id(call.organisation(), child));
    let found = exchange::child_waits(&state.store, call.context(), child).await?;
    let found = found.iter().filter(|row| wanted(row)).filter_map(|row| entry(call.organisation(), row, child_id.clone(), state)).collect();
    Ok(bundles::searchset(state.tokens.issuer(), this, None, found))
}

fn entry(caller: OrganisationCode, row: &ListedReferral, child_id: Option<String>, state: &State) -> Option<(String, Node)> {
    let id = referral_id(&state.child_ids, caller, row.cursor)?;
    let own = row.held.provider == caller;
    Some((format!("ServiceRequest/{id}"), resources::service_request(id, row, own, child_id)))
}

/// One referral
///
/// By the id that a search gave the caller. What is not there and what is not permitted are the same 404.
#[utoipa::path(
    tag = "fhir",
    params(("id" = String, Path), FormQuery),
    responses((status = 200, description = "The referral", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/ServiceRequest/{id}", guard = "not_a_search")]
pub async fn fhir_get_service_request(
    call: Call<FhirGetServiceRequest>,
    referral: web::Path<String>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &read(&call, &referral, &state).await?))
}

pub(super) async fn read(call: &Call<FhirGetServiceRequest>, referral: &str, state: &State) -> Result<Node, Problem> {
    let place = place_of(&state.child_ids, call.organisation(), referral);
    let found = exchange::read_referral(&state.store, call.context(), place).await?;
    let entry = entry(call.organisation(), &found, None, state);
    entry.map(|(_, resource)| resource).ok_or(Problem::new(Kind::NotFound))
}

fn organisation(token: &str) -> Result<OrganisationCode, Problem> {
    let code = token.strip_prefix(ODS).map_or(Some(token), |rest| rest.strip_prefix('|'));
    code.and_then(|code| code.parse().ok()).ok_or_else(|| Problem::new(Kind::Malformed).detail("performer:identifier is an ODS code."))
}

pub(super) fn invalid(field: &'static str, message: &'static str) -> Problem {
    Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", message).field(field))
}
