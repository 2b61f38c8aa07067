//! Waiting lists: a provider's own, or another's if an agreement and each family allow it.

use domain::{Ask, CallContext, OrganisationCode, Refusal};
use store::{ListedReferral, PageAfter, Store};

use crate::troubles::Trouble;

/// Whose entries, and which.
#[derive(Debug, Clone)]
pub struct EntryChoice {
    pub holder: OrganisationCode,
    /// All lists if left out.
    pub list: Option<String>,
    /// The cursor of the last entry already shown; 0 for the first page.
    pub after: i64,
    /// The most entries to show.
    pub most: i64,
}

/// The entries that the caller's organisation may see. A page of its own writes one audit entry. Of another's, each entry
/// writes one; if none is shown, there is one refusal.
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
        // Write only the refusal that came nearest to being permitted, and only if nothing was shown.
        let mut nearest = Refusal::not_held(ask);
        let note = |refusal: Refusal| {
            if refusal.reason() >= nearest.reason() {
                nearest = refusal.of_all(ask);
            }
        };
        let page = PageAfter { after, limit: usize::try_from(most).unwrap_or(usize::MAX) };
        let found = tx.permitted_referrals(ask, &cx, list.as_deref(), page, note)?;
        if found.is_empty() {
            // The caller sees an empty list, whatever the reason.
            let _ = tx.refuse::<()>(nearest, &cx)?;
        }
        Ok(Ok(found))
    });
    Ok(found.await??)
}
