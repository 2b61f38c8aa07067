//! Recorded decisions that wait for a person: `GET /v1/consents/reviews`, `POST /v1/consents/{id}/review`.

use actix_web::{get, post, web};
use domain::operations::ListReviews;
use domain::operations::ReviewObjection;
use domain::{ConsentId, ReviewCause, ReviewOutcome};
use exchange::WaitingConsent;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::consents::ConsentView;
use super::withdrawals::checked;
use crate::bodies::{Json, Query};
use crate::calls::Call;
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A decision that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    pub because: ReviewCause,
    /// The caller's own id for the child.
    pub child_id: Option<String>,
    pub consent: ConsentView,
}

/// A page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    after: Option<String>,
    limit: Option<i64>,
}

/// What a person found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBody {
    pub outcome: ReviewOutcome,
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

/// Decisions that wait for a person
///
/// Of those that the caller's organisation recorded: made for a child who has since come of age, objecting
/// to a duty, or about to end. A new decision settles the first and the last.
#[utoipa::path(
    tag = "consents",
    params(ReviewQuery),
    responses((status = 200, description = "A page", body = Page<ReviewView>))
)]
#[get("/v1/consents/reviews")]
pub async fn list_reviews(
    call: Call<ListReviews>,
    query: Query<ReviewQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<ReviewView>>, Problem> {
    let (limit, after) = (limit(query.0.limit)?, cursor(query.0.after.as_deref())?);
    let most = usize::try_from(one_more(limit)).unwrap_or(usize::MAX);
    let found = exchange::list_reviews(&state.store, call.context(), after, most).await?;
    let view = |WaitingConsent { because, child, recorded }| ReviewView {
        because,
        child_id: state.child_ids.id(call.organisation(), &child),
        consent: recorded.into(),
    };
    Ok(web::Json(Page::of(found, limit, |waiting| waiting.recorded.consent.id.to_string(), view)))
}

/// Settle an objection
///
/// To a flow that needs no consent. Until somebody has looked at it the duty goes on; upheld, the flow stops
/// for this child.
#[utoipa::path(
    tag = "consents",
    params(("id" = ConsentId, Path), ("Sendbridge-Actor" = String, Header, description = "The person who looked at it")),
    request_body = ReviewBody,
    responses((status = 200, description = "Settled", body = ConsentView))
)]
#[post("/v1/consents/{id}/review")]
pub async fn review_objection(
    call: Call<ReviewObjection>,
    consent_id: web::Path<String>,
    body: Json<ReviewBody>,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let ReviewBody { outcome, reason } = body.0;
    let reason = checked(reason, "reason")?;
    Ok(web::Json(exchange::review_objection(&state.store, call.context(), consent_id, outcome, reason).await?.into()))
}
