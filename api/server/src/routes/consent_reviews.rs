//! Recorded decisions that wait for a person: `GET /v1/consents/reviews`, `POST /v1/consents/{id}/review`.

use std::sync::Arc;

use actix_web::{get, post, web};
use chrono::NaiveDate;
use domain::agreements::{Agreement, ConsentRule};
use domain::consents::{Consent, ConsentDecision, NotAnObjection, ReviewOutcome, Standing};
use domain::dates::{days_between, london_day};
use domain::identifiers::ConsentId;
use domain::operations::Operation;
use domain::partnerships::Partnership;
use domain::policy::{Act, Ask, Facts, NOBODY, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::consents::{ConsentView, own_records};
use super::withdrawals::{about, checked};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::{Json, Query};
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A decision stands on the list from as many days before its last.
const NOTICE_DAYS: i64 = 30;

/// Why a decision waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// It was made for a child who has come of age for it.
    ReviewDue,
    /// It objects to a flow that needs no consent, and nobody has looked at it.
    ObjectionToADuty,
    /// It ends within thirty days.
    Expiring,
}

/// A decision that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    pub because: Because,
    /// The caller's own id for the child; none where its NHS number is not known.
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

fn because(consent: &Consent, born: NaiveDate, partnership: &Partnership, today: NaiveDate) -> Option<Because> {
    let standing = consent.standing(Some(born), today);
    let is_duty = |agreement: &Agreement| {
        agreement.consent == ConsentRule::NotRequired
            && agreement.purpose == consent.purpose
            && consent.data.iter().any(|data| agreement.data.contains(data) && agreement.receives(consent.recipient, *data))
    };
    match standing {
        Standing::ReviewDue => Some(Because::ReviewDue),
        Standing::InForce if consent.decision == ConsentDecision::Objection && consent.review.is_none() => {
            partnership.agreements().iter().any(is_duty).then_some(Because::ObjectionToADuty)
        }
        Standing::InForce if consent.valid_to.is_some_and(|last| days_between(today, last) <= NOTICE_DAYS) => Some(Because::Expiring),
        _ => None,
    }
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
    caller: Caller,
    actor: ActingFor,
    query: Query<ReviewQuery>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<ReviewView>>, Problem> {
    caller.require(Scope::ConsentRead)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::ListReviews);
    let (limit, after) = (limit(query.0.limit)?, cursor(query.0.after.as_deref())?);
    let most = usize::try_from(one_more(limit)).unwrap_or(usize::MAX);
    let now = state.clock.now();
    let today = london_day(now);
    let partnership = Arc::clone(caller.partnership());
    let shared = Arc::clone(&partnership);
    let found = state.store.transaction(move |tx| {
        let permit = match decide(own_records(by.organisation, None), Facts::at(now, &shared, &NOBODY)) {
            Ok(permit) => permit,
            Err(refusal) => return tx.leave_refused(&refusal, &by, now).map(|()| Vec::new()),
        };
        tx.standing_consents(&permit, (after, most), &by, |child, consent| because(consent, child.date_of_birth, &shared, today).is_some())
    });
    let view = |(child, consent): (domain::children::ChildReference, Consent)| {
        let born = child.date_of_birth;
        ReviewView {
            because: because(&consent, born, &partnership, today).unwrap_or(Because::ReviewDue),
            child_id: child.nhs_number().and_then(|number| state.child_ids.id(caller.organisation(), number, born)),
            consent: ConsentView::of(consent, Some(born), today),
        }
    };
    Ok(web::Json(Page::of(found.await?, limit, |(_, consent)| consent.id.to_string(), view)))
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
    caller: Caller,
    actor: ActingFor,
    consent_id: web::Path<String>,
    body: Json<ReviewBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    caller.require(Scope::ConsentWrite)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::ReviewObjection);
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(consent_id.0);
    let ReviewBody { outcome, reason } = body.0;
    let reason = checked(reason, "reason")?;
    let clock = state.clock.clone();
    let partnership = Arc::clone(caller.partnership());
    let reviewed = state.store.transaction(move |tx| {
        let Some((child, consent)) = tx.consent(consent_id, by.organisation)? else {
            let refusal = Refusal::not_held(Ask { act: Act::ReviewObjection, ..own_records(by.organisation, None) });
            return tx.leave_refused(&refusal, &by, clock.now()).map(|()| Err(Kind::NotFound));
        };
        tx.child_for_withdrawal(child)?;
        let now = clock.now();
        let facts = tx.child_facts(child, partnership.needs())?;
        let Some(data) = consent.data.first() else { return Ok(Err(Kind::NotFound)) };
        match decide(about(Act::ReviewObjection, &consent, *data, child, by.organisation), Facts::at(now, &partnership, &facts)) {
            Ok(permit) => {
                let reviewed = tx.review_objection(&permit, consent_id, outcome, &reason, &by)?;
                Ok(reviewed
                    .map(|consent| ConsentView::of(consent, facts.born, london_day(now)))
                    .map_err(|NotAnObjection| Kind::WrongStatus))
            }
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(Kind::NotFound)),
        }
    });
    reviewed.await?.map(web::Json).map_err(Problem::from)
}
