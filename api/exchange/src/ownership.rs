//! What the operations on an organisation's own records share: how something that it began is ended.

use domain::agreements::DataClass;
use domain::calls::Context;
use domain::identifiers::ChildId;
use domain::policy::{Act, Ask, Permit};
use store::{Decided, StoreError, Tx};
use uuid::Uuid;

/// Ends what the caller's organisation began. `child` says about whom it was begun, and nothing where the organisation
/// began no such thing; `finish` answers how it stands then. No legal hold stands against it.
pub(crate) fn end<T>(
    tx: &mut Tx<'_>,
    cx: &Context,
    (act, item): (Act, Uuid),
    child: Option<Option<ChildId>>,
    finish: impl FnOnce(&mut Tx<'_>, &Permit) -> Result<T, StoreError>,
) -> Decided<T> {
    let ask = Ask::own(act, cx.organisation(), DataClass::WaitingListStatus).about(item).losing_nothing();
    match child {
        None => tx.refuse_unknown(ask, cx),
        Some(child) => tx.permitted(Ask { child, ..ask }, cx, finish),
    }
}
