//! Sending records: `POST /v1/waiting-list/submissions` and `POST /v1/ehcp/submissions`.

use actix_web::http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use chrono::NaiveDate;
use domain::operations::Named;
use domain::operations::SubmitEhcp;
use domain::operations::SubmitWaitingList;
use domain::{Client, DEFAULT_LIST, Dataset, OrganisationCode, Partnership, SubmissionId, SubmissionMode, SubmissionWork};
use exchange::Format;
use exchange::{Delivery, Order, Outcome, Report};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::submission_views::{IssueView, LastPublishedView, SubmissionView};
use crate::bodies::faults::Fault;
use crate::bodies::{FileBody, Query, coding, digests, wanted};
use crate::calls::Call;
use crate::fields::prefers_async;
use crate::idempotency::IdempotencyKey;
use crate::problems::{Kind, Problem};
use crate::state::State;

const LIST_LENGTH: usize = 50;
/// After how many seconds it is worth asking how far the work is.
pub(super) const POLL_AFTER: u32 = 1;

/// How a body is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SubmissionQuery {
    /// A registered format; the dataset's usual one where it is left out.
    format: Option<String>,
    /// `delta` where it is left out.
    mode: Option<SubmissionMode>,
    /// The name of the list: up to 50 lower-case letters, digits and hyphens; `default` where it is left out.
    list: Option<String>,
    /// The day whose state the body tells; today where it is left out, never later.
    as_of: Option<NaiveDate>,
    /// Whose records they are, where the client may send for others.
    organisation: Option<OrganisationCode>,
    /// Look only: the same report, nothing kept.
    #[serde(default)]
    validate: bool,
    /// `shrink`: the list really is that much shorter.
    #[param(inline)]
    confirm: Option<Confirm>,
    /// The snapshot is empty, and is meant to be.
    #[serde(default)]
    nil_return: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Confirm {
    Shrink,
}

/// What is documented of the headers, which other extractors read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes")]
pub struct SubmissionHeaders {
    /// 1 to 128 printable ASCII characters
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// gzip or zstd
    #[param(rename = "Content-Encoding")]
    content_encoding: Option<String>,
    /// sha-256 or sha-512 of the bytes that are sent (RFC 9530)
    #[param(rename = "Content-Digest")]
    content_digest: Option<String>,
    /// respond-async: 202 once the body is here (RFC 7240)
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}

/// Send a waiting list
///
/// The body streams; it is answered once all of it is durable and can be queried, and not before.
/// `delta` inserts and updates. `snapshot` states the whole open content of one list: what was open
/// and did not flow becomes `not-flowed`, never silently closed. A merge of two identities (HL7 v2 ADT^A40) gives the
/// organisation's own referrals to the one that stands; what forbids a flow about the retired identity goes with
/// them, and what permits one does not.
#[utoipa::path(
    tag = "submissions",
    params(SubmissionQuery, SubmissionHeaders),
    request_body(
        content((String = "text/csv"), (FileBody = "application/octet-stream")),
        description = "A body in the format that is named"
    ),
    responses(
        (status = 201, description = "Accepted", body = SubmissionView),
        (status = 202, description = "Received whole and being worked on: `Location` says where to ask for its report", body = SubmissionView),
        (status = 200, description = "The same key and body were accepted before; or looked at only", body = SubmissionView),
    )
)]
#[post("/v1/waiting-list/submissions")]
pub async fn submit_waiting_list(
    request: HttpRequest,
    call: Call<SubmitWaitingList>,
    query: Query<SubmissionQuery>,
    key: IdempotencyKey,
    state: web::Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    submit(&request, &call, Dataset::WaitingList, query.0, key, &state, payload).await
}

/// Send EHC plan records
///
/// As for a waiting list; a row is one request for an assessment.
#[utoipa::path(
    tag = "submissions",
    params(SubmissionQuery, SubmissionHeaders),
    request_body(
        content((String = "application/xml"), (FileBody = "application/octet-stream")),
        description = "A body in the format that is named"
    ),
    responses(
        (status = 201, description = "Accepted", body = SubmissionView),
        (status = 202, description = "Received whole and being worked on: `Location` says where to ask for its report", body = SubmissionView),
        (status = 200, description = "The same key and body were accepted before; or looked at only", body = SubmissionView),
    )
)]
#[post("/v1/ehcp/submissions")]
pub async fn submit_ehcp(
    request: HttpRequest,
    call: Call<SubmitEhcp>,
    query: Query<SubmissionQuery>,
    key: IdempotencyKey,
    state: web::Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    submit(&request, &call, Dataset::Ehcp, query.0, key, &state, payload).await
}

