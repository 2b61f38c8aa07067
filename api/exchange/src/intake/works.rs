//! Work on a body that was answered before the work was done: how far it is, and what became of it.
//!
//! The submission is `processing` in the database before the answer is sent. The publication, a refusal, the client, or
//! another gateway that hears no more of this one may end it, but only while it is `processing`: it ends once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::orders::Outcome;
use super::states::{Errand, Spooled};
use super::threads::blocking;
use crate::troubles::Trouble;

/// How often a gateway reports that it is at work.
const BEAT: Duration = Duration::from_secs(1);
/// How often to try to record the end of the work while the database is away.
const TRIES: u32 = 10;

impl Spooled {
    /// Records the submission as being worked on, and starts the work.
    pub(super) async fn put_off(self) -> Result<Outcome, Trouble> {
        let (submission, bytes) = (self.errand.order.submission(), self.bytes());
        let (registered, now) = (submission.clone(), self.errand.intake.clock.now());
        self.errand.intake.store.transaction(move |tx| tx.register(&registered, bytes, now)).await?;
        tokio::spawn(self.see_through());
        Ok(Outcome::Later(submission, bytes))
    }

    /// Works on the submission, reports how far it is, and records why it failed, if it did.
    async fn see_through(self) {
        let (errand, progress, bytes) = (self.errand.clone(), Arc::clone(&self.progress), self.bytes());
        let work = self.work();
        tokio::pin!(work);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = beats.tick() => match errand.intake.store.beat(errand.order.id, progress.work(bytes), errand.intake.clock.now()).await {
                    Ok(true) => {}
                    // Cancelled, or given up by another gateway: the reader finds out when it reads on.
                    Ok(false) => return progress.stop(),
                    Err(error) => tracing::warn!(%error, "the progress of a submission could not be written down"),
                },
            }
        };
        if let Err(trouble) = done
            && errand.end(&trouble).await
        {
            trouble.log();
        }
    }

    /// Waits for its turn. Once begun, the work goes on to its end even if nobody waits for it.
    async fn work(self) -> Result<(), Trouble> {
        let intake = &self.errand.intake;
        let turn = Arc::clone(&intake.background).acquire_owned().await.map_err(Trouble::internal)?;
        let place = Arc::clone(&intake.places).acquire_owned().await.map_err(Trouble::internal)?;
        let begun = tokio::spawn(async move {
            let _until_done = (turn, place);
            let errand = self.errand.clone();
            let outcome = blocking(move || self.stage()?.publish(true)).await?;
            errand.journal(&outcome).await
        });
        begun.await.map_err(Trouble::internal)?
    }
}

impl Errand {
    /// Records why the work failed. Returns false if somebody else has ended it.
    async fn end(&self, trouble: &Trouble) -> bool {
        let (id, failure) = (self.order.id, trouble.to_failure());
        for tried in 0..TRIES {
            let failure = failure.clone();
            match self.intake.store.transaction(move |tx| tx.end_work(id, &failure)).await {
                Ok(ours) => return ours,
                Err(error) => tracing::warn!(%error, tried, "the end of a submission could not be written down"),
            }
            tokio::time::sleep(BEAT).await;
        }
        true
    }
}
