//! Families' decisions, recorded by the organisations that an agreement names.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::GetConsent;
use domain::operations::ListConsents;
use domain::operations::RecordConsent;
use domain::{
    ChildReference, ConsentDecision, ConsentDraft, ConsentId, ConsentStanding, DataClass, DecidedBy, OrganisationCode, PathwaySet, Purpose,
    ReviewOutcome, is_plausible_day,
};
use exchange::{NewConsent, RecordedConsent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::children::ChildBody;
use crate::bodies::faults::Fault;
use crate::bodies::{Json, Query};
use crate::calls::Call;
use crate::idempotency::{IdempotencyKey, respond};
use crate::pages::Page;
use crate::problems::{Kind, Problem};
use crate::state::State;

pub(super) const LONGEST: usize = 2_000;

/// A decision to be recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentBody {
    pub child: ChildBody,
    pub decision: ConsentDecision,
    pub purpose: Purpose,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub recipient: OrganisationCode,
    pub decided_by: DecidedBy,
    /// How the decision is known.
    #[schema(example = "signed form of 1 November")]
    pub evidence: String,
    pub valid_from: NaiveDate,
    /// Its last day, inclusive; open where it is left out.
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}

/// A recorded decision. It names no child.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsentView {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub purpose: Purpose,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub recipient: OrganisationCode,
    pub decided_by: DecidedBy,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub standing: ConsentStanding,
    pub recorded_by: OrganisationCode,
    pub recorded_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Of an objection to a flow that needs no consent: what a person found who looked at it.
    pub review: Option<ReviewOutcome>,
}

impl From<RecordedConsent> for ConsentView {
    fn from(recorded: RecordedConsent) -> Self {
        let RecordedConsent { consent, standing } = recorded;
        Self {
            standing,
            id: consent.id,
            decision: consent.decision,
            purpose: consent.purpose,
            data: consent.data,
            pathways: consent.pathways,
            recipient: consent.recipient,
            decided_by: consent.decided_by,
            valid_from: consent.valid_from,
            valid_to: consent.valid_to,
            recorded_by: consent.recorded_by,
            recorded_at: consent.recorded_at,
            withdrawn_at: consent.withdrawn_at,
            review: consent.review,
        }
    }
}

/// Whose decisions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsentQuery {
    /// The caller's own id for the child.
    child_id: String,
}

/// Record a family's decision
///
/// Only organisations that the agreement names may, and only within what it covers; an objection to a flow
/// that needs no consent, any party to its agreement. Such an objection does not stop a duty: it goes to a
/// person (`/v1/consents/reviews`).
#[utoipa::path(
    tag = "consents",
    request_body = ConsentBody,
    responses(
        (status = 201, description = "Recorded", body = ConsentView),
        (status = 200, description = "The same key and body were recorded before", body = ConsentView),
    )
)]
#[post("/v1/consents")]
pub async fn record_consent(
    call: Call<RecordConsent>,
    key: IdempotencyKey,
    body: Json<ConsentBody>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let key = body.0.key(key)?;
    let new = body.0.checked(ConsentId(state.ids.next()), call.today())?;
    Ok(respond(exchange::record_consent(&state.store, call.context(), key, new, ConsentView::from).await?))
}

impl ConsentBody {
    /// The key of the request, whether it came by the partner API or by FHIR.
    pub(super) fn key(&self, key: IdempotencyKey) -> Result<exchange::Key, Problem> {
        key.of("record_consent", self)
    }

    /// The decision under its new id, if it is valid on a day.
    pub(super) fn checked(self, id: ConsentId, today: NaiveDate) -> Result<NewConsent, Problem> {
        let child = check(&self, today)?;
        let draft = ConsentDraft {
            id,
            decision: self.decision,
            decided_by: self.decided_by,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            evidence: self.evidence,
        };
        let Self { recipient, purpose, data, pathways, .. } = self;
        Ok(NewConsent { child, recipient, purpose, data, pathways, draft })
    }
}

/// The child of a decision that is right in itself.
fn check(body: &ConsentBody, today: NaiveDate) -> Result<ChildReference, Problem> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, field: &str, message: &'static str| {
        if wrong {
            faults.push(Fault::new("invalid-value", message).field(field));
        }
    };
    let mut classes = body.data.clone();
    classes.sort_unstable();
    classes.dedup();
    fault(classes.is_empty() || classes.len() != body.data.len(), "data", "name each class of data once, and at least one");
    fault(body.pathways.is_empty(), "pathways", "name at least one pathway");
    fault(body.evidence.trim().is_empty() || body.evidence.len() > LONGEST, "evidence", "1 to 2,000 characters");
    fault(!is_plausible_day(body.valid_from), "valid_from", "a day of this century or the last");
    fault(body.valid_to.is_some_and(|last| !is_plausible_day(last)), "valid_to", "a day of this century or the last");
    fault(body.valid_to.is_some_and(|last| last < body.valid_from), "valid_to", "a decision cannot end before it starts");
    let born = body.child.date_of_birth;
    fault(!body.decided_by.can_decide(born, today), "decided_by", "nobody decides in this capacity at this age");
    match body.child.reference() {
        Some(child) if faults.is_empty() => return Ok(child),
        Some(_) => {}
        None => faults.push(ChildBody::fault().field("child")),
    }
    Err(Problem::new(Kind::InvalidValue).with_faults(faults))
}

/// A decision that the caller's organisation recorded
///
/// To any other organisation it is not there.
#[utoipa::path(
    tag = "consents",
    params(("id" = ConsentId, Path)),
    responses((status = 200, description = "The decision", body = ConsentView))
)]
#[get("/v1/consents/{id}")]
pub async fn get_consent(
    call: Call<GetConsent>,
    consent_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    Ok(web::Json(exchange::get_consent(&state.store, call.context(), consent_id).await?.into()))
}

/// The decisions about a child that the caller's organisation recorded
///
/// With where each of them stands today.
#[utoipa::path(
    tag = "consents",
    params(ConsentQuery),
    responses((status = 200, description = "All of them; none for a child that is not known", body = Page<ConsentView>))
)]
#[get("/v1/consents")]
pub async fn list_consents(
    call: Call<ListConsents>,
    query: Query<ConsentQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<ConsentView>>, Problem> {
    let child = state.child_ids.child(call.organisation(), &query.0.child_id);
    let found = exchange::list_consents(&state.store, call.context(), child).await?;
    Ok(web::Json(Page { items: found.into_iter().map(ConsentView::from).collect(), next: None }))
}