async fn submit(
    request: &HttpRequest,
    call: &Call<impl Named>,
    dataset: Dataset,
    query: SubmissionQuery,
    key: IdempotencyKey,
    state: &State,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (format, headers, today) = (adapter(dataset, query.format.as_deref())?, request.headers(), call.today());
    check_media_type(request, format)?;
    check_content(format, &query)?;
    let order = Order {
        id: SubmissionId(state.ids.next()),
        cx: call.context(),
        format,
        organisation: submitting_for(call.client(), call.partnership(), query.organisation, today)?,
        list: list_name(query.list)?,
        mode: query.mode.unwrap_or(SubmissionMode::Delta),
        as_of: query.as_of.unwrap_or(today),
        validate: query.validate,
        whole: false,
        nil_return: query.nil_return,
        confirm_shrink: query.confirm.is_some(),
        key: key.0,
        query: request.query_string().to_owned(),
    };
    if !domain::is_plausible_day(order.as_of) {
        return Err(invalid("as_of", "a day of this century or the last"));
    }
    if order.as_of > today {
        return Err(invalid("as_of", "a list cannot be true of a day to come"));
    }
    let digests = digests(headers)?;
    let (wanted, respond_async) = (wanted(headers, &digests), prefers_async(headers));
    let size = headers.get(CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
    let delivery = Delivery { coding: coding(headers)?, digests, size, respond_async };
    let taken = match (state.intake.take(order, delivery, payload).await.map_err(Problem::from), &wanted) {
        (Err(problem), Some((name, value))) => Err(problem.header(name.clone(), value.clone())),
        (taken, _) => taken,
    };
    let outcome = taken?;
    let last_published = exchange::last_published(&state.store, outcome.submission()).await?;
    let mut answer = answer(outcome, last_published.into_iter().map(LastPublishedView::from).collect(), respond_async);
    if let Some((name, value)) = wanted {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

fn answer(outcome: Outcome, last_published: Vec<LastPublishedView>, respond_async: bool) -> HttpResponse {
    match outcome {
        Outcome::Published(submission) => HttpResponse::Created()
            .insert_header((LOCATION, format!("/v1/submissions/{}", submission.id)))
            .json(SubmissionView { last_published, ..submission.into() }),
        Outcome::Validated(submission, listed) => {
            let issue_list = Some(listed.into_iter().map(IssueView::from).collect());
            HttpResponse::Ok().json(SubmissionView { issues: None, issue_list, last_published, ..submission.into() })
        }
        Outcome::Later(submission, bytes_total) => {
            let mut answer = HttpResponse::Accepted();
            answer.insert_header((LOCATION, format!("/v1/submissions/{}", submission.id))).insert_header((RETRY_AFTER, POLL_AFTER));
            if respond_async {
                answer.insert_header(("preference-applied", "respond-async"));
            }
            let begun = SubmissionWork { bytes_total, bytes_read: 0, records_read: 0, trouble: None };
            answer.json(SubmissionView::from(Report { submission, work: Some(begun), trouble: None }))
        }
        Outcome::Before(submission) => HttpResponse::Ok().json(SubmissionView { last_published, ..submission.into() }),
    }
}

fn adapter(dataset: Dataset, format: Option<&str>) -> Result<Format, Problem> {
    let mut all = exchange::FORMATS.iter().copied().filter(|adapter| adapter.dataset() == dataset);
    let found = match format {
        None => all.next(),
        Some(format) => exchange::find_format(dataset, format),
    };
    found.ok_or_else(|| {
        let known: Vec<_> =
            exchange::FORMATS.iter().filter(|adapter| adapter.dataset() == dataset).map(|adapter| adapter.format()).collect();
        invalid("format", format!("the formats of this dataset are: {}", known.join(", ")))
    })
}

/// A published return is not a list: it cannot be a snapshot of one, or be in one.
fn check_content(adapter: Format, query: &SubmissionQuery) -> Result<(), Problem> {
    let Format::Published(_) = adapter else { return Ok(()) };
    let said = [("mode", query.mode == Some(SubmissionMode::Snapshot)), ("list", query.list.is_some()), ("nil_return", query.nil_return)];
    match said.iter().find(|(_, is_said)| *is_said) {
        Some((field, _)) => Err(invalid(field, "a published return holds counts and states no list")),
        None => Ok(()),
    }
}

/// A body without a type, or of plain bytes, is taken for what `format` says.
fn check_media_type(request: &HttpRequest, adapter: Format) -> Result<(), Problem> {
    let unsupported = || {
        Problem::new(Kind::UnsupportedMediaType).detail(format!(
            "A body in {} is sent as {}.",
            adapter.format(),
            adapter.media_types().join(" or ")
        ))
    };
    let Some(mime) = request.mime_type().map_err(|_| unsupported())? else { return Ok(()) };
    let essence = mime.essence_str();
    if essence == "application/octet-stream" || adapter.media_types().contains(&essence) { Ok(()) } else { Err(unsupported()) }
}

/// Whose records a client sends, or asks for as their sender: its own organisation's, or another's that it may send for.
pub(super) fn submitting_for(
    client: &Client,
    partnership: &Partnership,
    asked: Option<OrganisationCode>,
    today: NaiveDate,
) -> Result<OrganisationCode, Problem> {
    let organisation = asked.unwrap_or(client.organisation);
    if !client.may_submit_for(organisation) {
        return Err(Problem::new(Kind::OrganisationNotYours));
    }
    match partnership.organisation(organisation) {
        Some(known) if known.exists_on(today) => Ok(organisation),
        _ => Err(invalid("organisation", "the organisation does not exist today")),
    }
}

fn list_name(asked: Option<String>) -> Result<String, Problem> {
    let list = asked.unwrap_or_else(|| DEFAULT_LIST.to_owned());
    let well_formed = (1..=LIST_LENGTH).contains(&list.len())
        && list.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if well_formed { Ok(list) } else { Err(invalid("list", "up to 50 lower-case letters, digits and hyphens")) }
}

fn invalid(field: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", message).field(field))
}
