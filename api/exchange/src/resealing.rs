//! Seals stored values again under the keys in force.

use std::time::Duration;

use domain::KeyPurpose;
use store::{Journal, ResealCursor, Resealed, Store};

use crate::troubles::Trouble;

/// How long to wait while another gateway is resealing.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Makes one pass over everything. It rests as long as it works, so that requests come first. `tell` gets how many values
/// are under each older key, before and after. Returns how many there were before.
pub async fn reseal(store: &Store, journal: &Journal, tell: impl Fn(&[(KeyPurpose, u32, u64)]) + Sync) -> Result<u64, Trouble> {
    let left = store.values_left().await?;
    tell(&left);
    let total = left.iter().map(|(_, _, values)| values).sum();
    if total == 0 {
        // Marks that were sealed again go to the journal, so that it needs no older key either.
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

/// Ends a change of keys: forgets who claimed which child while there were two look-up keys.
pub async fn end_rotation(store: &Store) -> Result<(), Trouble> {
    Ok(store.forget_claims().await?)
}
