//! Health advice: a council asks a health body for it, the body acknowledges the request and answers, and the council
//! pulls the answer.

use chrono::{DateTime, Utc};
use domain::{
    Advice, AdviceErased, AdviceRequest, AdviceRequestDraft, AdviceRequestId, AdviceStatus, AlreadySubmitted, Ask, CallContext,
    ChildReference, DataClass, IssueCode, MatchDecision, MatchDraft, MatchId, MatchSource, MatchStatus, OrganisationCode, Purpose, Refusal,
    is_plausible_day,
};
use serde::Serialize;
use store::{Store, StoreError, Tx};

use crate::idempotency::{Key, Once, once};
use crate::troubles::{Fault, Kind, Trouble};

/// Which requests to list.
#[derive(Debug, Clone)]
pub struct AdviceRequestFilter {
    pub statuses: Vec<AdviceStatus>,
    /// Requests that changed then or later.
    pub changed_since: Option<DateTime<Utc>>,
    /// Requests made after this one.
    pub after: Option<AdviceRequestId>,
}

/// A request with the child it is about, for its two parties.
#[derive(Debug, Clone)]
pub struct DisclosedAdviceRequest {
    pub request: AdviceRequest,
    pub child: ChildReference,
    /// The council's own reference.
    pub case_reference: String,
}

impl From<AlreadySubmitted> for Trouble {
    fn from(_: AlreadySubmitted) -> Self {
        Self::new(Kind::WrongStatus).detail("The advice is submitted already.")
    }
}

impl From<AdviceErased> for Trouble {
    fn from(_: AdviceErased) -> Self {
        Self::new(Kind::Erased).detail("The advice was erased; the council has to ask anew.")
    }
}

/// Why a match is confirmed with the request that states it.
const ACKNOWLEDGED: &str = "The request for advice that names both was acknowledged.";

/// The child that advice is asked about.
#[derive(Debug, Clone)]
pub struct AskedChild {
    pub child: ChildReference,
    pub also: Option<OtherIdentifier>,
}

/// Another identifier by which the council keeps the child that it asks about.
#[derive(Debug, Clone)]
pub struct OtherIdentifier {
    /// Of the match between the two.
    pub id: MatchId,
    pub child: ChildReference,
}

/// Asks a health body for advice about a child. Where the council names the child by two identifiers, it states that they
/// are one child's; the health body's acknowledgement confirms it.
pub async fn create_advice_request<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    AskedChild { child, also }: AskedChild,
    addressed_to: OrganisationCode,
    draft: AdviceRequestDraft,
    view: impl Fn(AdviceRequest) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let ask = Ask::request_advice(cx.organisation(), addressed_to, &draft.kinds).about(draft.id.0);
    let made = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| {
            if addressed_to == cx.organisation() {
                let child = tx.known_child(&child)?;
                return tx.refuse(Refusal::asks_itself(Ask { child, ..ask }), &cx).map(in_trouble);
            }
            if let Some(also) = &also {
                if let Err(refusal) = tx.agreed(Ask::join(cx.organisation()), &cx)? {
                    return Ok(Err(refusal.into()));
                }
                if let Some(code) = tx.contrary_to_own(cx.organisation(), &also.child, &child)? {
                    return Ok(Err(contrary(code)));
                }
                tx.hold_together(&[&child, &also.child])?;
            }
            let made = tx.permitted_naming(&child, ask, &cx, |tx, permit| {
                let request = tx.create_advice_request(permit, &draft, &cx.by)?;
                if let Some(also) = &also {
                    state_other(tx, &cx, also, &request)?;
                }
                Ok(view(request))
            });
            made.map(in_trouble)
        })
    });
    made.await?
}

/// Up to `limit` requests that an organisation made or received, in the order they were made. They name no child.
pub async fn list_advice_requests(
    store: &Store,
    party: OrganisationCode,
    filter: AdviceRequestFilter,
    limit: i64,
) -> Result<Vec<AdviceRequest>, Trouble> {
    let AdviceRequestFilter { statuses, changed_since, after } = filter;
    // A day that no database can hold is ignored, as if none were named.
    let since = changed_since.filter(|at| is_plausible_day(at.date_naive()));
    Ok(store.read(move |tx| tx.advice_requests(party, &statuses, since, after, limit)).await?)
}

/// One request with its child and case, for one of its two parties.
pub async fn get_advice_request(store: &Store, cx: CallContext, id: AdviceRequestId) -> Result<DisclosedAdviceRequest, Trouble> {
    let found = store.transaction(move |tx| {
        let party = cx.organisation();
        let Some(request) = tx.advice_request(id, party)? else {
            return tx.refuse_unknown(unknown(id, DataClass::AdviceRequest, party), &cx);
        };
        tx.permitted(Ask::advice_request(&request, party), &cx, |tx, permit| {
            let (child, case_reference) = tx.disclose_advice_request(permit, &request, &cx.by)?;
            Ok(DisclosedAdviceRequest { request, child, case_reference })
        })
    });
    Ok(found.await??)
}

