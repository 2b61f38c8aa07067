//! Families' decisions as FHIR Consents.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, get, post, web};
use domain::ConsentId;
use domain::operations::FhirFindConsents;
use domain::operations::FhirGetConsent;
use domain::operations::FhirRecordConsent;
use domain::operations::FhirSearchConsents;
use domain::operations::Named;
use exchange::Once;
use exchange::fhir::{Node, PATHWAY};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::capabilities::FormQuery;
use super::{not_a_search, resources};
use crate::bodies::{Form, Query};
use crate::calls::Call;
use crate::fhir::bodies::Resource;
use crate::fhir::{BASE, EXTENSION, NHS_NUMBER, ODS, Representation, bundles};
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::routes::consents::{ConsentBody, ConsentView};
use crate::state::State;

/// Whose decisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PatientQuery {
    /// The caller's own id of the child.
    patient: String,
    /// `json` or `xml`; holds over `Accept`.
    #[serde(rename = "_format")]
    format: Option<String>,
}

/// The decisions about a child
///
/// That the caller's organisation recorded, as `GET /v1/consents`; none for a child that is not known.
#[utoipa::path(
    tag = "fhir",
    params(PatientQuery),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/Consent")]
pub async fn fhir_search_consents(
    call: Call<FhirSearchConsents>,
    query: Query<PatientQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &search(&call, &query.0, &state).await?))
}

