//! What the gateway does by itself while it serves.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::partnerships::Partnership;
use domain::retention::{Kept, Periods};
use store::{Journal, ResealCursor, Resealed, Store, StoreError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at};
use trust::{Checkpoints, Clock, FileError, Ids, Live, replace_file};

use crate::configuration::Audit;
use crate::probes::Readiness;
use crate::retention;
use crate::telemetry::metrics::Metrics;

/// A claim on an idempotency key that is older than this belongs to work that is dead.
const CLAIM: chrono::Duration = chrono::Duration::minutes(30);
/// How long an expired assertion is remembered.
const EXPIRED: chrono::Duration = chrono::Duration::minutes(10);
/// Leaves that are pruned in one transaction.
const PRUNED_AT_ONCE: i64 = 1_000;
/// How long after its start a gateway first looks for what is past its retention.
const SETTLED: Duration = Duration::from_secs(300);

/// The audit log, as it is looked after.
#[derive(Debug, Clone)]
pub struct Log {
    pub store: Store,
    pub checkpoints: Arc<Checkpoints>,
    pub settings: Audit,
}

impl Log {
    async fn append(&self) -> Result<(), StoreError> {
        while self.store.append_audit().await? {}
        Ok(())
    }

    /// Writes the checkpoint of what is appended, unless that is the one that was written last with these keys.
    async fn export(&self, written: &mut Option<(u64, Vec<String>)>) -> Result<(), ExportError> {
        let head = self.store.read(|tx| tx.tree_head()).await?;
        let keys = self.checkpoints.keys();
        let now = Some((head.size, keys.public()));
        if *written == now {
            return Ok(());
        }
        let (path, text) = (self.settings.checkpoint_file.clone(), keys.sign(head));
        let public = keys.public().join("\n") + "\n";
        let written_now = tokio::task::spawn_blocking(move || {
            replace_file(&path.with_extension("pub"), public.as_bytes())?;
            replace_file(&path, text.as_bytes())
        });
        written_now.await??;
        *written = now;
        Ok(())
    }

    /// Appends what waits and writes the last checkpoint, before the gateway is left.
    pub async fn finish(&self) {
        if let Err(error) = self.append().await {
            tracing::warn!(%error, "the audit log could not be appended to its end");
        }
        if let Err(error) = self.export(&mut None).await {
            tracing::warn!(%error, "the last checkpoint could not be written");
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Broken(#[from] tokio::task::JoinError),
}

/// Says once that something cannot be done, and once that it can again.
struct Faltering {
    what: &'static str,
    failing: bool,
}

impl Faltering {
    const fn new(what: &'static str) -> Self {
        Self { what, failing: false }
    }

    fn tell<T, E: std::fmt::Display>(&mut self, done: &Result<T, E>) {
        match done {
            Err(error) if !self.failing => tracing::error!(%error, "{}: it fails", self.what),
            Ok(_) if self.failing => tracing::info!("{}: it works again", self.what),
            _ => {}
        }
        self.failing = done.is_err();
    }
}

/// Appends the audit leaves that wait, each second, and looks whether too many do.
pub async fn append_audit(log: Log) {
    let mut seconds = every(Duration::from_secs(1));
    let (mut appending, mut looking) = (Faltering::new("appending to the audit log"), Faltering::new("counting what waits for it"));
    loop {
        seconds.tick().await;
        appending.tell(&log.append().await);
        looking.tell(&log.store.watch_backlog(log.settings.limits()).await);
    }
}

/// Writes a signed checkpoint whenever the log has grown.
pub async fn export_checkpoints(log: Log) {
    let mut times = every(Duration::from_secs(u64::from(log.settings.checkpoint_every)));
    let (mut faltering, mut written) = (Faltering::new("writing a checkpoint of the audit log"), None);
    loop {
        times.tick().await;
        faltering.tell(&log.export(&mut written).await);
    }
}

/// Empties what is past retention, a little at a time.
pub async fn prune_audit(log: Log) {
    let mut hours = every(Duration::from_secs(3_600));
    let mut faltering = Faltering::new("pruning the audit log");
    loop {
        hours.tick().await;
        let pruned = loop {
            match log.store.prune_audit(PRUNED_AT_ONCE).await {
                Ok(1..) => tokio::time::sleep(Duration::from_millis(100)).await,
                done => break done,
            }
        };
        faltering.tell(&pruned);
    }
}

fn every(period: Duration) -> Interval {
    let mut times = interval(period);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    times
}

/// Forgets idempotency keys that nobody works under any more, or that are long answered. On an
/// embedded database no work outlives the process: then all that are left at the start are dead.
pub async fn sweep_claims(store: Store, clock: Clock, periods: Periods) {
    let answer = chrono::Duration::days(periods.days(Kept::IdempotencyAnswers).into());
    let mut minutes = every(Duration::from_secs(60));
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

/// How long the work under newer keys rests between two passes, or while another gateway is at it.
const RESEAL_REST: Duration = Duration::from_secs(5);
/// How long it rests once nothing was left: something that began before may have ended since.
const RESEALED_REST: Duration = Duration::from_secs(60);

/// Brings what is stored under the keys in force, while there are older ones. It works for half of the
/// time at the most, so that requests come first. It says once that nothing is left.
pub async fn reseal(store: Store, journal: Journal, metrics: Metrics) {
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
        match reseal_all(&store, &journal, &metrics).await {
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
async fn reseal_all(store: &Store, journal: &Journal, metrics: &Metrics) -> Result<u64, StoreError> {
    let left = store.values_left().await?;
    metrics.left_to_reseal(&left);
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
            Resealed::Elsewhere => tokio::time::sleep(RESEAL_REST).await,
            Resealed::End => break,
        }
    }
    metrics.left_to_reseal(&store.values_left().await?);
    Ok(total)
}

/// A work whose gateway has not said for so long that it is at it is given up.
const STILL: chrono::Duration = chrono::Duration::seconds(30);

/// On an embedded database no work outlives the process: at the start, all that is left is dead.
pub async fn end_what_was_interrupted(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    if store.is_embedded() { end_still_works(store, clock.now()).await } else { Ok(()) }
}

/// Ends what another gateway was working on when it stopped, so that it can be sent again.
pub async fn sweep_works(store: Store, clock: Clock) {
    let mut times = every(Duration::from_secs(5));
    while !store.is_embedded() {
        times.tick().await;
        if let Err(error) = end_still_works(&store, clock.now() - STILL).await {
            tracing::warn!(%error, "works that were broken off could not be ended");
        }
    }
}

async fn end_still_works(store: &Store, before: DateTime<Utc>) -> Result<(), StoreError> {
    let ended = exchange::end_interrupted_works(store, before).await?;
    if ended > 0 {
        tracing::warn!(ended, "works on submissions were broken off");
    }
    Ok(())
}

/// Forgets client assertions that expired. No gateway's clock is so far behind another's that it would
/// believe one of them again.
pub async fn sweep_assertions(store: Store, clock: Clock) {
    let mut minutes = every(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        if let Err(error) = store.sweep_assertions(clock.now() - EXPIRED).await {
            tracing::warn!(%error, "expired client assertions could not be forgotten");
        }
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

/// Ready is: a transaction commits, and the audit log takes more.
pub fn readiness(store: Store) -> Readiness {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move {
            let committed = store.transaction(|_| Ok(())).await;
            committed.map_err(|error| match error {
                StoreError::LogBehind => "too many audit entries wait to be appended".to_owned(),
                _ => "the database does not answer".to_owned(),
            })
        })
    })
}
