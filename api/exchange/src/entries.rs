//! Waiting lists: a provider's own, or another's where an agreement and each family let it be seen.

use domain::{Ask, CallContext, OrganisationCode, Refusal};
use store::{ListedReferral, Store};

use crate::troubles::Trouble;

/// Whose entries, and which.
#[derive(Debug, Clone)]
pub struct EntryChoice {
    pub holder: OrganisationCode,
    /// Every list where it is left out.
    pub list: Option<String>,
    /// The cursor of the last entry before; 0 for the first page.
    pub after: i64,
    /// How many at the most.
    pub most: i64,
}

/// The entries that the caller's organisation may see: one audit entry for a page of its own, one for each entry of
/// another's, one refusal where nothing of another's is shown.
pub async fn list_entries(store: &Store, cx: CallContext, choice: EntryChoice) -> Result<Vec<ListedReferral>, Trouble> {
    let EntryChoice { holder, list, after, most } = choice;
    let ask = Ask::waits(holder, cx.organisation());
    let found = store.transaction(move |tx| {
        if holder == cx.organisation() {
            return tx.permitted(ask, &cx, |tx, permit| tx.own_referrals(permit, list.as_deref(), after, most, &cx.by));
        }
        if let Err(refusal) = tx.agreed(ask, &cx)? {
            return Ok(Err(refusal));
        }
        // Of all that was refused, what came nearest is told of, and only where nothing was shown.
        let mut nearest = Refusal::not_held(ask);
        let note = |refusal: Refusal| {
            if refusal.reason() >= nearest.reason() {
                nearest = refusal.of_all(ask);
            }
        };
        let page = (after, usize::try_from(most).unwrap_or(usize::MAX));
        let found = tx.permitted_referrals(ask, &cx, list.as_deref(), page, note)?;
        if found.is_empty() {
            // The caller sees an empty list, whatever the reason.
            let _ = tx.refuse::<()>(nearest, &cx)?;
        }
        Ok(Ok(found))
    });
    Ok(found.await??)
}