/// The decisions about a child, searched by a body
///
/// With the parameters of the search by GET.
#[utoipa::path(
    tag = "fhir",
    params(FormQuery),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "As in a query"),
    responses((status = 200, description = "A searchset", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[post("/fhir/R4/Consent/_search")]
pub async fn fhir_find_consents(
    call: Call<FhirFindConsents>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
    body: Form,
) -> Result<HttpResponse, Problem> {
    let query: PatientQuery = body.read()?;
    let form = form.accepted_or(query.format.as_deref())?;
    Ok(form.answer(StatusCode::OK, &search(&call, &query, &state).await?))
}

pub(super) async fn search<O: Named>(call: &Call<O>, query: &PatientQuery, state: &State) -> Result<Node, Problem> {
    let child_id = query.patient.strip_prefix("Patient/").unwrap_or(&query.patient);
    let child = state.child_ids.child(call.organisation(), child_id);
    // Do not repeat an id that is not one: it could be anything.
    let this = if child.is_some() { format!("{BASE}/Consent?patient={child_id}") } else { format!("{BASE}/Consent") };
    let found = exchange::list_consents(&state.store, call.context(), child).await?.into_iter().map(ConsentView::from);
    let found = found.map(|view| (format!("Consent/{}", view.id), resources::consent(&view))).collect();
    Ok(bundles::searchset(state.tokens.issuer(), &this, None, found))
}

/// A decision that the caller's organisation recorded
///
/// As `GET /v1/consents/{id}`.
#[utoipa::path(
    tag = "fhir",
    params(("id" = String, Path), FormQuery),
    responses((status = 200, description = "The decision", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/Consent/{id}", guard = "not_a_search")]
pub async fn fhir_get_consent(
    call: Call<FhirGetConsent>,
    consent: web::Path<String>,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &read(&call, &consent, &state).await?))
}

pub(super) async fn read(call: &Call<FhirGetConsent>, consent: &str, state: &State) -> Result<Node, Problem> {
    let consent = consent.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    Ok(resources::consent(&exchange::get_consent(&state.store, call.context(), consent).await?.into()))
}

/// Record a family's decision
///
/// As `POST /v1/consents`. The patient is contained, with NHS number and birthDate; `provision` says type, period, one
/// actor (the recipient, by ODS code), one purpose, class (data) and code (pathways); the extensions `decided-by` and
/// `evidence` say what FHIR has no element for, and `decision` tells an objection from a denial.
#[utoipa::path(
    tag = "fhir",
    params(FormQuery),
    request_body(content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml")), description = "A Consent"),
    responses(
        (status = 201, description = "Recorded", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))),
        (status = 200, description = "The same key and body were recorded before", body = serde_json::Value, content_type = "application/fhir+json"),
    )
)]
#[post("/fhir/R4/Consent")]
pub async fn fhir_record_consent(
    call: Call<FhirRecordConsent>,
    key: IdempotencyKey,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
    body: Resource,
) -> Result<HttpResponse, Problem> {
    let form = form.accepted()?;
    let (view, created) = record(&call, key, &body.value, &state).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = form.answer(status, &resources::consent(&view));
    let location = format!("{}{BASE}/Consent/{}", state.tokens.issuer(), view.id);
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn record(
    call: &Call<FhirRecordConsent>,
    key: IdempotencyKey,
    consent: &Value,
    state: &State,
) -> Result<(ConsentView, bool), Problem> {
    let body = body_of(consent)?;
    let key = body.key(key)?;
    let new = body.checked(ConsentId(state.ids.next()), call.today())?;
    match exchange::record_consent(&state.store, call.context(), key, new, ConsentView::from).await? {
        Once::Made(view) => Ok((view, true)),
        Once::Before(json) => serde_json::from_str(&json).map(|view| (view, false)).map_err(Problem::internal),
    }
}

/// The decision that a Consent states. A missing part is reported like one missing from the partner API's body.
fn body_of(consent: &Value) -> Result<ConsentBody, Problem> {
    let wrong = |detail: &'static str| Problem::new(Kind::Malformed).detail(detail);
    if consent["resourceType"] != "Consent" {
        return Err(wrong("The body is no Consent."));
    }
    let provision = &consent["provision"];
    let patients: Vec<_> = each(&consent["contained"]).iter().filter(|it| it["resourceType"] == "Patient").collect();
    let [patient] = patients[..] else { return Err(wrong("A Consent contains one Patient, with its NHS number and birthDate.")) };
    if [consent, provision, patient].iter().any(|part| part.get("modifierExtension").is_some() || part.get("implicitRules").is_some()) {
        return Err(wrong("A modifier extension or implicit rules may change what the Consent means, and are not known here."));
    }
    if consent["status"] != "active" {
        return Err(wrong("A decision is recorded as an active Consent; it is withdrawn by POST /v1/consents/{id}/withdrawal."));
    }
    if !provision["provision"].is_null() {
        return Err(wrong("A provision within a provision is not known here: send a Consent for each."));
    }
    let number = each(&patient["identifier"]).iter().find(|it| it["system"] == NHS_NUMBER).map(|it| it["value"].clone());
    let extension = |name: &str| {
        let one =
            each(&consent["extension"]).iter().find(|it| it["url"].as_str().and_then(|url| url.strip_prefix(EXTENSION)) == Some(name));
        one.map(|it| if it["valueCode"].is_null() { it["valueString"].clone() } else { it["valueCode"].clone() })
    };
    let [recipient] = each(&provision["actor"]) else { return Err(wrong("A Consent names one actor: the recipient, by ODS code.")) };
    let recipient = &recipient["reference"]["identifier"];
    if recipient["system"] != ODS {
        return Err(wrong("A Consent names one actor: the recipient, by ODS code."));
    }
    let codings = |name: &str| each(&provision[name]).iter().map(|it| it["code"].clone()).collect::<Vec<_>>();
    let [purpose] = &codings("purpose")[..] else { return Err(wrong("A Consent is for one purpose.")) };
    let pathways = each(&provision["code"]).iter().flat_map(|it| each(&it["coding"]));
    let pathways: Vec<_> = pathways.filter(|it| it["system"] == PATHWAY).map(|it| it["code"].clone()).collect();
    let mut body = json!({
        "child": { "nhs_number": number, "date_of_birth": patient["birthDate"] },
        "decision": extension("decision").unwrap_or_else(|| provision["type"].clone()),
        "purpose": purpose,
        "data": codings("class"),
        "pathways": pathways,
        "recipient": recipient["value"],
        "decided_by": extension("decided-by"),
        "evidence": extension("evidence"),
        "valid_from": provision["period"]["start"],
    });
    if !provision["period"]["end"].is_null() {
        body["valid_to"] = provision["period"]["end"].clone();
    }
    let agrees = extension("decision").is_none_or(|said| (said == "permit") == (provision["type"] == "permit"));
    if !agrees {
        return Err(wrong("The extension decision and provision.type say different things."));
    }
    crate::bodies::read(body.to_string().as_bytes())
}

/// The elements of a list. XML does not mark a list of a single element.
fn each(list: &Value) -> &[Value] {
    match list {
        Value::Null => &[],
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}
