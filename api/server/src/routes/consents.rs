//! Families' decisions, as those whom an agreement names record them.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::children::ChildReference;
use domain::consents::{Consent, ConsentDecision, ConsentDraft, DecidedBy, ReviewOutcome, Standing};
use domain::dates::{is_plausible, london_day};
use domain::identifiers::{ChildId, ConsentId};
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Permit, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};
use utoipa::{IntoParams, ToSchema};

use super::children::ChildBody;
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::faults::Fault;
use crate::bodies::{Json, Query};
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::idempotency::IdempotencyKey;
use crate::pages::Page;
use crate::problems::{Kind, Problem};
use crate::state::State;
use crate::transitional::{Once, fingerprint, once};

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
    pub standing: Standing,
    pub recorded_by: OrganisationCode,
    pub recorded_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Of an objection to a flow that needs no consent: what a person found who looked at it.
    pub review: Option<ReviewOutcome>,
}

impl ConsentView {
    pub(super) fn of(consent: Consent, born: Option<NaiveDate>, today: NaiveDate) -> Self {
        Self {
            standing: consent.standing(born, today),
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
    caller: Caller,
    actor: ActingFor,
    key: IdempotencyKey,
    body: Json<ConsentBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let by = attribute(&caller, Some(actor.0), id, Operation::RecordConsent);
    Ok(record(&caller, body.0, key, by, &state).await?.respond())
}

/// Records a decision once, with its leaves.
pub(super) async fn record(
    caller: &Caller,
    body: ConsentBody,
    key: IdempotencyKey,
    by: Attribution,
    state: &State,
) -> Result<Once<ConsentView>, Problem> {
    caller.require(Scope::ConsentWrite)?;
    let now = state.clock.now();
    let today = london_day(now);
    check(&body, today)?;
    let fingerprint = fingerprint("record_consent", &body)?;
    let draft = ConsentDraft {
        id: ConsentId(state.ids.next()),
        decision: body.decision,
        decided_by: body.decided_by,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
        evidence: body.evidence.clone(),
    };
    let reference = ChildReference::from(body.child.clone());
    let born = Some(reference.date_of_birth);
    let partnership = Arc::clone(caller.partnership());
    let recorded = state.store.transaction(move |tx| {
        once(tx, (&by, key.0.as_deref(), &fingerprint), now, |tx| {
            let ask = Ask {
                act: if body.decision == ConsentDecision::Objection { Act::RecordObjection } else { Act::RecordConsent },
                holder: by.organisation,
                recipient: body.recipient,
                purpose: body.purpose,
                data: DataClass::WaitingListStatus,
                pathways: body.pathways,
                child: None,
                item: Some(draft.id.0),
                loses_nothing: false,
            };
            // First whether it may be recorded at all: a refusal makes no child known.
            if !may_record(tx, ask, &body.data, &partnership, now, &by)? {
                return Ok(Err(Problem::new(Kind::NoAgreement)));
            }
            let child = tx.child_for_decision(&reference)?;
            let facts = Facts::at(now, &partnership, &NOBODY);
            let permits: Result<Vec<Permit>, _> =
                body.data.iter().map(|data| decide(Ask { data: *data, child: Some(child), ..ask }, facts)).collect();
            match permits {
                Ok(permits) => tx.record_consent(&permits, &draft, &by).map(|consent| Ok(ConsentView::of(consent, born, today))),
                Err(_) => Ok(Err(Problem::new(Kind::NoAgreement))),
            }
        })
    });
    recorded.await?
}

fn may_record(
    tx: &mut Tx<'_>,
    ask: Ask,
    data: &[DataClass],
    partnership: &Partnership,
    now: DateTime<Utc>,
    by: &Attribution,
) -> Result<bool, StoreError> {
    let facts = Facts::at(now, partnership, &NOBODY);
    for data in data {
        if let Err(refusal) = decide(Ask { data: *data, ..ask }, facts) {
            tx.leave_refused(&refusal, by, now)?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn check(body: &ConsentBody, today: NaiveDate) -> Result<(), Problem> {
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
    fault(!is_plausible(body.valid_from), "valid_from", "a day of this century or the last");
    fault(body.valid_to.is_some_and(|last| !is_plausible(last)), "valid_to", "a day of this century or the last");
    fault(body.valid_to.is_some_and(|last| last < body.valid_from), "valid_to", "a decision cannot end before it starts");
    let born = body.child.date_of_birth;
    fault(!body.decided_by.can_decide(born, today), "decided_by", "nobody decides in this capacity at this age");
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Kind::InvalidValue).with_faults(faults)) }
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
    caller: Caller,
    actor: ActingFor,
    consent_id: web::Path<String>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    let by = attribute(&caller, Some(actor.0), id, Operation::GetConsent);
    find(&caller, &consent_id, by, &state).await.map(web::Json)
}

/// A decision that the caller's organisation recorded, with its leaf.
pub(super) async fn find(caller: &Caller, consent_id: &str, by: Attribution, state: &State) -> Result<ConsentView, Problem> {
    caller.require(Scope::ConsentRead)?;
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(consent_id.0);
    let now = state.clock.now();
    let partnership = Arc::clone(caller.partnership());
    let found = state.store.transaction(move |tx| {
        let Some((child, _)) = tx.consent(consent_id, by.organisation)? else {
            let refusal = Refusal::not_held(own_records(by.organisation, None));
            return tx.leave_refused(&refusal, &by, now).map(|()| None);
        };
        let facts = tx.child_facts(child, partnership.needs())?;
        let own = decide(own_records(by.organisation, Some(child)), Facts::at(now, &partnership, &facts));
        let Ok(permit) = own else { return Ok(None) };
        let recorded = tx.recorded_consents(&permit, &by)?;
        let consent = recorded.into_iter().find(|consent| consent.id == consent_id);
        Ok(consent.map(|consent| ConsentView::of(consent, facts.born, london_day(now))))
    });
    found.await?.ok_or(Problem::new(Kind::NotFound))
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
    caller: Caller,
    actor: ActingFor,
    query: Query<ConsentQuery>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<ConsentView>>, Problem> {
    let by = attribute(&caller, Some(actor.0), id, Operation::ListConsents);
    let reference = state.child_ids.child(caller.organisation(), &query.0.child_id);
    Ok(web::Json(Page { items: recorded_about(&caller, reference, by, &state).await?, next: None }))
}

/// What the caller's organisation recorded about a child, with its leaf.
pub(super) async fn recorded_about(
    caller: &Caller,
    reference: Option<ChildReference>,
    by: Attribution,
    state: &State,
) -> Result<Vec<ConsentView>, Problem> {
    caller.require(Scope::ConsentRead)?;
    let now = state.clock.now();
    let born = reference.as_ref().map(|reference| reference.date_of_birth);
    let partnership = Arc::clone(caller.partnership());
    let found = state.store.transaction(move |tx| {
        let Some(child) = reference.as_ref().map_or(Ok(None), |reference| tx.child(reference))? else {
            let refusal = Refusal::not_held(own_records(by.organisation, None));
            return tx.leave_refused(&refusal, &by, now).map(|()| Vec::new());
        };
        match decide(own_records(by.organisation, Some(child)), Facts::at(now, &partnership, &NOBODY)) {
            Ok(permit) => tx.recorded_consents(&permit, &by),
            Err(_) => Ok(Vec::new()),
        }
    });
    Ok(found.await?.into_iter().map(|consent| ConsentView::of(consent, born, london_day(now))).collect())
}

/// An organisation reads back what it recorded about a child.
pub(super) fn own_records(organisation: OrganisationCode, child: Option<ChildId>) -> Ask {
    Ask {
        act: Act::ReadConsents,
        holder: organisation,
        recipient: organisation,
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: PathwaySet::EMPTY,
        child,
        item: None,
        loses_nothing: false,
    }
}
