//! Shared by the operations on an organisation's own records: how to end something that it began, and which referrals it
//! may name.

use domain::{Act, Ask, CallContext, ChildId, DataClass, Permit};
use store::{Decided, StoreError, Tx};
use uuid::Uuid;

use crate::troubles::{Fault, Kind, Trouble};

/// Ends what the caller's organisation began. `child` is the child that it is about, or `None` if the organisation began
/// no such thing. `finish` returns its new state. No legal hold prevents this.
pub(crate) fn end<T>(
    tx: &mut Tx<'_>,
    cx: &CallContext,
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

/// The named referrals, or all, that the caller's organisation holds for the child in the ask. One that it does not hold,
/// or names twice, is refused as unknown, and the answer says which.
pub(crate) fn own_referrals(
    tx: &mut Tx<'_>,
    cx: &CallContext,
    ask: Ask,
    named: Option<&[String]>,
) -> Result<Result<Vec<String>, Trouble>, StoreError> {
    let held = ask.child.map_or(Ok(Vec::new()), |child| tx.held_referrals(ask.holder, child))?;
    let named = named.map_or_else(|| held.clone(), <[String]>::to_vec);
    let wrong = (0..named.len()).filter(|at| !held.contains(&named[*at]) || named[..*at].contains(&named[*at]));
    let mut faults: Vec<_> = wrong
        .map(|at| {
            let message = "no referral of the organisation's for this child, or named twice";
            Fault::new("invalid-value", message).field(format!("referrals[{at}]"))
        })
        .collect();
    if named.is_empty() {
        faults.push(Fault::new("invalid-value", "no referral is named").field("referrals"));
    }
    if faults.is_empty() {
        return Ok(Ok(named));
    }
    Ok(tx.refuse_unknown(ask, cx)?.map_err(|_| Trouble::new(Kind::InvalidValue).with_faults(faults)))
}
