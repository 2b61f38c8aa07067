//! Bringing everything that is stored under the keys in force.

use std::time::Duration;

use domain::KeyPurpose;
use store::{Journal, ResealCursor, Resealed, Store};

use crate::troubles::Trouble;

/// How long this waits while another gateway is at it.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// One pass over everything. It works for half of the time at the most, so that requests come first. It tells how many
/// values are under each older key, before and after, and answers how many were before.
pub async fn reseal(store: &Store, journal: &Journal, tell: impl Fn(&[(KeyPurpose, u32, u64)]) + Sync) -> Result<u64, Trouble> {
    let left = store.values_left().await?;
    tell(&left);
    let total = left.iter().map(|(_, _, values)| values).sum();
    if total == 0 {
        // Marks that were sealed anew go to the journal, so that it needs no older key either.
        store.journal_tombstones(journal).await?;
        return Ok(0);
    }
    let mut cursor = ResealCursor::default();
    loop {
        match store.reseal(cursor.clone()).await? {
            Resealed::On(took, next) => {
                cursor = next;
                tokio::time::sleep(took).await;
            }
            Resealed::Elsewhere => tokio::time::sleep(ELSEWHERE).await,
            Resealed::End => break,
        }
    }
    tell(&store.values_left().await?);
    Ok(total)
}

/// Ends a change of keys: who claimed which child while there were two look-up keys is forgotten.
pub async fn end_rotation(store: &Store) -> Result<(), Trouble> {
    Ok(store.forget_claims().await?)
}
