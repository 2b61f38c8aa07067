//! Caldicott overrides: a guardian opens the organisation's records for a disclosure that cannot wait.

use domain::{Ask, CallContext, DataClass, NamedChild, OrganisationCode, Override, OverrideDraft, OverrideId, PathwaySet, Purpose};
use serde::Serialize;
use store::Store;

use crate::idempotency::{Key, Once, once};
use crate::troubles::{Kind, Trouble};

/// An override to make: its child, recipient, purpose and data.
#[derive(Debug, Clone)]
pub struct NewOverride {
    pub child: NamedChild,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    pub draft: OverrideDraft,
}

/// Opens the records of the caller's organisation. The caller has checked that its guardian asks.
pub async fn make_override<V: Serialize + Send + 'static>(
    store: &Store,
    cx: CallContext,
    key: Key,
    new: NewOverride,
    view: impl Fn(Override) -> V + Send + 'static,
) -> Result<Once<V>, Trouble> {
    let NewOverride { child, recipient, purpose, data, pathways, draft } = new;
    let ask = Ask::open_records(cx.organisation(), recipient, purpose, data).on(pathways).about(draft.id.0);
    let made = store.transaction(move |tx| {
        once(tx, &key, &cx, |tx| {
            let Some(child) = tx.reference_of(&child)? else { return Ok(tx.refuse_unknown(ask, &cx)?.map_err(Trouble::from)) };
            let made = tx.permitted_naming(&child, ask, &cx, |tx, permit| tx.make_override(permit, &draft, &cx.by).map(&view))?;
            // The reason may be told, because it depends on no child: no agreement, or the organisation named itself.
            Ok(made.map_err(|_| Kind::NoAgreement.into()))
        })
    });
    made.await?
}

/// Ends an override that the caller's organisation made. Doing it again changes nothing.
pub async fn end_override(store: &Store, cx: CallContext, id: OverrideId) -> Result<Override, Trouble> {
    let ask = Ask::end_override(cx.organisation()).about(id.0);
    let ended = store.transaction(move |tx| match tx.child_of_override(id, cx.organisation())? {
        None => tx.refuse_unknown(ask, &cx),
        Some(child) => tx.permitted(ask.of(child), &cx, |tx, permit| tx.end_override(permit, id, &cx.by)),
    });
    Ok(ended.await??)
}
