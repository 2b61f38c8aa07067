//! `POST /fhir/R4`: several entries at once, all or none, or each by itself.

use std::convert::Infallible;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use domain::operations::FhirSearchConsents;
use domain::operations::FhirSearchServiceRequests;
use domain::operations::FhirSearchTasks;
use domain::operations::FhirTransact;
use domain::operations::SubmitWaitingList;
use domain::{DEFAULT_LIST, Dataset, SubmissionId, SubmissionMode};
use exchange::fhir::Node;
use exchange::{Coding, Delivery, Digests, Order, Outcome};
use futures_util::stream;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::capabilities::FormQuery;
use super::{consents, service_requests, tasks};
use crate::bodies::Query;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::fhir::bodies::Resource;
use crate::fhir::bundles::{self, Done};
use crate::fhir::{BASE, Representation, place_of, referral_id};
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The most entries in a batch. A transaction is limited only in bytes.
const MOST: usize = 100;

/// What a transaction may hold: a referral, and what is read with it.
const KEPT: [&str; 4] = ["ServiceRequest", "Patient", "Encounter", "Appointment"];

/// Transactions and batches
///
/// A transaction takes referrals in, with their Patients, as a submission of the mode `delta`: all of them, or nothing
/// where one is rejected or about none of the pathways. The entries of a batch stand by themselves: reads and searches,
/// Consents, and referrals with their Patient contained. Conditional requests and deletions are refused.
#[utoipa::path(
    tag = "fhir",
    params(
        FormQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters; for a transaction"),
    ),
    request_body(content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml")), description = "A Bundle"),
    responses((status = 200, description = "A Bundle that answers each entry", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[post("/fhir/R4")]
pub async fn fhir_transact(
    call: Call<FhirTransact>,
    key: IdempotencyKey,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
    body: Resource,
) -> Result<HttpResponse, Problem> {
    let form = form.accepted()?;
    let bundle = &body.value;
    if bundle["resourceType"] != "Bundle" {
        return Err(Problem::new(Kind::Malformed).detail("The body is no Bundle."));
    }
    let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let answer = match bundle["type"].as_str() {
        Some("transaction") => {
            bundles::answer("transaction-response", transact(&call.carrying()?, key, entries, &body.bytes, &state).await?)
        }
        Some("batch") if entries.len() > MOST => {
            return Err(Problem::new(Kind::BodyTooLarge).detail(format!("A batch has at most {MOST} entries.")));
        }
        Some("batch") => {
            let mut answers = Vec::with_capacity(entries.len());
            for entry in entries {
                let done = Box::pin(batch_entry(&call, entry, &state)).await;
                answers.push(bundles::answered(done));
            }
            bundles::answer("batch-response", answers)
        }
        _ => {
            return Err(Problem::new(Kind::InvalidValue)
                .detail("A collection or a message is sent to /v1/waiting-list/submissions?format=fhir.")
                .fault(Fault::new("invalid-value", "transaction or batch").field("type")));
        }
    };
    Ok(form.answer(StatusCode::OK, &answer))
}

/// Takes all of the entries in, or none.
async fn transact(
    call: &Call<SubmitWaitingList>,
    key: IdempotencyKey,
    entries: &[Value],
    bytes: &web::Bytes,
    state: &State,
) -> Result<Vec<Node>, Problem> {
    let format = exchange::find_format(Dataset::WaitingList, "fhir").ok_or_else(|| Problem::internal("no adapter for FHIR"))?;
    let (organisation, today) = (call.organisation(), call.today());
    check(entries)?;
    let named = state.intake.named_referrals(format, organisation, today, bytes.clone()).await?;
    let places = async || {
        let ids = named.iter().map(|(_, id)| id.clone()).collect();
        state.intake.places_of(organisation, ids).await
    };
    let before = places().await?;
    check_updates(call, entries, &named, &before, state)?;
    let order = Order {
        id: SubmissionId(state.ids.next()),
        cx: call.context(),
        format,
        organisation,
        list: DEFAULT_LIST.to_owned(),
        mode: SubmissionMode::Delta,
        as_of: today,
        validate: false,
        whole: true,
        nil_return: false,
        confirm_shrink: false,
        key: key.0,
        query: format!("{BASE} transaction"),
    };
    let delivery = Delivery { coding: Coding::Identity, digests: Digests::default(), size: Some(bytes.len() as u64), respond_async: false };
    let payload = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
    let known_before = match state.intake.take(order, delivery, payload).await? {
        Outcome::Published(_) | Outcome::Validated(..) => before,
        Outcome::Before(_) => places().await?,
        Outcome::Later(..) => return Err(Problem::internal("a transaction was put off")),
    };
    let after = places().await?;
    let answer = |(at, _): (usize, &Value)| {
        let row = named.iter().position(|(row, _)| *row == at as u64 + 1);
        let place = row.and_then(|row| after[row]);
        let location = place.and_then(|place| referral_id(&state.child_ids, organisation, place));
        let done = match (row, location) {
            (Some(row), Some(id)) => Done::Kept { created: known_before[row].is_none(), location: format!("ServiceRequest/{id}") },
            _ => Done::Noted("Read with the referrals that name it; it is kept as no resource of its own."),
        };
        bundles::answered(Ok(done))
    };
    Ok(entries.iter().enumerate().map(answer).collect())
}

/// Checks what a transaction asks. What is wrong with a referral is said where it is read.
fn check(entries: &[Value]) -> Result<(), Problem> {
    let faults = entries.iter().enumerate().filter_map(|(at, entry)| {
        let kind = entry["resource"]["resourceType"].as_str().unwrap_or_default();
        let message = match (entry["request"]["method"].as_str(), kind) {
            (Some("POST" | "PUT"), kind) if KEPT.contains(&kind) => return None,
            (Some("POST" | "PUT"), "Consent") => "a decision cannot be undone with the rest: send it by itself, or in a batch",
            (Some("POST" | "PUT"), _) => "a transaction takes ServiceRequest, with Patient, Encounter and Appointment",
            (Some("GET" | "HEAD"), _) => "a transaction reads nothing: send a batch",
            _ => "the method is POST or PUT",
        };
        let mut fault = Fault::new("entry-request", message).field("request");
        fault.row = Some(at as u64 + 1);
        Some(fault)
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Kind::InvalidValue).with_faults(faults)) }
}

/// Checks that an update by id is of the referral that the id names.
fn check_updates(
    call: &Call<SubmitWaitingList>,
    entries: &[Value],
    named: &[(u64, String)],
    places: &[Option<i64>],
    state: &State,
) -> Result<(), Problem> {
    let wrong = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry["request"]["method"] == "PUT" && entry["resource"]["resourceType"] == "ServiceRequest");
    for (at, entry) in wrong {
        let id = entry["request"]["url"].as_str().and_then(|url| url.strip_prefix("ServiceRequest/")).unwrap_or_default();
        let meant = place_of(&state.child_ids, call.organisation(), id);
        let row = named.iter().position(|(row, _)| *row == at as u64 + 1);
        if meant.is_none() || row.and_then(|row| places[row]) != meant {
            let mut fault =
                Fault::new("invalid-value", "the id is of no referral, or of another than the identifier says").field("request.url");
            fault.row = Some(at as u64 + 1);
            return Err(Problem::new(Kind::InvalidValue).fault(fault));
        }
    }
    Ok(())
}

async fn batch_entry(call: &Call<FhirTransact>, entry: &Value, state: &State) -> Result<Done, Problem> {
    let request = &entry["request"];
    let url = request["url"].as_str().unwrap_or_default().trim_start_matches('/');
    match (request["method"].as_str(), entry["resource"]["resourceType"].as_str()) {
        (Some("GET"), _) => read(call, url, state).await.map(Done::Read),
        (Some("POST"), Some("Consent")) if request.get("ifNoneExist").is_none() => {
            let (view, created) = consents::record(&call.carrying()?, IdempotencyKey(None), &entry["resource"], state).await?;
            Ok(Done::Kept { created, location: format!("Consent/{}", view.id) })
        }
        (Some("POST" | "PUT"), Some("ServiceRequest")) => {
            let alone = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [entry] });
            let bytes = web::Bytes::from(alone.to_string());
            let answers = transact(&call.carrying()?, IdempotencyKey(None), std::slice::from_ref(entry), &bytes, state).await?;
            answers.into_iter().next().map(Done::Answered).ok_or_else(|| Problem::internal("an entry without an answer"))
        }
        _ => Err(Problem::new(Kind::InvalidValue).fault(
            Fault::new("entry-request", "a batch reads, records a Consent, or takes a ServiceRequest with its Patient contained")
                .field("request"),
        )),
    }
}

async fn read(call: &Call<FhirTransact>, url: &str, state: &State) -> Result<Node, Problem> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    match path.split('/').collect::<Vec<_>>()[..] {
        ["ServiceRequest"] => service_requests::search(&call.carrying::<FhirSearchServiceRequests>()?, query_of(query)?, state).await,
        ["ServiceRequest", referral] => service_requests::read(&call.carrying()?, referral, state).await,
        ["Task"] => tasks::search(&call.carrying::<FhirSearchTasks>()?, query_of(query)?, state).await,
        ["Task", task] => tasks::read(&call.carrying()?, task, state).await,
        ["Consent"] => consents::search(&call.carrying::<FhirSearchConsents>()?, &query_of(query)?, state).await,
        ["Consent", consent] => consents::read(&call.carrying()?, consent, state).await,
        _ => Err(Problem::new(Kind::NotFound)),
    }
}

fn query_of<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    crate::bodies::queries::read(query)
}
