//! Legal holds: what a court or an inquiry may ask for is not erased or moved, and is kept past its retention.

use domain::{Act, Ask, CallContext, DataClass, HoldId, LegalHold, LegalHoldDraft, NamedChild};
use serde::Serialize;
use store::Store;

use crate::idempotency::{Key, Once, once};
use crate::ownership::end;
use crate::troubles::Trouble;

/// Holds what the caller's organisation sent about a child, and what it sends while the hold is in force.
pub async fn set_hold<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    child: NamedChild,
    draft: LegalHoldDraft,
    view: impl Fn(LegalHold) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let ask = Ask::own(Act::Hold, cx.organisation(), DataClass::WaitingListStatus).about(draft.id.0);
    let held = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| tx.permitted_named(&child, ask, &cx, |tx, permit| tx.hold(permit, &draft, &cx.by).map(&view)))
    });
    held.await?
}

/// Releases a hold that the caller's organisation set. Doing it again changes nothing.
pub async fn release_hold(store: &Store, cx: CallContext, id: HoldId, reason: String) -> Result<LegalHold, Trouble> {
    let released = store.transaction(move |tx| {
        let child = tx.child_of_hold(id, cx.organisation())?.map(Some);
        end(tx, &cx, (Act::Hold, id.0), child, |tx, permit| tx.release_hold(permit, id, &reason, &cx.by))
    });
    Ok(released.await??)
}
