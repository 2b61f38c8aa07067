//! That the audit log is what it was, proved from the hashes that it keeps.

use domain::TreeHead;
use store::{Consistency, Inclusion, Store};

use crate::troubles::Trouble;

/// The log with what happened a moment ago, which is appended now rather than within the second.
pub async fn tree_head_now(store: &Store) -> Result<TreeHead, Trouble> {
    store.append_audit().await?;
    tree_head(store).await
}

/// The log as far as it is appended.
pub async fn tree_head(store: &Store) -> Result<TreeHead, Trouble> {
    Ok(store.read(|tx| tx.tree_head()).await?)
}

/// The proof that the entry at an index, from 0, is in the tree of a size. None where the tree is not that large, or does
/// not have it.
pub async fn prove_inclusion(store: &Store, index: u64, size: u64) -> Result<Option<Inclusion>, Trouble> {
    Ok(store.read(move |tx| tx.inclusion(index, size)).await?)
}

/// The proof that the tree of a size begins with that of another. None where there is no such tree.
pub async fn prove_growth(store: &Store, from: u64, to: u64) -> Result<Option<Consistency>, Trouble> {
    Ok(store.read(move |tx| tx.consistency(from, to)).await?)
}
