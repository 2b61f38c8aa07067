//! `GET /v1/children/{child_id}/disclosures`: who saw what about a child, for a person to review.

use actix_web::http::header::{ACCEPT, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use documents::{AccessEntry, AccessReport, Flag, Notice};
use domain::operations::GetDisclosures;
use domain::{Consent, ConsentDecision, ConsentId, DecidedBy, NamedChild, OrganisationCode, OverrideId, Partnership, ReviewOutcome};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::agreements::BasisView;
use super::docs::POLICY;
use crate::bodies::Query;
use crate::calls::Call;
use crate::negotiation::choose;
use crate::pages::{limit, one_more, row};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A document holds as much as the longest page of a list.
const OF_A_DOCUMENT: i64 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Markdown,
}

const FORMS: [(&str, Form); 3] = [("application/json", Form::Json), ("text/html", Form::Html), ("text/markdown", Form::Markdown)];

/// A page of the report.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosuresView {
    /// That a person has to review it before any of it is released.
    pub status: &'static str,
    /// What the reviewer has to know of the child as a whole.
    pub notices: Vec<NoticeView>,
    pub items: Vec<DisclosureView>,
    /// Only where there is more; given back as `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What the reviewer has to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeView {
    pub code: Notice,
    pub meaning: &'static str,
}

/// The person behind a call, as the calling system named them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    pub id: String,
    pub role: String,
    pub reason: String,
}

/// An agreement that it happened under, as the partnership file has it today.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnderView {
    pub id: String,
    /// None where the file no longer has the agreement.
    pub basis: Option<BasisView>,
}

/// A decision of the family that it rests on, or is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct BehindView {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub decided_by: DecidedBy,
    pub recorded_by: OrganisationCode,
    pub recorded_at: DateTime<Utc>,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub review: Option<ReviewOutcome>,
}

/// One disclosure, one refusal, or one thing done about the child. Codes are as the log has them.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosureView {
    pub at: DateTime<Utc>,
    pub request_id: Option<Uuid>,
    pub act: String,
    /// `permitted` or `refused`
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Whose system asked.
    pub organisation: Option<OrganisationCode>,
    pub client: Option<String>,
    pub actor: Option<ActorView>,
    pub operation: Option<String>,
    pub holder: Option<OrganisationCode>,
    pub recipient: Option<OrganisationCode>,
    pub purpose: String,
    pub data: String,
    pub pathways: Vec<String>,
    pub agreements: Vec<UnderView>,
    pub grounds: Vec<String>,
    pub decisions: Vec<BehindView>,
    pub overrides: Vec<OverrideId>,
    /// What the reviewer has to think of.
    pub flags: Vec<Flag>,
    /// Whether the readable document keeps it out of the family's part.
    pub kept_out: bool,
    /// What the family could be told, in sentences.
    pub told: Vec<String>,
}

/// Which part, and how much.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DisclosureQuery {
    after: Option<String>,
    /// 100 where it is left out; of a document, 500.
    limit: Option<i64>,
}

impl From<&Consent> for BehindView {
    fn from(consent: &Consent) -> Self {
        Self {
            id: consent.id,
            decision: consent.decision,
            decided_by: consent.decided_by,
            recorded_by: consent.recorded_by,
            recorded_at: consent.recorded_at,
            valid_from: consent.valid_from,
            valid_to: consent.valid_to,
            withdrawn_at: consent.withdrawn_at,
            review: consent.review,
        }
    }
}

impl DisclosureView {
    fn of(entry: AccessEntry<'_>, partnership: &Partnership, today: NaiveDate) -> Self {
        let leaf = entry.leaf.clone();
        let under = |id: String| {
            let known = partnership.agreements().iter().find(|agreement| agreement.id == id);
            UnderView { id, basis: known.map(|agreement| BasisView::of(agreement, partnership, today)) }
        };
        Self {
            at: leaf.at,
            request_id: leaf.request_id,
            act: leaf.act,
            outcome: leaf.outcome,
            reason: leaf.reason,
            organisation: leaf.organisation,
            client: leaf.client,
            actor: leaf.actor.map(|actor| ActorView { id: actor.id, role: actor.role, reason: actor.reason }),
            operation: leaf.operation,
            holder: leaf.holder,
            recipient: leaf.recipient,
            purpose: leaf.purpose,
            data: leaf.data,
            pathways: leaf.pathways,
            agreements: leaf.agreements.into_iter().map(under).collect(),
            grounds: leaf.grounds,
            decisions: entry.decisions.into_iter().map(BehindView::from).collect(),
            overrides: leaf.overrides,
            flags: entry.flags,
            kept_out: entry.is_kept_out,
            told: entry.told,
        }
    }
}

/// Who saw what about a child
///
/// When, why, under which agreement and decision, and who was refused; oldest first. For the controllers of the
/// partnership. It is a draft: a person reviews it before any of it is released. As `text/html` or `text/markdown` it
/// is a document in two parts, the reviewer's and the family's. A child who is not known and one of whom nothing was
/// disclosed have the same report, with nothing in it.
#[utoipa::path(
    tag = "audit",
    params(
        ("child_id" = String, Path), DisclosureQuery,
    ),
    responses((status = 200, description = "A page of the report, or the report as a document", content(
        (DisclosuresView = "application/json"), (String = "text/html"), (String = "text/markdown"),
    )))
)]
#[get("/v1/children/{child_id}/disclosures")]
pub async fn get_disclosures(
    call: Call<GetDisclosures>,
    child_id: web::Path<String>,
    query: Query<DisclosureQuery>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let form = choose(request.headers().get(ACCEPT), &FORMS)?;
    let reader = call.organisation();
    let usual = (form != Form::Json).then_some(OF_A_DOCUMENT);
    let limit = limit(query.0.limit.or(usual))?;
    let after = row(query.0.after.as_deref(), reader, &state.child_ids)?;
    let most = usize::try_from(one_more(limit)).unwrap_or(usize::MAX);
    let child = state.child_ids.child(reader, &child_id);
    let born = child.as_ref().map(NamedChild::date_of_birth);
    let found = exchange::read_access_report(&state.store, call.context(), child, after, most).await?;
    let (mut log, born) = Some(found).zip(born).ok_or(Problem::new(Kind::NotFound))?;
    let has_more = log.leaves.len() == most;
    log.leaves.truncate(most - 1);
    let last = log.leaves.last().filter(|_| has_more).map(|(row, _)| *row);
    let next = last.and_then(|row| state.child_ids.cursor(reader, row));
    let (partnership, today) = (call.partnership(), call.today());
    let report = AccessReport::of(&log, partnership, born, today, has_more);
    let mut answer = HttpResponse::Ok();
    Ok(match form {
        Form::Json => answer.json(DisclosuresView {
            status: AccessReport::DRAFT,
            notices: report.notices.iter().map(|notice| NoticeView { code: *notice, meaning: notice.meaning() }).collect(),
            items: report.entries.into_iter().map(|entry| DisclosureView::of(entry, partnership, today)).collect(),
            next,
        }),
        Form::Html => answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).content_type("text/html; charset=utf-8").body(report.html()),
        Form::Markdown => answer.content_type("text/markdown; charset=utf-8").body(report.markdown()),
    })
}
