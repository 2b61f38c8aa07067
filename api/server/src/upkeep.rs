//! What the gateway does by itself while it serves.

use std::sync::Arc;
use std::time::Duration;

use store::{ResealCursor, Resealed, Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::clocks::Clock;
use crate::operations::Readiness;
use crate::telemetry::metrics::Metrics;

/// A claim on an idempotency key that is older than this belongs to work that is dead.
const CLAIM: chrono::Duration = chrono::Duration::minutes(30);
/// How long the same key answers the same.
const ANSWER: chrono::Duration = chrono::Duration::days(7);

/// Chains the audit leaves that wait, each second. It says once that it cannot, and once that it can
/// again.
pub async fn chain_audit(store: Store) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        seconds.tick().await;
        let chained = loop {
            match store.chain_audit().await {
                Ok(true) => {}
                done => break done,
            }
        };
        match chained {
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "the audit log cannot be chained");
            }
            Ok(_) if failing => {
                failing = false;
                tracing::info!("the audit log is chained again");
            }
            _ => {}
        }
    }
}

/// Forgets idempotency keys that nobody works under any more, or that are long answered. On an
/// embedded database no work outlives the process: then all that are left at the start are dead.
pub async fn sweep_claims(store: Store, clock: Clock) {
    let mut minutes = interval(Duration::from_secs(60));
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut age = if store.is_embedded() { chrono::Duration::zero() } else { CLAIM };
    loop {
        minutes.tick().await;
        let now = clock.now();
        if let Err(error) = store.sweep_claims(now - age, now - ANSWER).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten");
        }
        age = CLAIM;
    }
}

/// How long the work under newer keys rests between two passes, or while another gateway is at it.
const RESEAL_REST: Duration = Duration::from_secs(5);
/// How long it rests once nothing was left: something that began before may have ended since.
const RESEALED_REST: Duration = Duration::from_secs(60);

/// Brings what is stored under the keys in force, while there are older ones. It works for half of the
/// time at the most, so that requests come first. It says once that nothing is left.
pub async fn reseal(store: Store, metrics: Metrics) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut rotating, mut failing) = (false, false);
    // The keys under which everything was found, and when.
    let mut done: Option<((u32, u32), Instant)> = None;
    let mut passed = Instant::now();
    loop {
        seconds.tick().await;
        let vault = store.vault();
        if !vault.is_rotating() {
            if rotating {
                metrics.left_to_reseal(&[]);
                if let Err(error) = store.forget_claims().await {
                    tracing::warn!(%error, "claims of a rotation could not be forgotten");
                }
            }
            rotating = false;
            continue;
        }
        let keys = vault.in_force();
        let rests = match done {
            Some((under, at)) => under == keys && at.elapsed() < RESEALED_REST,
            None => rotating && passed.elapsed() < RESEAL_REST,
        };
        if rests {
            continue;
        }
        rotating = true;
        match reseal_all(&store, &metrics).await {
            Ok(0) => {
                if done.is_none_or(|(under, _)| under != keys) {
                    tracing::info!("every stored value is under the keys in force: older ones can be retired");
                }
                (done, failing) = (Some((keys, Instant::now())), false);
            }
            Ok(_) => (done, failing) = (None, false),
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "stored values cannot be brought under newer keys");
                }
                (done, failing) = (None, true);
            }
        }
        passed = Instant::now();
    }
}

/// One pass over everything; answers how many values were under older keys before it.
async fn reseal_all(store: &Store, metrics: &Metrics) -> Result<u64, StoreError> {
    let left = store.values_left().await?;
    metrics.left_to_reseal(&left);
    let total = left.iter().map(|(_, _, values)| values).sum();
    if total == 0 {
        return Ok(0);
    }
    let mut cursor = ResealCursor::default();
    loop {
        let began = Instant::now();
        match store.reseal(cursor.clone()).await? {
            Resealed::On(_, next) => cursor = next,
            Resealed::Elsewhere => tokio::time::sleep(RESEAL_REST).await,
            Resealed::End => break,
        }
        tokio::time::sleep(began.elapsed()).await;
    }
    metrics.left_to_reseal(&store.values_left().await?);
    Ok(total)
}

/// Ready is: a transaction commits.
pub fn readiness(store: Store) -> Readiness {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move { store.transaction(|_| Ok(())).await.map_err(|_| "the database does not answer".to_owned()) })
    })
}
