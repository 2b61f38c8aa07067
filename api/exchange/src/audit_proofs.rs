//! Proves that the audit log was not changed, from the hashes that it keeps.

use domain::TreeHead;
use store::{Consistency, Inclusion, Store};

use crate::troubles::Trouble;

/// The size and root of the log, with the entries that were waiting to be appended.
pub async fn tree_head_now(store: &Store) -> Result<TreeHead, Trouble> {
    store.append_audit().await?;
    tree_head(store).await
}

/// The size and root of the log as far as it is appended.
pub async fn tree_head(store: &Store) -> Result<TreeHead, Trouble> {
    Ok(store.read(|tx| tx.tree_head()).await?)
}

/// Proves that the entry at an index, from 0, is in the tree of a size. `None` if there is no such tree or entry.
pub async fn prove_inclusion(store: &Store, index: u64, size: u64) -> Result<Option<Inclusion>, Trouble> {
    Ok(store.read(move |tx| tx.inclusion(index, size)).await?)
}

/// Proves that the tree of one size begins with that of another. `None` if there is no such tree.
pub async fn prove_growth(store: &Store, from: u64, to: u64) -> Result<Option<Consistency>, Trouble> {
    Ok(store.read(move |tx| tx.consistency(from, to)).await?)
}
