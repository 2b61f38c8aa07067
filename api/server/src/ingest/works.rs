//! Work on a body that was answered before it was done: how far it is, and what became of it.
//!
//! The submission stands in the database as `processing` from before the answer on. Whoever ends it —
//! the publication, a refusal, the client, or another gateway that finds its heart still — does so only
//! while it stands so: it ends once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use adapters::Format;
use domain::submissions::{Failure, Submission, Work};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};

use super::contents::Content;
use super::{Intake, Order, block_on};
use crate::problems::Problem;

/// How often a gateway says that it is at work.
const BEAT: Duration = Duration::from_secs(1);
/// How often the end of a work is tried to be written down while the database is away.
const TRIES: u32 = 10;

/// How far the reading of a body is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    bytes: AtomicU64,
    records: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    pub(super) fn reached(&self, byte: u64) {
        self.bytes.fetch_max(byte, Ordering::Relaxed);
    }

    pub(super) fn record(&self) {
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Fails once the work is to be left.
    pub(super) fn go_on(&self) -> io::Result<()> {
        if self.stopped.load(Ordering::Relaxed) { Err(io::Error::other("the submission was ended")) } else { Ok(()) }
    }

    fn work(&self, bytes_total: u64) -> Work {
        let (bytes_read, records_read) = (self.bytes.load(Ordering::Relaxed), self.records.load(Ordering::Relaxed));
        Work { bytes_total, bytes_read: bytes_read.min(bytes_total), records_read, problem: None }
    }
}

impl Intake {
    /// Writes the submission down as being worked on, and works on it. Blocks for the first.
    pub(super) fn begin(
        &self,
        adapter: Format,
        order: Order,
        content: Content,
        bytes: u64,
        pending: OwnedSemaphorePermit,
    ) -> Result<Submission, Problem> {
        let submission = order.submission(adapter);
        let (registered, now) = (submission.clone(), self.clock.now());
        block_on(self.store.transaction(move |tx| tx.register(&registered, bytes, now)))?;
        // On the runtime that the gateway was started on: it ends last.
        self.runtime.spawn(self.clone().work(adapter, order, content, bytes, pending));
        Ok(submission)
    }

    async fn work(self, adapter: Format, order: Order, content: Content, bytes: u64, pending: OwnedSemaphorePermit) {
        let (progress, id) = (content.progress(), order.id);
        let work = self.clone().run(adapter, order.clone(), content, pending);
        tokio::pin!(work);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = beats.tick() => match self.store.beat(id, progress.work(bytes), self.clock.now()).await {
                    Ok(true) => {}
                    // Cancelled, or given up by another gateway: what was begun finds it out when it reads on.
                    Ok(false) => return progress.stop(),
                    Err(error) => tracing::warn!(%error, "the progress of a submission could not be written down"),
                },
            }
        };
        if let Err(problem) = done
            && self.end(&order, &problem).await
        {
            problem.log();
        }
    }

    async fn run(self, adapter: Format, order: Order, content: Content, pending: OwnedSemaphorePermit) -> Result<(), Problem> {
        let (background, places) = (Arc::clone(&self.background), Arc::clone(&self.places));
        let turn = background.acquire_owned().await.map_err(Problem::internal)?;
        let place = places.acquire_owned().await.map_err(Problem::internal)?;
        let work = tokio::task::spawn_blocking(move || {
            let _until_done = (turn, place, pending);
            self.take_blocking(adapter, &order, content, true).map(drop)
        });
        work.await.map_err(Problem::internal)?
    }

    /// Writes down why it came to nothing; answers false where somebody else has ended it.
    async fn end(&self, order: &Order, problem: &Problem) -> bool {
        let of_the_body = problem.kind().status().is_client_error();
        let failure = if of_the_body { Failure::Refused(problem.to_json()) } else { Failure::Failed(problem.to_json()) };
        for tried in 0..TRIES {
            let (id, failure) = (order.id, failure.clone());
            match self.store.transaction(move |tx| tx.end_work(id, &failure)).await {
                Ok(ours) => return ours,
                Err(error) => tracing::warn!(%error, tried, "the end of a submission could not be written down"),
            }
            tokio::time::sleep(BEAT).await;
        }
        true
    }
}
