//! Health advice: six weeks by law, from the day the request was received.

use client::{AdviceRequest, AdviceRequestBody, ClientError};
use domain::{Advice, AdviceKind, AdviceStatus, Duty, OrganisationCode};

use super::{Cast, Telling};
use crate::failures::Failure;

/// A request, its clock and its answer; and none without an agreement, or too early.
pub(super) async fn ask_and_answer(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    telling.did("council-herts asks R1L, a trust in no agreement, for advice about a child")?;
    let refused = ask(cast, cast.stranger_code).await;
    telling.check_refused(&refused, (403, Some("no-agreement")), "nothing flows without an agreement, not even the request")?;

    let request = ask(cast, cast.provider_code).await?;
    telling.did(&format!("council-herts asks RY4; received {}, due {}", cast.stage.today, request.due_on))?;
    telling.check(
        request.due_on == Duty::GiveAdvice.due_on(cast.stage.today),
        "the clock is the law's: six weeks, reg 8(1), and no waiting list touches it",
    )?;

    let early = cast.council.advice(request.id).await;
    telling.check_refused(&early, (409, Some("not-yet-answered")), "there is no advice to pull yet")?;

    let owed = is_owed(cast, &request).await?;
    telling.did("provider-hct lists what it owes, acknowledges the request and answers it")?;
    telling.check(owed, "the request stands on the provider's list of open requests")?;
    let acknowledged = cast.provider.acknowledge_advice(request.id).await?;
    telling.check(
        acknowledged.status == AdviceStatus::Acknowledged && acknowledged.due_on == request.due_on,
        "an acknowledgement does not move the due day",
    )?;
    let advice = advice();
    cast.provider.answer_advice(request.id, &advice).await?;

    let pulled = cast.council.advice(request.id).await?;
    telling.did("council-herts pulls the answer, structured as needs, provision and outcomes")?;
    telling.check(pulled == advice, "the advice arrived as it was written, with nothing re-keyed")?;
    Ok(())
}

async fn ask(cast: &Cast, addressed_to: OrganisationCode) -> Result<AdviceRequest, ClientError> {
    let request = AdviceRequestBody {
        child: cast.child.clone(),
        case_reference: "C-1".into(),
        addressed_to,
        role: "designated-clinical-officer".into(),
        kinds: vec![AdviceKind::SpeechAndLanguage],
        received_on: None,
        receipt_evidence: None,
    };
    cast.council.create_advice_request(&request).await
}

/// Looks through the provider's open requests, page by page.
async fn is_owed(cast: &Cast, request: &AdviceRequest) -> Result<bool, ClientError> {
    let mut after = None;
    loop {
        let page = cast.provider.advice_requests("open", after.as_deref()).await?;
        if page.items.iter().any(|item| item.id == request.id) {
            return Ok(true);
        }
        if page.next.is_none() {
            return Ok(false);
        }
        after = page.next;
    }
}

fn advice() -> Advice {
    Advice {
        needs: "Understands single-step instructions; needs time and visual support to answer.".into(),
        provision: "Weekly direct speech and language therapy for twelve weeks, then a termly review.".into(),
        outcomes: "Follows two-step instructions in class without a prompt by the end of the school year.".into(),
        author_role: "speech-and-language-therapist".into(),
    }
}
