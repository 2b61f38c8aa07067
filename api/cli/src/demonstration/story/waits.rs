//! One child's waits: hidden until the family says yes, hidden again once they take it back.

use client::{ChildKey, ConsentBody};
use domain::{ConsentDecision, ConsentId, ConsentStanding, DataClass, DecidedBy, KnownBy, Pathway, PathwaySet, Purpose};

use super::{Cast, Telling};
use crate::failures::Failure;

const NOT_FOUND: u16 = 404;

/// Without the family's consent the council sees nothing, not even whether the child is held.
pub(super) async fn ask_without_consent(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let child = cast.council.search_child(&cast.child).await?;
    take_back_leftovers(cast, &child).await?;
    telling.did("council-herts, for its coordinator kt-204, names a child and asks for the waits")?;
    let waits = cast.council.waits(&child).await;
    telling.check_refused(&waits, (NOT_FOUND, None), "no consent is in force; the answer is that of a child who is not held")?;
    Ok(())
}

/// With consent, the whole wait is shown: in the present stage, and since the first referral.
pub(super) async fn ask_with_consent(cast: &Cast, telling: &mut Telling<'_>) -> Result<ConsentId, Failure> {
    let consent = cast.council.record_consent(&permission(cast)).await?;
    telling.did("council-herts records the parent's permission: autism, to the council, for care co-ordination")?;
    let child = cast.council.search_child(&cast.child).await?;
    let waits = cast.council.waits(&child).await?;
    for wait in &waits.waits {
        let stage = wait.stage.map_or("no stage", |stage| stage.as_str());
        let (stage_wait, journey) = (&wait.stage_wait, &wait.journey_wait);
        telling.did(&format!(
            "{} at {}, {stage}: {} days ({} weeks) in this stage",
            wait.pathway, wait.provider, stage_wait.days, stage_wait.weeks
        ))?;
        telling
            .did(&format!("  {} days ({} weeks) since the first referral, known by {}", journey.days, journey.weeks, journey.known_by))?;
    }
    let story = cast.stage.county.story();
    let autism = waits.waits.iter().find(|wait| wait.pathway == Pathway::Autism && wait.provider.as_str() == story.provider);
    let is_whole = autism.is_some_and(|wait| {
        (wait.stage_wait.days, wait.journey_wait.days) == (story.stage_days, story.journey_days)
            && wait.journey_wait.known_by == KnownBy::LinkedReferral
    });
    telling.check(is_whole, "the journey is longer than the stage: a change of provider did not start the wait anew")?;
    telling
        .check(waits.waits.iter().all(|wait| wait.pathway == Pathway::Autism), "nothing is shown beyond the pathway that was permitted")?;
    Ok(consent.id)
}

/// A withdrawal takes effect as soon as it is answered.
pub(super) async fn withdraw(cast: &Cast, consent: Option<ConsentId>, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let consent = consent.ok_or_else(|| Failure::Other("there is no decision to take back".into()))?;
    let child = cast.council.search_child(&cast.child).await?;
    cast.council.withdraw_consent(consent, "the parent changed their mind").await?;
    telling.did("council-herts records that the parent took it back, and asks again at once")?;
    let waits = cast.council.waits(&child).await;
    telling.check_refused(&waits, (NOT_FOUND, None), "consent counts at the moment of the read")?;
    Ok(())
}

/// An earlier run that broke off may have left its permission in force.
async fn take_back_leftovers(cast: &Cast, child: &ChildKey) -> Result<(), Failure> {
    let recorded = cast.council.consents(child).await?;
    for consent in recorded.items.iter().filter(|consent| consent.standing == ConsentStanding::InForce) {
        cast.council.withdraw_consent(consent.id, "an earlier demonstration was broken off").await?;
    }
    Ok(())
}

fn permission(cast: &Cast) -> ConsentBody {
    ConsentBody {
        child: cast.child.clone(),
        decision: ConsentDecision::Permit,
        purpose: Purpose::CareCoordination,
        data: vec![DataClass::WaitingListStatus],
        pathways: PathwaySet::from(Pathway::Autism),
        recipient: cast.council_code,
        decided_by: DecidedBy::Parent,
        evidence: "signed form, scanned".into(),
        valid_from: cast.stage.today,
        valid_to: None,
    }
}
