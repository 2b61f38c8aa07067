//! A provider's own list beside what it last published.

use domain::{Ask, CallContext, HeldCount, OrganisationCode, PublishedCount};
use store::Store;

use crate::troubles::Trouble;

/// What an organisation last published of each line, and its own referrals by the same line and bands today, with one
/// entry. It is the organisation's own, whoever sends its list.
pub async fn reconcile(
    store: &Store,
    cx: CallContext,
    organisation: OrganisationCode,
) -> Result<Vec<(PublishedCount, HeldCount)>, Trouble> {
    let ask = Ask::waits(organisation, organisation);
    let found = store.transaction(move |tx| tx.permitted(ask, &cx, |tx, permit| tx.reconcile(permit, cx.today(), &cx.by)));
    Ok(found.await??)
}
