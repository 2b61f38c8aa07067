//! What is over goes: each hour while the gateway serves, and whenever an operator says so.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::dates::london_day;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::partnerships::Partnership;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Permit, decide};
use domain::retention::{Kept, Periods, Report, ReportLine};
use store::{Journal, Replayed, Store, StoreError};

use uuid::Uuid;

/// The name that the gateway's own deeds have in the log.
const CLIENT: &str = "gateway";

/// How long traffic has the store to itself between two batches.
const PAUSE: Duration = Duration::from_millis(5);

/// Removes what is past its retention, batch by batch, or says what it would remove.
pub async fn run(
    store: &Store,
    periods: &Periods,
    partnership: &Partnership,
    (id, now): (Uuid, DateTime<Utc>),
    dry_run: bool,
) -> Result<Report, StoreError> {
    let today = london_day(now);
    let days = periods.clone();
    let mut lines = store.read(move |tx| tx.past_retention(&days, today)).await?;
    let by = attribution(partnership, Operation::RunRetention, id);
    for line in lines.iter_mut().filter(|_| !dry_run) {
        let (Some(organisation), Some(class)) = (line.organisation, line.kept.data()) else { continue };
        line.expired = 0;
        let Some(permit) = leave_to_erase(partnership, organisation, class, now).map(std::sync::Arc::new) else { continue };
        let (kept, cutoff) = (line.kept, periods.cutoff(line.kept, today));
        loop {
            let (permit, by) = (permit.clone(), by.clone());
            match store.transaction(move |tx| tx.expire(&permit, kept, (cutoff, today), &by)).await? {
                0 => break,
                removed => line.expired += removed,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    lines.extend(reports(store, periods, now, dry_run).await?);
    lines.retain(|line| line.expired + line.held > 0);
    if !dry_run {
        store.transaction(move |tx| tx.forget_expired(today)).await?;
        forget_children(store).await?;
        scrub(store).await;
    }
    Ok(Report { today, dry_run, lines })
}

async fn reports(store: &Store, periods: &Periods, now: DateTime<Utc>, dry_run: bool) -> Result<Option<ReportLine>, StoreError> {
    let kept = Kept::SubmissionReports;
    let before = now - chrono::Duration::days(periods.days(kept).into());
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
    Ok((expired > 0).then_some(ReportLine { organisation: None, kept, expired, held: 0 }))
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

/// Cuts what was deleted off the embedded database's log. Where a reader stands in it, the next run does.
pub async fn scrub(store: &Store) {
    match store.scrub().await {
        Ok(true) => {}
        Ok(false) => tracing::info!("the database's log is in use; it is cut off later"),
        Err(error) => tracing::warn!(%error, "the database's log could not be cut off"),
    }
}

/// Erases again what a restored database brought back, by the journal that was not restored with it.
pub async fn replay(
    store: &Store,
    journal: &Journal,
    partnership: std::sync::Arc<Partnership>,
    (id, now): (Uuid, DateTime<Utc>),
) -> Result<Replayed, StoreError> {
    let by = attribution(&partnership, Operation::ReplayTombstones, id);
    let permit = move |organisation, class| leave_to_erase(&partnership, organisation, class, now);
    let replayed = store.replay_tombstones(journal, permit, by, now).await?;
    for ((organisation, class), rows) in &replayed {
        tracing::warn!(%organisation, %class, rows, "erased again: an older database was put back");
    }
    if !replayed.is_empty() {
        scrub(store).await;
    }
    Ok(replayed)
}

fn attribution(partnership: &Partnership, operation: Operation, id: Uuid) -> Attribution {
    Attribution { client: CLIENT.into(), organisation: partnership.host(), actor: None, operation, request_id: id, resource: None }
}

/// The gateway erases on behalf of the organisation whose records they are.
fn leave_to_erase(partnership: &Partnership, organisation: OrganisationCode, data: DataClass, now: DateTime<Utc>) -> Option<Permit> {
    let ask = Ask {
        act: Act::Erase,
        holder: organisation,
        recipient: organisation,
        purpose: Purpose::CareCoordination,
        data,
        pathways: PathwaySet::EMPTY,
        child: None,
        item: None,
        loses_nothing: false,
    };
    decide(ask, Facts::at(now, partnership, &NOBODY)).ok()
}
