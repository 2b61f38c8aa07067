//! A council's own EHC cases.

use domain::{Ask, CallContext, CaseId, DataClass, NamedChild, Purpose};
use store::{HeldCase, Store};

use crate::troubles::Trouble;

/// Up to `most` cases that the caller's organisation sent, after a cursor. It writes one audit entry.
pub async fn list_cases(store: &Store, cx: CallContext, after: i64, most: i64) -> Result<Vec<HeldCase>, Trouble> {
    let ask = own(&cx);
    let found = store.transaction(move |tx| tx.permitted(ask, &cx, |tx, permit| tx.own_cases(permit, after, most, &cx.by)));
    Ok(found.await??)
}

/// One case that the caller's organisation sent, and whom it is about.
pub async fn read_case(store: &Store, cx: CallContext, id: CaseId) -> Result<(HeldCase, NamedChild), Trouble> {
    let (ask, cx) = (own(&cx), cx.about(id.0));
    let found = store.transaction(move |tx| match tx.child_of_case(id, cx.organisation())? {
        None => tx.refuse_unknown(ask, &cx),
        Some(child) => tx.permitted(ask.of(child).about(id.0), &cx, |tx, permit| tx.own_case(permit, id, &cx.by)),
    });
    Ok(found.await??)
}

fn own(cx: &CallContext) -> Ask {
    Ask::disclose(cx.organisation(), cx.organisation(), Purpose::EhcNeedsAssessment, DataClass::EhcpStatus)
}
