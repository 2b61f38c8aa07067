//! Deletes records past their retention, each hour while the gateway runs and whenever an operator asks. Erases again
//! what an older database brings back.

use std::time::Duration;

use chrono::NaiveDate;
use domain::{Act, Ask, CallContext, RetentionClass, RetentionLine, RetentionPeriods, RetentionReport};
use store::{Journal, Store, StoreError};

/// How long other work has the store to itself between two batches.
const PAUSE: Duration = Duration::from_millis(5);

/// Deletes records past their retention, batch by batch, or says what it would delete.
pub async fn run_retention(
    store: &Store,
    cx: CallContext,
    periods: &RetentionPeriods,
    dry_run: bool,
) -> Result<RetentionReport, StoreError> {
    let today = cx.today();
    let days = periods.clone();
    let mut lines = store.read(move |tx| tx.past_retention(&days, today)).await?;
    for line in lines.iter_mut().filter(|_| !dry_run) {
        let (Some(organisation), Some(class)) = (line.organisation, line.kept.data()) else { continue };
        let ask = Ask::own(Act::Erase, organisation, class);
        line.expired = expire(store, &cx, ask, line.kept, periods.cutoff(line.kept, today)).await?;
    }
    lines.extend(reports(store, &cx, periods, dry_run).await?);
    lines.retain(|line| line.expired + line.held > 0);
    if !dry_run {
        store.transaction(move |tx| tx.forget_expired(today)).await?;
        forget_children(store).await?;
        scrub(store).await;
    }
    Ok(RetentionReport { today, dry_run, lines })
}

/// Deletes an organisation's rows of one class, on its behalf, and returns how many. Those under a legal hold stay.
async fn expire(store: &Store, cx: &CallContext, ask: Ask, kept: RetentionClass, cutoff: NaiveDate) -> Result<u64, StoreError> {
    let mut expired = 0;
    loop {
        let cx = cx.clone();
        let removed =
            store.transaction(move |tx| tx.permitted(ask, &cx, |tx, permit| tx.expire(permit, kept, (cutoff, cx.today()), &cx.by)));
        match removed.await? {
            Ok(0) | Err(_) => return Ok(expired),
            Ok(removed) => expired += removed,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn reports(store: &Store, cx: &CallContext, periods: &RetentionPeriods, dry_run: bool) -> Result<Option<RetentionLine>, StoreError> {
    let kept = RetentionClass::SubmissionReports;
    let before = cx.now - chrono::Duration::days(periods.days(kept).into());
    let mut expired = 0;
    if dry_run {
        expired = store.read(move |tx| tx.old_reports(before)).await?;
    } else {
        loop {
            match store.transaction(move |tx| tx.expire_reports(before)).await? {
                0 => break,
                removed => expired += removed,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok((expired > 0).then_some(RetentionLine { organisation: None, kept, expired, held: 0 }))
}

async fn forget_children(store: &Store) -> Result<(), StoreError> {
    let mut after = Some(0);
    while let Some(from) = after {
        let (orphans, next) = store.read(move |tx| tx.orphans(from)).await?;
        if !orphans.is_empty() {
            store.transaction(move |tx| tx.forget_children(&orphans)).await?;
        }
        after = next;
    }
    Ok(())
}

/// Removes what was deleted from the embedded database's log. If a reader is using the log, the next run does it.
pub(crate) async fn scrub(store: &Store) {
    match store.scrub().await {
        Ok(true) => {}
        Ok(false) => tracing::info!("the database's log is in use; it is cut off later"),
        Err(error) => tracing::warn!(%error, "the database's log could not be cut off"),
    }
}

/// Erases again what a restored database brought back, by the journal, which was not restored with it.
pub async fn replay_tombstones(store: &Store, journal: &Journal, cx: CallContext) -> Result<(), StoreError> {
    let replayed = store.replay_tombstones(journal, cx).await?;
    for ((organisation, class), rows) in &replayed {
        tracing::warn!(%organisation, %class, rows, "erased again: an older database was put back");
    }
    if !replayed.is_empty() {
        scrub(store).await;
    }
    Ok(())
}
