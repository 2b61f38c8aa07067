//! Families' decisions: recorded, read back, withdrawn, and reviewed by a person if they need it.

use chrono::NaiveDate;
use domain::{
    Act, Ask, CallContext, ChildReference, Consent, ConsentDraft, ConsentId, ConsentStanding, DataClass, NamedChild, NotAnObjection,
    OrganisationCode, PathwaySet, Purpose, ReviewCause, ReviewOutcome,
};
use serde::Serialize;
use store::{PageAfter, Store, StoreError};

use crate::idempotency::{Key, Once, once};
use crate::troubles::{Kind, Trouble};

/// A decision to record: its child, recipient, purpose and data.
#[derive(Debug, Clone)]
pub struct NewConsent {
    pub child: ChildReference,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    /// At least one class, each once.
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub draft: ConsentDraft,
}

/// A recorded decision, and its standing on the day of the call.
#[derive(Debug)]
pub struct RecordedConsent {
    pub consent: Consent,
    pub standing: ConsentStanding,
}

impl RecordedConsent {
    fn of(consent: Consent, born: NaiveDate, cx: &CallContext) -> Self {
        Self { standing: consent.standing(Some(born), cx.today()), consent }
    }
}

/// A recorded decision that a person has to look at.
#[derive(Debug)]
pub struct WaitingConsent {
    pub because: ReviewCause,
    pub child: NamedChild,
    pub recorded: RecordedConsent,
}

/// Asks to do something with the decisions that an organisation recorded.
fn own(act: Act, cx: &CallContext) -> Ask {
    Ask::own(act, cx.organisation(), DataClass::WaitingListStatus)
}

/// Records a decision about all of its classes of data, or none. Each class writes an audit entry.
pub async fn record_consent<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    new: NewConsent,
    view: impl Fn(RecordedConsent) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let NewConsent { child, recipient, purpose, data, pathways, draft } = new;
    let ask = |data: &DataClass| Ask::record(draft.decision, cx.organisation(), recipient, purpose, *data).on(pathways).about(draft.id.0);
    let asks: Vec<_> = data.iter().map(ask).collect();
    let recorded = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| {
            tx.permitted_all_naming(&child, &asks, &cx, |tx, permits| {
                let consent = tx.record_consent(permits, &draft, &cx.by)?;
                Ok(view(RecordedConsent::of(consent, child.date_of_birth, &cx)))
            })
        })
    });
    recorded.await?
}

/// A decision that the caller's organisation recorded.
pub async fn get_consent(store: &Store, cx: CallContext, id: ConsentId) -> Result<RecordedConsent, Trouble> {
    let cx = cx.about(id.0);
    let found = store.transaction(move |tx| {
        let Some((child, _)) = tx.consent(id, cx.organisation())? else { return tx.refuse_unknown(own(Act::ReadConsents, &cx), &cx) };
        tx.permitted(own(Act::ReadConsents, &cx).of(child), &cx, |tx, permit| {
            let born = tx.born(child)?;
            let recorded = tx.recorded_consents(permit, &cx.by)?;
            Ok(recorded.into_iter().find(|consent| consent.id == id).map(|consent| RecordedConsent::of(consent, born, &cx)))
        })
    });
    found.await??.ok_or_else(|| Kind::NotFound.into())
}

/// The decisions about a child that the caller's organisation recorded; none of a child that is not known.
pub async fn list_consents(store: &Store, cx: CallContext, child: Option<NamedChild>) -> Result<Vec<RecordedConsent>, Trouble> {
    let found = store.transaction(move |tx| {
        let ask = own(Act::ReadConsents, &cx);
        let Some(child) = &child else { return tx.refuse_unknown(ask, &cx) };
        let Some(known) = tx.named_child(child)? else { return tx.refuse_unknown(ask, &cx) };
        tx.permitted(ask.of(known), &cx, |tx, permit| {
            let recorded = tx.recorded_consents(permit, &cx.by)?;
            Ok(recorded.into_iter().map(|consent| RecordedConsent::of(consent, child.date_of_birth(), &cx)).collect())
        })
    });
    Ok(found.await?.unwrap_or_default())
}

/// Withdraws a decision of the caller's organisation. Each class of data that it is about writes an audit entry. Doing it
/// again changes nothing.
pub async fn withdraw_consent(store: &Store, cx: CallContext, id: ConsentId, reason: String) -> Result<RecordedConsent, Trouble> {
    let withdrawn = store.transaction(move |tx| {
        let Some((child, consent)) = tx.consent(id, cx.organisation())? else {
            return tx.refuse_unknown(own(Act::WithdrawConsent, &cx).about(id.0), &cx);
        };
        let ask = |data: &DataClass| Ask::about_decision(Act::WithdrawConsent, cx.organisation(), &consent, *data).of(child);
        let asks: Vec<_> = consent.data.iter().map(ask).collect();
        tx.permitted_all(&asks, &cx, |tx, permits| {
            let withdrawn = tx.withdraw_consent(permits, id, &reason, &cx.by)?;
            Ok(RecordedConsent::of(withdrawn, tx.born(child)?, &cx))
        })
    });
    Ok(withdrawn.await??)
}

/// A page of the decisions of the caller's organisation that wait for a person. It writes one audit entry.
pub async fn list_reviews(store: &Store, cx: CallContext, after: Option<ConsentId>, limit: usize) -> Result<Vec<WaitingConsent>, Trouble> {
    let found = store.transaction(move |tx| {
        let because =
            |child: &NamedChild, consent: &Consent| consent.waits_because(child.date_of_birth(), cx.partnership.agreements(), cx.today());
        tx.permitted(own(Act::ReadConsents, &cx), &cx, |tx, permit| {
            let found =
                tx.standing_consents(permit, PageAfter { after, limit }, &cx.by, |child, consent| because(child, consent).is_some())?;
            let waiting = found.into_iter().filter_map(|(child, consent)| {
                let because = because(&child, &consent)?;
                Some(WaitingConsent { because, recorded: RecordedConsent::of(consent, child.date_of_birth(), &cx), child })
            });
            Ok(waiting.collect())
        })
    });
    Ok(found.await??)
}

/// Records what a person found about an objection that the caller's organisation recorded. A later finding replaces it.
pub async fn review_objection(
    store: &Store,
    cx: CallContext,
    id: ConsentId,
    outcome: ReviewOutcome,
    reason: String,
) -> Result<RecordedConsent, Trouble> {
    let reviewed = store.transaction(move |tx| {
        let Some((child, consent)) = tx.consent(id, cx.organisation())? else {
            return tx.refuse_unknown(own(Act::ReviewObjection, &cx).about(id.0), &cx);
        };
        // The whole decision is reviewed. Its first class of data is enough to ask with.
        let data = consent.data.first().ok_or(StoreError::Corrupt("a decision about no data"))?;
        let ask = Ask::about_decision(Act::ReviewObjection, cx.organisation(), &consent, *data).of(child);
        tx.permitted(ask, &cx, |tx, permit| match tx.review_objection(permit, id, outcome, &reason, &cx.by)? {
            Ok(reviewed) => Ok(Ok(RecordedConsent::of(reviewed, tx.born(child)?, &cx))),
            Err(NotAnObjection) => Ok(Err(Kind::WrongStatus.into())),
        })
    });
    reviewed.await??
}
