//! Disputes: while the accuracy of a referral is contested, it is kept but not shared (UK GDPR art 18(1)(a)).

use domain::{Act, Ask, CallContext, DataClass, Dispute, DisputeDraft, DisputeId, NamedChild, OrganisationCode};
use serde::Serialize;
use store::Store;

use crate::idempotency::{Key, Once, once};
use crate::ownership::{end, own_referrals};
use crate::troubles::Trouble;

/// Contests the accuracy of the caller's organisation's own referrals. `view` gets how many they are, and to whom they
/// had been disclosed.
pub async fn open_dispute<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    child: NamedChild,
    draft: DisputeDraft,
    view: impl Fn(u64, Vec<OrganisationCode>) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let ask = Ask::own(Act::Rectify, cx.organisation(), DataClass::WaitingListStatus).about(draft.id.0).losing_nothing();
    let opened = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| {
            let ask = Ask { child: tx.named_child(&child)?, ..ask };
            let opened = tx.permitted(ask, &cx, |tx, permit| {
                let referrals = match own_referrals(tx, &cx, ask, draft.referrals.as_deref())? {
                    Ok(referrals) => referrals,
                    Err(trouble) => return Ok(Err(trouble)),
                };
                let recipients = tx.open_dispute(permit, &draft, &referrals, &cx.by)?;
                Ok(Ok(view(referrals.len() as u64, recipients)))
            })?;
            Ok(opened.map_err(Trouble::from).flatten())
        })
    });
    opened.await?
}

/// Settles a dispute that the caller's organisation opened, so that its referrals are shared again. Doing it again
/// changes nothing.
pub async fn settle_dispute(store: &Store, cx: CallContext, id: DisputeId, reason: String) -> Result<Dispute, Trouble> {
    let settled = store.transaction(move |tx| {
        let child = tx.dispute(id, cx.organisation())?.map(|dispute| Some(dispute.child));
        end(tx, &cx, (Act::Rectify, id.0), child, |tx, permit| tx.settle_dispute(permit, id, &reason, &cx.by))
    });
    Ok(settled.await??)
}
