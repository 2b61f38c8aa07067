//! A child's waits: each referral of the child that the caller's organisation may see.

use domain::{Ask, CallContext, NamedChild};
use store::{ListedReferral, Store};

use crate::troubles::{Kind, Trouble};

/// What the caller's organisation may see of a child's referrals, with an audit entry for each provider that holds some.
/// It is empty if no child is named, if nobody holds any, or if nothing is permitted: the caller cannot tell these apart.
pub async fn child_waits(store: &Store, cx: CallContext, child: Option<NamedChild>) -> Result<Vec<ListedReferral>, Trouble> {
    let recipient = cx.organisation();
    let found = store.transaction(move |tx| {
        let ask = Ask::waits(cx.partnership.host(), recipient);
        let Some(child) = child.as_ref().map_or(Ok(None), |child| tx.named_child(child))? else {
            return tx.refuse_waits_not_held(ask, &cx);
        };
        let ask = ask.of(child);
        tx.permitted_each(
            ask,
            &cx,
            |tx| {
                let sealed = tx.referrals_of(child, |holder, claimant| cx.trusts(holder, claimant))?;
                let asks = sealed.holders().map(|(holder, pathways)| Ask::waits(holder, recipient).on(pathways).of(child)).collect();
                Ok((sealed, asks))
            },
            |tx, sealed, permits| {
                if sealed.is_empty() {
                    return tx.refuse_unknown(ask, &cx);
                }
                tx.disclose_listed(&sealed, permits, None, &cx.by).map(Ok)
            },
        )
    });
    Ok(found.await?.unwrap_or_default())
}

/// One referral, by its place. One that is not there and one that is not permitted get the same answer.
pub async fn read_referral(store: &Store, cx: CallContext, place: Option<i64>) -> Result<ListedReferral, Trouble> {
    let recipient = cx.organisation();
    let found = store.transaction(move |tx| {
        let known = place.map_or(Ok(None), |place| tx.referral_place(place))?;
        let Some((place, known)) = place.zip(known) else {
            return tx.refuse_waits_not_held(Ask::waits(cx.partnership.host(), recipient), &cx);
        };
        let ask = Ask::waits(known.holder, recipient).on(known.pathways).of(known.child);
        // Look the records up whatever is decided, so that the time it takes tells nothing.
        let looked_up = tx.permitted_each(
            ask,
            &cx,
            |tx| Ok((tx.referrals_of(known.child, |holder, claimant| cx.trusts(holder, claimant))?, vec![ask])),
            |tx, sealed, permits| Ok(tx.disclose_listed(&sealed, permits, Some(place), &cx.by)?.pop()),
        );
        looked_up.map(Ok)
    });
    found.await?.ok().flatten().ok_or(Trouble::new(Kind::NotFound))
}
