//! `POST /v1/consents/{id}/withdrawal`: a family takes its decision back.

use std::sync::Arc;

use actix_web::{post, web};
use domain::agreements::DataClass;
use domain::consents::Consent;
use domain::identifiers::{ChildId, ConsentId};
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::policy::{Act, Ask, Facts, Refusal, decide};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consents::{ConsentView, LONGEST, own_records};
use crate::actors::ActingFor;
use crate::attributions::attribute;
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// Why something that was recorded is taken back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

impl ReasonBody {
    pub(super) fn checked(self) -> Result<String, Problem> {
        checked(self.reason, "reason")
    }
}

/// A text in somebody's own words.
pub(super) fn checked(text: String, field: &'static str) -> Result<String, Problem> {
    if text.trim().is_empty() || text.len() > LONGEST {
        return Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "1 to 2,000 characters").field(field)));
    }
    Ok(text)
}

/// Withdraw a decision
///
/// From the moment this is answered nothing that the decision permitted is disclosed. It can always
/// be done by whoever recorded the decision; doing it again changes nothing.
#[utoipa::path(
    tag = "consents",
    params(("id" = ConsentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Withdrawn", body = ConsentView))
)]
#[post("/v1/consents/{id}/withdrawal")]
pub async fn withdraw_consent(
    caller: Caller,
    actor: ActingFor,
    consent_id: web::Path<String>,
    body: Json<ReasonBody>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    caller.require(Scope::ConsentWrite)?;
    let by = attribute(&caller, Some(actor.0), id, Operation::WithdrawConsent);
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let by = by.about(consent_id.0);
    let reason = body.0.checked()?;
    let (clock, today) = (state.clock.clone(), state.today());
    let partnership = Arc::clone(caller.partnership());
    let withdrawn = state.store.transaction(move |tx| {
        let Some((child, consent)) = tx.consent(consent_id, by.organisation)? else {
            let refusal = Refusal::not_held(Ask { act: Act::WithdrawConsent, ..own_records(by.organisation, None) });
            return tx.leave_refused(&refusal, &by, clock.now()).map(|()| None);
        };
        tx.child_for_withdrawal(child)?;
        let now = clock.now();
        let ask = |data| about(Act::WithdrawConsent, &consent, data, child, by.organisation);
        let facts = tx.child_facts(child, partnership.needs())?;
        let (born, facts) = (facts.born, Facts::at(now, &partnership, &facts));
        let permits: Result<Vec<_>, _> = consent.data.iter().map(|data| decide(ask(*data), facts)).collect();
        match permits {
            Ok(permits) => {
                tx.withdraw_consent(&permits, consent_id, &reason, &by).map(|consent| Some(ConsentView::of(consent, born, today)))
            }
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| None),
        }
    });
    withdrawn.await?.map(web::Json).ok_or(Problem::new(Kind::NotFound))
}

/// What is asked for of a decision that is already recorded.
pub(super) fn about(act: Act, consent: &Consent, data: DataClass, child: ChildId, recorder: OrganisationCode) -> Ask {
    Ask {
        act,
        holder: recorder,
        recipient: consent.recipient,
        purpose: consent.purpose,
        data,
        pathways: consent.pathways,
        child: Some(child),
        item: Some(consent.id.0),
        loses_nothing: false,
    }
}
