//! What the gateway does by itself while it serves.

use std::sync::Arc;
use std::time::Duration;

use domain::partnerships::Partnership;
use domain::retention::{Kept, Periods};
use store::{Journal, Store};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::clocks::{Clock, Ids};
use crate::operations::Readiness;
use crate::retention;
use crate::watches::Live;

/// A claim on an idempotency key that is older than this belongs to work that is dead.
const CLAIM: chrono::Duration = chrono::Duration::minutes(30);
/// How long after its start a gateway first looks for what is past its retention.
const SETTLED: Duration = Duration::from_secs(300);

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
pub async fn sweep_claims(store: Store, clock: Clock, periods: Periods) {
    let answer = chrono::Duration::days(periods.days(Kept::IdempotencyAnswers).into());
    let mut minutes = interval(Duration::from_secs(60));
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut age = if store.is_embedded() { chrono::Duration::zero() } else { CLAIM };
    loop {
        minutes.tick().await;
        let now = clock.now();
        if let Err(error) = store.sweep_claims(now - age, now - answer).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten");
        }
        age = CLAIM;
    }
}

/// Removes what is past its retention and writes marks into the journal that another gateway made, each hour.
pub async fn retain(store: Store, clock: Clock, periods: Periods, partnership: Live<Partnership>, journal: Journal) {
    let ids = Ids::new(clock.clone());
    let mut hours = interval_at(Instant::now() + SETTLED, Duration::from_secs(3_600));
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        if let Err(error) = store.journal_tombstones(&journal).await {
            tracing::error!(%error, "the journal of tombstones cannot be written");
        }
        match retention::run(&store, &periods, &partnership.load_full(), (ids.next(), clock.now()), false).await {
            Ok(report) if report.lines.is_empty() => {}
            Ok(report) => tracing::info!("{report}"),
            Err(error) => tracing::warn!(%error, "what is past its retention could not be removed"),
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
