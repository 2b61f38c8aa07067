//! Who saw what about a child.

use domain::{Ask, CallContext, ChildLog, NamedChild};
use store::{PageAfter, Store};

use crate::troubles::Trouble;

/// Up to `most` audit entries about a child, after a row. The reading itself is entered in the log. A child that is not
/// held has none; a call without a child is refused.
pub async fn read_access_report(
    store: &Store,
    cx: CallContext,
    child: Option<NamedChild>,
    after: i64,
    most: usize,
) -> Result<ChildLog, Trouble> {
    let ask = Ask::read_disclosures(cx.partnership.host(), cx.organisation());
    let found = store.transaction(move |tx| {
        let Some(child) = &child else { return tx.refuse_unknown(ask, &cx) };
        let ask = tx.named_child(child)?.map_or(ask, |child| ask.of(child));
        tx.permitted(ask, &cx, |tx, permit| tx.child_log(permit, PageAfter { after, limit: most }, cx.partnership.needs(), &cx.by))
    });
    Ok(found.await??)
}
