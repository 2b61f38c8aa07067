//! A provider's own list beside what it last published.

use domain::{Ask, CallContext, HeldCount, OrganisationCode, PublishedCount};
use store::Store;

use crate::troubles::Trouble;

/// What an organisation last published on each line, and its own referrals today by the same line and bands. It writes
/// one audit entry. The list is the organisation's own, whoever sends it.
pub async fn reconcile(
    store: &Store,
    cx: CallContext,
    organisation: OrganisationCode,
) -> Result<Vec<(PublishedCount, HeldCount)>, Trouble> {
    let ask = Ask::waits(organisation, organisation);
    let found = store.transaction(move |tx| tx.permitted(ask, &cx, |tx, permit| tx.reconcile(permit, cx.today(), &cx.by)));
    Ok(found.await??)
}
