//! Referrals as FHIR ServiceRequests: a provider's list, a child's waits, one by its id.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use adapters::fhir::{Node, status_of};
use domain::agreements::{DataClass, Purpose};
use domain::audit::{Actor, Attribution};
use domain::children::ChildReference;
use domain::nhs_numbers::NhsNumber;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, Refusal, decide};
use domain::scopes::Scope;
use serde::Deserialize;
use store::ListedReferral;
use utoipa::IntoParams;

use super::capabilities::FormQuery;
use super::{not_a_search, resources};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::faults::Fault;
use crate::bodies::{Form, Query};
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::fhir::{BASE, NHS_NUMBER, ODS, Representation, bundles, place_of, referral_id};
use crate::problems::{Kind, Problem};
use crate::routes::children::{NO_CHILD, disclose};
use crate::routes::entries::{self, EntryQuery};
use crate::state::State;

/// What a search by GET is in the audit log.
pub(super) const SEARCH: Operation = Operation::FhirSearchServiceRequests;
const FIND: Operation = Operation::FhirFindServiceRequests;

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

/// The child, as a body may name it.
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
    caller: Caller,
    actor: ActingFor,
    query: Query<ServiceRequestQuery>,
    form: Representation,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::WaitingListRead)?;
    Ok(form.accepted()?.answer(StatusCode::OK, &search(&caller, actor.0, query.0, (id, SEARCH), &state).await?))
}

pub(super) async fn search(
    caller: &Caller,
    actor: Actor,
    query: ServiceRequestQuery,
    (id, operation): (RequestId, Operation),
    state: &State,
) -> Result<Node, Problem> {
    caller.require(Scope::WaitingListRead)?;
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
        let reference = state.child_ids.child(caller.organisation(), child_id);
        let by = attribute(caller, Some(actor), id, operation);
        let this = format!("{BASE}/ServiceRequest?patient={child_id}");
        // An id that is none is not repeated: it could be anything.
        let this = if reference.is_some() { this } else { format!("{BASE}/ServiceRequest") };
        return of_child(caller, reference, by, &this, wanted, state).await;
    }
    let (count, filter) = (query.count, EntryQuery { organisation: performer, list: None, after: query.after.clone(), limit: query.count });
    let mut found = entries::find(caller, filter, id, operation, Some(actor), state).await?;
    let shown = usize::try_from(found.limit).unwrap_or(0);
    let more = found.rows.len() > shown;
    found.rows.truncate(shown);
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
    let last = found.rows.last().filter(|_| more);
    let next = last.and_then(|row| state.child_ids.cursor(caller.organisation(), row.cursor)).map(|cursor| page(Some(cursor)));
    let found = found.rows.iter().filter(|row| wanted(row)).filter_map(|row| entry(caller, row, None, state)).collect();
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
    caller: Caller,
    actor: ActingFor,
    _query: Query<FormQuery>,
    form: Representation,
    id: RequestId,
    state: web::Data<State>,
    body: Form,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::WaitingListRead)?;
    if !body.pairs().any(|(name, _)| ["patient.identifier", "patient.birthdate"].contains(&name.as_str())) {
        let query: ServiceRequestQuery = body.read()?;
        let form = form.accepted_or(query.format.as_deref())?;
        return Ok(form.answer(StatusCode::OK, &search(&caller, actor.0, query, (id, FIND), &state).await?));
    }
    let ChildForm { number, born, format } = body.read()?;
    let form = form.accepted_or(format.as_deref())?;
    let number = number.strip_prefix(NHS_NUMBER).and_then(|token| token.strip_prefix('|')?.parse::<NhsNumber>().ok());
    let number = number.ok_or_else(|| invalid("patient.identifier", "the system of the NHS number, a bar and a right number"))?;
    let born = domain::dates::parse_day(born.strip_prefix("eq").unwrap_or(&born));
    let born = born.ok_or_else(|| invalid("patient.birthdate", "CCYY-MM-DD"))?;
    let by = attribute(&caller, Some(actor.0), id, FIND);
    let reference = ChildReference::by_nhs_number(number, born);
    let this = format!("{BASE}/ServiceRequest");
    Ok(form.answer(StatusCode::OK, &of_child(&caller, Some(reference), by, &this, |_| true, &state).await?))
}

async fn of_child(
    caller: &Caller,
    reference: Option<ChildReference>,
    by: Attribution,
    this: &str,
    wanted: impl Fn(&ListedReferral) -> bool,
    state: &State,
) -> Result<Node, Problem> {
    let child_id = reference
        .as_ref()
        .and_then(|reference| state.child_ids.id(caller.organisation(), reference.nhs_number()?, reference.date_of_birth));
    let found = disclose(caller, reference, by, state).await?.map_or(Vec::new(), |(_, listed)| listed);
    let found = found.iter().filter(|row| wanted(row)).filter_map(|row| entry(caller, row, child_id.clone(), state)).collect();
    Ok(bundles::searchset(state.tokens.issuer(), this, None, found))
}

fn entry(caller: &Caller, row: &ListedReferral, child_id: Option<String>, state: &State) -> Option<(String, Node)> {
    let id = referral_id(&state.child_ids, caller.organisation(), row.cursor)?;
    let own = row.held.provider == caller.organisation();
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
    caller: Caller,
    actor: ActingFor,
    referral: web::Path<String>,
    _query: Query<FormQuery>,
    form: Representation,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::WaitingListRead)?;
    Ok(form.accepted()?.answer(StatusCode::OK, &read(&caller, actor.0, &referral, id, &state).await?))
}

pub(super) async fn read(caller: &Caller, actor: Actor, referral: &str, id: RequestId, state: &State) -> Result<Node, Problem> {
    caller.require(Scope::WaitingListRead)?;
    let by = attribute(caller, Some(actor), id, Operation::FhirGetServiceRequest);
    let place = place_of(&state.child_ids, caller.organisation(), referral);
    let (recipient, partnership) = (caller.organisation(), std::sync::Arc::clone(caller.partnership()));
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
        let known = place.map_or(Ok(None), |at| tx.referral_place(at))?;
        let (Some(at), Some(known)) = (place, known) else {
            // As much is looked up as for one that is held, so that the time it takes tells nothing.
            let _ = (tx.referrals_of(NO_CHILD)?, tx.child_facts(NO_CHILD, partnership.needs())?);
            let refusal = Refusal::not_held(ask(partnership.host(), PathwaySet::all(), None));
            return tx.leave_refused(&refusal, &by, clock.now()).map(|()| None);
        };
        tx.child_for_disclosure(known.child)?;
        let now = clock.now();
        let (sealed, facts) = (tx.referrals_of(known.child)?, tx.child_facts(known.child, partnership.needs())?);
        match decide(ask(known.holder, known.pathways, Some(known.child)), Facts::at(now, &partnership, &facts)) {
            Ok(permit) => Ok(tx.disclose_listed(&sealed, &[permit], Some(at), &by)?.pop()),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| None),
        }
    });
    let found: Option<ListedReferral> = found.await?;
    let entry = found.as_ref().and_then(|row| entry(caller, row, None, state));
    entry.map(|(_, resource)| resource).ok_or(Problem::new(Kind::NotFound))
}

fn organisation(token: &str) -> Result<OrganisationCode, Problem> {
    let code = token.strip_prefix(ODS).map_or(Some(token), |rest| rest.strip_prefix('|'));
    code.and_then(|code| code.parse().ok()).ok_or_else(|| Problem::new(Kind::Malformed).detail("performer:identifier is an ODS code."))
}

pub(super) fn invalid(field: &'static str, message: &'static str) -> Problem {
    Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", message).field(field))
}
