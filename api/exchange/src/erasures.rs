//! Erasures: an organisation erases what it sent about a child (UK GDPR art 17).

use domain::{Act, Ask, CallContext, DataClass, Erased, Erasure, ErasureDraft, ErasureId, NamedChild};
use serde::Serialize;
use store::{Journal, Store};

use crate::idempotency::{Key, Once, once};
use crate::ownership::end;
use crate::retention::scrub;
use crate::troubles::Trouble;

/// Erases what the caller's organisation sent about a child: all the classes of data that the draft names, or none. Even
/// a repeated call is answered only once the marks are in the journal, so that a restored database is erased again.
pub async fn erase<V: Serialize + Send + 'static>(
    store: &Store,
    journal: &Journal,
    cx: CallContext,
    key: Key,
    child: NamedChild,
    draft: ErasureDraft,
    view: impl Fn(Erased) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let ask = Ask::own(Act::Erase, cx.organisation(), DataClass::WaitingListStatus).about(draft.id.0);
    let erased = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| {
            let Some(child) = tx.reference_of(&child)? else { return tx.refuse_unknown(ask, &cx) };
            let known = tx.known_child(&child)?;
            let asks: Vec<_> = draft.data.iter().map(|data| Ask { child: known, ..ask.with(*data) }).collect();
            tx.permitted_all(&asks, &cx, |tx, permits| tx.erase(permits, &child, &draft, &cx.by).map(&view))
        })
    });
    let erased = erased.await??;
    store.journal_tombstones(journal).await?;
    if matches!(erased, Once::Made(_)) {
        scrub(store).await;
    }
    Ok(erased)
}

/// Lets records that an erasure of the caller's organisation removed be sent again. Doing it again changes nothing.
pub async fn lift_erasure(store: &Store, journal: &Journal, cx: CallContext, id: ErasureId, reason: String) -> Result<Erasure, Trouble> {
    let lifted = store.transaction(move |tx| {
        let child = tx.erasure(id, cx.organisation())?.map(|erasure| erasure.child);
        end(tx, &cx, (Act::Erase, id.0), child, |tx, permit| tx.lift_erasure(permit, id, &reason, &cx.by))
    });
    let lifted = lifted.await??;
    store.journal_tombstones(journal).await?;
    Ok(lifted)
}
