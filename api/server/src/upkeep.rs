//! What the gateway does by itself while it serves.

use std::sync::Arc;
use std::time::Duration;

use store::Store;
use tokio::time::{MissedTickBehavior, interval};

use crate::clocks::Clock;
use crate::operations::Readiness;

/// A claim on an idempotency key that is older than this belongs to work that is dead.
const CLAIM: chrono::Duration = chrono::Duration::minutes(30);
/// How long an expired assertion is remembered.
const EXPIRED: chrono::Duration = chrono::Duration::minutes(10);
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

/// Forgets client assertions that expired. No gateway's clock is so far behind another's that it would
/// believe one of them again.
pub async fn sweep_assertions(store: Store, clock: Clock) {
    let mut minutes = interval(Duration::from_secs(60));
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        minutes.tick().await;
        if let Err(error) = store.sweep_assertions(clock.now() - EXPIRED).await {
            tracing::warn!(%error, "expired client assertions could not be forgotten");
        }
    }
}

/// Ready is: a transaction commits.
pub fn readiness(store: Store) -> Readiness {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move { store.transaction(|_| Ok(())).await.map_err(|_| "the database does not answer".to_owned()) })
    })
}