/// Acknowledges a request, for the health body that it is addressed to. No clock stops.
pub async fn acknowledge_advice_request(store: &Store, cx: CallContext, id: AdviceRequestId) -> Result<AdviceRequest, Trouble> {
    let acknowledged = store.transaction(move |tx| {
        let body = cx.organisation();
        let Some(request) = addressed(tx, id, body)? else {
            return Ok(tx.refuse_unknown(unknown(id, DataClass::AdviceRequest, body), &cx)?.map_err(Trouble::from));
        };
        let request = match request.acknowledge(cx.instants.now()) {
            Ok(acknowledged) => acknowledged,
            Err(submitted) => return Ok(Err(submitted.into())),
        };
        let saved = tx.permitted(Ask::advice_request(&request, body), &cx, |tx, permit| {
            tx.acknowledge_advice(permit, &request, &cx.by)?;
            confirm_identifiers(tx, &cx, &request)
        })?;
        Ok(saved.map(|()| request).map_err(Trouble::from))
    });
    acknowledged.await?
}

/// Submits the advice, for the health body that the request is addressed to.
pub async fn submit_advice(store: &Store, cx: CallContext, id: AdviceRequestId, advice: Advice) -> Result<AdviceRequest, Trouble> {
    let submitted = store.transaction(move |tx| {
        let body = cx.organisation();
        let Some(request) = addressed(tx, id, body)? else {
            return Ok(tx.refuse_unknown(unknown(id, DataClass::HealthAdvice, body), &cx)?.map_err(Trouble::from));
        };
        let request = match request.submit(cx.instants.now()) {
            Ok(submitted) => submitted,
            Err(erased) => return Ok(Err(erased.into())),
        };
        let saved = tx.permitted(Ask::advice(&request), &cx, |tx, permit| {
            tx.submit_advice(permit, &request, &advice, &cx.by)?;
            confirm_identifiers(tx, &cx, &request)
        })?;
        Ok(saved.map(|()| request).map_err(Trouble::from))
    });
    submitted.await?
}

/// Pulls the advice, for the council that asked.
pub async fn get_advice(store: &Store, cx: CallContext, id: AdviceRequestId) -> Result<(AdviceRequest, Advice), Trouble> {
    let found = store.transaction(move |tx| {
        let council = cx.organisation();
        let Some(request) = tx.advice_request(id, council)?.filter(|request| request.requested_by == council) else {
            return Ok(tx.refuse_unknown(unknown(id, DataClass::HealthAdvice, council), &cx)?.map_err(Trouble::from));
        };
        let advice = tx.permitted(Ask::advice(&request), &cx, |tx, permit| tx.disclose_advice(permit, &request, &cx.by))?;
        Ok(match advice {
            Ok(Some(advice)) => Ok((request, advice)),
            Ok(None) if request.is_erased() => Err(Kind::Erased.into()),
            Ok(None) => Err(Kind::NotYetAnswered.into()),
            Err(refusal) => Err(refusal.into()),
        })
    });
    found.await?
}

fn in_trouble<T>(decided: Result<T, Refusal>) -> Result<T, Trouble> {
    decided.map_err(Trouble::from)
}

fn contrary(code: IssueCode) -> Trouble {
    Trouble::new(Kind::InvalidValue).fault(Fault::new(code.as_str(), code.message()).field("child").fix(code.fix()))
}

/// States that the request's child is also the one of the council's other identifier. What keeps it from being stated of
/// this child is written down, and shows in no answer.
fn state_other(tx: &mut Tx<'_>, cx: &CallContext, also: &OtherIdentifier, request: &AdviceRequest) -> Result<(), StoreError> {
    let draft = MatchDraft { id: also.id, second: request.child, source: MatchSource::AdviceRequest };
    let ask = Ask::join(cx.organisation()).about(also.id.0);
    let stated = tx.permitted_naming(&also.child, ask, cx, |tx, permit| tx.state_match(permit, draft, request.id.0, &cx.by))?;
    drop(stated);
    Ok(())
}

/// The health body answers for a child that it holds: it confirms what the request says of the child's identifiers.
fn confirm_identifiers(tx: &mut Tx<'_>, cx: &CallContext, request: &AdviceRequest) -> Result<(), StoreError> {
    for stated in tx.matches_stated_by(request.id.0)? {
        if stated.status == MatchStatus::Stated {
            let ask = Ask::join(cx.organisation()).about(stated.id.0).of(stated.second);
            let joined =
                tx.permitted(ask, cx, |tx, permit| tx.decide_match(permit, stated.id, MatchDecision::Join, ACKNOWLEDGED, &cx.by))?;
            drop(joined);
        }
    }
    Ok(())
}

fn addressed(tx: &mut Tx<'_>, id: AdviceRequestId, body: OrganisationCode) -> Result<Option<AdviceRequest>, StoreError> {
    Ok(tx.advice_request(id, body)?.filter(|request| request.addressed_to == body))
}

/// For a request that does not exist, or that the organisation is no party to: both get the same answer and the same
/// audit entry.
fn unknown(id: AdviceRequestId, data: DataClass, organisation: OrganisationCode) -> Ask {
    Ask::disclose(organisation, organisation, Purpose::EhcNeedsAssessment, data).about(id.0)
}
