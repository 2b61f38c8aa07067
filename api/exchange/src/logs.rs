//! Maintains the audit log: appends waiting entries, and empties those past their retention.

use std::time::Duration;

use store::{LogLimits, Store};

use crate::troubles::Trouble;

/// How many entries are emptied in one transaction.
const PRUNED_AT_ONCE: i64 = 1_000;

/// How long other work has the store to itself between two of these transactions.
const PAUSE: Duration = Duration::from_millis(100);

/// Appends the audit entries that wait, unless another gateway is doing so.
pub async fn append_audit(store: &Store) -> Result<(), Trouble> {
    while store.append_audit().await? {}
    Ok(())
}

/// Checks whether too many audit entries wait. While they do, nothing may be done that would add one.
pub async fn watch_backlog(store: &Store, limits: LogLimits) -> Result<(), Trouble> {
    store.watch_backlog(limits).await?;
    Ok(())
}

/// Empties the audit entries that are past their retention, in batches.
pub async fn prune_audit(store: &Store) -> Result<(), Trouble> {
    while store.prune_audit(PRUNED_AT_ONCE).await? > 0 {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether requests can be served: a transaction commits, and the audit log takes more entries.
pub async fn check_ready(store: &Store) -> Result<(), Trouble> {
    Ok(store.transaction(|_| Ok(())).await?)
}
