//! Rectifications: referrals that were sent under another child's identity are moved to their own (UK GDPR art 16).

use domain::{Act, Ask, CallContext, DataClass, NamedChild, OrganisationCode, RectificationDraft};
use serde::Serialize;
use store::{Journal, Store, StoreError, Tx};

use crate::idempotency::{Key, Once, once};
use crate::ownership::own_referrals;
use crate::troubles::Trouble;

/// Moves the caller's organisation's own referrals to the child that they are about. `view` gets to whom they had been
/// disclosed under the wrong one. Even a repeated call is answered only once the marks are in the journal.
pub async fn rectify<V: Serialize + Send + 'static>(
    store: &Store,
    journal: &Journal,
    cx: CallContext,
    key: Key,
    from: NamedChild,
    draft: RectificationDraft,
    view: impl Fn(Vec<OrganisationCode>) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let moved = store.transaction(move |tx| once(tx, &key, &cx, |tx| Ok(move_referrals(tx, &cx, &from, &draft)?.map(&view))));
    let moved = moved.await??;
    store.journal_tombstones(journal).await?;
    Ok(moved)
}

/// Moves the referrals if that is permitted for both children. Returns to whom they had been disclosed.
fn move_referrals(
    tx: &mut Tx<'_>,
    cx: &CallContext,
    from: &NamedChild,
    draft: &RectificationDraft,
) -> Result<Result<Vec<OrganisationCode>, Trouble>, StoreError> {
    let ask = Ask::own(Act::Rectify, cx.organisation(), DataClass::WaitingListStatus).about(draft.id.0);
    let former = tx.reference_of(from)?;
    let both: Vec<_> = former.as_deref().into_iter().chain([&draft.to]).collect();
    tx.hold_together(&both)?;
    let of_former = Ask { child: tx.named_child(from)?, ..ask };
    let moved = tx.permitted(of_former, cx, |tx, from| {
        if let Err(trouble) = own_referrals(tx, cx, of_former, Some(&draft.referrals))? {
            return Ok(Err(trouble));
        }
        let moved = tx.permitted_naming(&draft.to, ask, cx, |tx, to| tx.rectify((from, to), draft, &cx.by))?;
        Ok(moved.map_err(Trouble::from))
    })?;
    Ok(moved.map_err(Trouble::from).flatten())
}
