//! Runs chores: each has its turns, and one way to report a failure. No failure ends a chore.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use exchange::Trouble;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::telemetry::metrics::Metrics;

/// The chores of a gateway. They end when this is dropped.
pub(crate) struct Chores {
    running: JoinSet<()>,
    metrics: Metrics,
}

/// When a chore has its turns. If one takes longer than the period, the next begins at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns {
    first: Duration,
    period: Duration,
}

/// Why a turn failed, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure(String);

/// Counts the failures of one chore, and logs them.
struct Record {
    name: String,
    failures: Counter,
    /// Why the last turn failed.
    failing: Option<Failure>,
}

/// The first turn at the start, and then one each period.
pub(super) const fn each(period: Duration) -> Turns {
    Turns { first: Duration::ZERO, period }
}

impl Turns {
    /// The first turn some time after the start.
    pub(super) const fn after(self, first: Duration) -> Self {
        Self { first, ..self }
    }
}

impl Failure {
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self(trouble.in_full())
    }
}

impl Chores {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self { running: JoinSet::new(), metrics: metrics.clone() }
    }

    /// Starts a chore. It keeps what it works with from turn to turn.
    pub(super) fn start<S, E, F>(&mut self, name: impl Into<String>, turns: Turns, mut mine: S, mut turn: F)
    where
        S: Send + 'static,
        E: Into<Failure> + 'static,
        F: for<'a> FnMut(&'a mut S) -> BoxFuture<'a, Result<(), E>> + Send + 'static,
    {
        let name = name.into();
        let mut record = Record { failures: self.metrics.chore_failures(&name), name, failing: None };
        self.running.spawn(async move {
            let mut times = interval_at(Instant::now() + turns.first, turns.period);
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                times.tick().await;
                let done = AssertUnwindSafe(turn(&mut mine)).catch_unwind().await;
                record.tell(done.map_or_else(|_| Err(Failure::new("it panicked")), |done| done.map_err(Into::into)));
            }
        });
    }

    /// Stops every chore, even during a turn.
    pub(crate) async fn stop(&mut self) {
        self.running.shutdown().await;
    }
}

impl Record {
    /// Logs a failure once, and again only when it is another. Its end is logged once too.
    fn tell(&mut self, done: Result<(), Failure>) {
        match done {
            Ok(()) => {
                if self.failing.take().is_some() {
                    tracing::info!(chore = self.name, "a chore works again");
                }
            }
            Err(failure) => {
                self.failures.inc();
                if self.failing.as_ref() != Some(&failure) {
                    tracing::error!(chore = self.name, error = %failure, "a chore failed; its next turn tries again");
                    self.failing = Some(failure);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn neither_a_failure_nor_a_panic_ends_a_chore_and_each_is_counted() {
        let metrics = Metrics::new();
        let mut chores = Chores::new(&metrics);
        let turns = Arc::new(AtomicU32::new(0));
        chores.start("count", each(Duration::from_millis(1)), Arc::clone(&turns), |turns| {
            async move {
                match turns.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(Failure::new("no")),
                    1 => panic!("no"),
                    _ => Ok(()),
                }
            }
            .boxed()
        });
        while turns.load(Ordering::SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        chores.stop().await;
        let text = metrics.write().unwrap();
        assert!(text.contains("sendbridge_chore_failures_total{chore=\"count\"} 2"), "{text}");
        let stopped = turns.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(turns.load(Ordering::SeqCst), stopped);
    }

    #[test]
    fn a_streak_is_told_once_and_so_is_its_end() {
        let mut record = Record { name: "count".into(), failures: Counter::default(), failing: None };
        for (done, failing) in [
            (Err("away"), Some("away")),
            (Err("away"), Some("away")),
            (Err("full"), Some("full")),
            (Ok(()), None),
            (Err("full"), Some("full")),
        ] {
            record.tell(done.map_err(Failure::new));
            assert_eq!(record.failing, failing.map(Failure::new));
        }
        assert_eq!(record.failures.get(), 4);
    }
}
