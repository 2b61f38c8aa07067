//! AuditCheck after the audit log: what waits is appended, what is past its retention is emptied.

use std::time::Duration;

use domain::TreeHead;
use store::{LogLimits, Store};

use crate::troubles::Trouble;

/// Entries that are emptied in one transaction.
const PRUNED_AT_ONCE: i64 = 1_000;

/// How long traffic has the store to itself between two of these transactions.
const PAUSE: Duration = Duration::from_millis(100);

/// Appends the audit entries that wait. Where another gateway is at it, nothing is done.
pub async fn append_audit(store: &Store) -> Result<(), Trouble> {
    while store.append_audit().await? {}
    Ok(())
}

/// Looks whether too many audit entries wait; while they do, nothing is done that would leave another.
pub async fn watch_backlog(store: &Store, limits: LogLimits) -> Result<(), Trouble> {
    store.watch_backlog(limits).await?;
    Ok(())
}

/// Empties the audit entries that are past their retention, some at a time.
pub async fn prune_audit(store: &Store) -> Result<(), Trouble> {
    while store.prune_audit(PRUNED_AT_ONCE).await? > 0 {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The size and the root of the audit log, as far as it is appended.
pub async fn audit_head(store: &Store) -> Result<TreeHead, Trouble> {
    Ok(store.read(|tx| tx.tree_head()).await?)
}

/// Whether requests can be served: a transaction commits, and the audit log takes more entries.
pub async fn check_ready(store: &Store) -> Result<(), Trouble> {
    Ok(store.transaction(|_| Ok(())).await?)
}
