//! Restrictions: what keeps a child's records from flowing, whatever a family has permitted.

use domain::{Act, Ask, CallContext, NamedChild, Restriction, RestrictionDraft, RestrictionId};
use serde::Serialize;
use store::Store;

use crate::idempotency::{Key, Once, once};
use crate::troubles::Trouble;

/// Restricts what flows about a child.
pub async fn restrict_child<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    child: NamedChild,
    draft: RestrictionDraft,
    view: impl Fn(Restriction) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let ask = Ask::restrict(Act::Restrict, cx.organisation(), draft.against).about(draft.id.0);
    let set = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| tx.permitted_named(&child, ask, &cx, |tx, permit| tx.restrict(permit, &draft, &cx.by).map(&view)))
    });
    set.await?
}

/// The restrictions on a child that the caller's organisation set; none of a child that is not known.
pub async fn list_restrictions(store: &Store, cx: CallContext, child: NamedChild) -> Result<Vec<Restriction>, Trouble> {
    let found = store.transaction(move |tx| {
        let Some(child) = tx.named_child(&child)? else { return Ok(Ok(Vec::new())) };
        let ask = Ask::restrict(Act::ReadConsents, cx.organisation(), None).of(child);
        tx.permitted(ask, &cx, |tx, permit| tx.own_restrictions(permit, &cx.by))
    });
    Ok(found.await??)
}

/// Lifts a restriction that the caller's organisation set. Doing it again changes nothing.
pub async fn lift_restriction(store: &Store, cx: CallContext, id: RestrictionId, reason: String) -> Result<Restriction, Trouble> {
    let ask = Ask::restrict(Act::LiftRestriction, cx.organisation(), None).about(id.0);
    let lifted = store.transaction(move |tx| match tx.child_of_restriction(id, cx.organisation())? {
        None => tx.refuse_unknown(ask, &cx),
        Some(child) => tx.permitted(ask.of(child), &cx, |tx, permit| tx.lift_restriction(permit, id, &reason, &cx.by)),
    });
    Ok(lifted.await??)
}
