//! One way in for every dataset. A body is received, spooled if it is large, and staged: decoded, read, checked and
//! sealed where nobody sees it. Then it is published at one instant, or refused: see `states`.
//!
//! It streams through a bounded channel to a blocking thread, which stages it row by row, so memory does not grow with
//! the file. Only the publication, one transaction, changes what others read. A large body is first received whole into
//! an encrypted spool, and answered; `works` does the rest.

mod bodies;
mod claims;
mod contents;
mod digests;
mod encodings;
mod orders;
mod progress;
mod pumps;
mod referrals;
pub(crate) mod refusals;
mod sections;
mod sinks;
mod states;
mod threads;
mod works;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::RecognitionRules;
use futures_util::Stream;
use store::{Journal, Store};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trust::Clock;

use crate::spools::Spools;
use crate::troubles::{Kind, Trouble};
use bodies::body;
use claims::Claimed;
use contents::Bounds;
use pumps::{Fed, Pace, pump};
use states::{Errand, Received};
pub(crate) use threads::blocking;

pub use digests::Digests;
pub use encodings::Coding;
pub use orders::{Delivery, Order, Outcome};
pub use refusals::refuse_unreadable;
pub use sections::Submissions;

/// How many bodies are worked on at the same time.
const AT_ONCE: usize = 4;
/// How many of these may have been answered already. The others stay free for clients that wait.
const AT_ONCE_LATER: usize = 2;
/// How long a body that has come may wait for a place while its client waits.
const PLACE_WAIT: Duration = Duration::from_secs(30);
/// How long to wait for a body before checking how much of it came.
const WINDOW: Duration = Duration::from_secs(30);

/// How large a body may be, and how slow.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub most: u64,
    /// The slowest that it may come, in bytes a second.
    pub rate: u64,
}

/// The limits and the places for taking bodies in.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
    rules: Arc<RecognitionRules>,
    journal: Journal,
    clock: Clock,
    /// Work goes on here, even if the client that asked for it is gone.
    runtime: Handle,
    spools: Spools,
    places: Arc<Semaphore>,
    background: Arc<Semaphore>,
    /// Places for bodies that are received whole.
    pending: Arc<Semaphore>,
    bounds: Bounds,
    pace: Pace,
    settings: Submissions,
}

/// How a body is received.
#[derive(Clone, Copy)]
enum Way {
    /// It is worked on while it comes.
    AtOnce,
    /// It is received whole first. If it is small and its client waits, it is then worked on at once.
    Whole { respond_async: bool },
}

impl Intake {
    /// Works on the runtime that it is made on.
    pub fn new(store: Store, clock: Clock, rules: RecognitionRules, journal: Journal, settings: Submissions, limits: BodyLimits) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count));
        Self {
            store,
            rules: Arc::new(rules),
            journal,
            clock,
            runtime: Handle::current(),
            spools: Spools::new(&settings.scratch),
            places: places(AT_ONCE),
            background: places(AT_ONCE_LATER),
            pending: places(settings.most_pending.into()),
            bounds: Bounds { most: limits.most, expansion: settings.maximum_expansion.into() },
            pace: Pace { window: WINDOW, bytes: limits.rate.saturating_mul(WINDOW.as_secs()) },
            settings,
        }
    }

    /// Whether no body is being received or worked on.
    pub fn is_idle(&self) -> bool {
        self.places.available_permits() == AT_ONCE && self.pending.available_permits() == usize::from(self.settings.most_pending)
    }

    /// Takes a body in. Once this answers that it was published, the content is durable and can be queried. Before that,
    /// none of it is.
    pub async fn take<E>(
        &self,
        order: Order,
        delivery: Delivery,
        payload: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Outcome, Trouble> {
        let way = self.way_of(&delivery);
        let errand = Errand { intake: self.clone(), order, _place: self.admit(way)? };
        let (mut feed, body) = body(self.bounds.most, delivery.digests);
        let received = Received { errand, body, coding: delivery.coding };
        // The work ends even if the client goes away, so that its key is given back.
        let work = self.runtime.spawn(received.take(way));
        let fed = pump(&mut feed, payload, self.pace).await;
        match fed {
            Ok(()) | Err(Fed::ReaderGone) => feed.end().await,
            // Without an end, the reader does not take what it has for the whole.
            Err(Fed::Broken | Fed::TooLarge | Fed::TooSlow) => drop(feed),
        }
        let outcome = work.await.map_err(Trouble::internal)?;
        match fed {
            Err(Fed::TooLarge) => Err(refusals::too_large(self.bounds.most)),
            Err(Fed::TooSlow) => Err(refusals::too_slow()),
            _ => outcome,
        }
    }

    fn way_of(&self, delivery: &Delivery) -> Way {
        let is_small = delivery.size.is_some_and(|size| size <= self.settings.async_above_bytes) && delivery.coding == Coding::Identity;
        if is_small && !delivery.respond_async { Way::AtOnce } else { Way::Whole { respond_async: delivery.respond_async } }
    }

    /// Finds a place for a body that is about to come.
    fn admit(&self, way: Way) -> Result<Arc<OwnedSemaphorePermit>, Trouble> {
        let places = match way {
            Way::AtOnce => &self.places,
            Way::Whole { .. } => &self.pending,
        };
        Arc::clone(places).try_acquire_owned().map(Arc::new).map_err(|_| no_place())
    }

    /// Waits for a place for a body that has come, while its client waits.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        let place = tokio::time::timeout(PLACE_WAIT, Arc::clone(&self.places).acquire_owned());
        place.await.map_err(|_| no_place())?.map_err(Trouble::internal)
    }
}

fn no_place() -> Trouble {
    Trouble::new(Kind::Busy).again_after(5)
}

impl Received {
    /// Takes the body in under its key, or answers as before.
    async fn take(self, way: Way) -> Result<Outcome, Trouble> {
        let errand = self.errand.clone();
        let outcome = match errand.claim().await? {
            Claimed::Before { fingerprint, answer } => Outcome::Before(self.answer_again(fingerprint, answer).await?),
            Claimed::Ours => {
                let outcome = self.work(way).await;
                errand.give_back_unless_used(&outcome).await?;
                outcome?
            }
        };
        errand.journal(&outcome).await?;
        Ok(outcome)
    }

    async fn work(self, way: Way) -> Result<Outcome, Trouble> {
        match way {
            Way::AtOnce => blocking(move || self.stage()?.publish(false)).await,
            Way::Whole { respond_async } => {
                let spooled = blocking(move || self.spool()).await?;
                let intake = &spooled.errand.intake;
                if respond_async || spooled.bytes() > intake.settings.async_above_bytes {
                    return spooled.put_off().await;
                }
                let _until_done = intake.place().await?;
                blocking(move || spooled.stage()?.publish(false)).await
            }
        }
    }
}

impl Errand {
    /// Journals a merge before it is acknowledged, so that a restored backup does not bring back what it retired.
    async fn journal(&self, outcome: &Outcome) -> Result<(), Trouble> {
        match outcome {
            Outcome::Published(submission) | Outcome::Before(submission) if submission.counts.merged > 0 => {
                Ok(self.intake.store.journal_tombstones(&self.intake.journal).await?)
            }
            _ => Ok(()),
        }
    }
}
