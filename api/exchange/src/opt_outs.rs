//! National Data Opt-outs, as a partner's system fetched them from the Spine.

use chrono::NaiveDate;
use domain::{Ask, CallContext, NhsNumber, OptOutList};
use store::Store;

use crate::troubles::{Kind, Trouble};

/// Replaces the list of the caller's organisation by these numbers, each once, unless a later list is held.
pub async fn load_opt_outs(store: &Store, cx: CallContext, as_of: NaiveDate, numbers: Vec<NhsNumber>) -> Result<OptOutList, Trouble> {
    let ask = Ask::load_opt_outs(cx.organisation());
    let loaded = store.transaction(move |tx| {
        let list = OptOutList { organisation: cx.organisation(), as_of, numbers: i64::try_from(numbers.len()).unwrap_or(i64::MAX) };
        tx.permitted(ask, &cx, |tx, permit| {
            let is_held = tx.replace_opt_outs(permit, &list, &numbers, &cx.by)?;
            Ok(is_held.then_some(list))
        })
    });
    loaded.await??.ok_or_else(|| Kind::OlderAsOf.into())
}

/// The lists that the caller's organisation may know of: every list for the host of the area, its own for any other.
pub async fn list_opt_outs(store: &Store, cx: CallContext) -> Result<Vec<OptOutList>, Trouble> {
    let mut lists = store.read(|tx| tx.opt_out_lists()).await?;
    let organisation = cx.organisation();
    lists.retain(|list| organisation == cx.partnership.host() || list.organisation == organisation);
    Ok(lists)
}
