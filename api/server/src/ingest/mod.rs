//! One way in for every dataset: body → adapter → records and issues → staged → visible at once.
//!
//! The body streams through a bounded channel to a blocking thread, which decodes, parses, checks, seals
//! and stages row by row: memory does not grow with the file. Only the publication, one transaction,
//! touches what others read. A large body is first taken in whole, into an encrypted spool, and answered;
//! `works` sees to the rest.

mod bodies;
mod contents;
pub mod digests;
pub mod encodings;
pub mod merges;
mod orders;
mod pumps;
mod refusals;
mod sinks;
mod works;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderValue, LOCATION};
use adapters::{Context, Format, Unreadable};
use chrono::NaiveDate;
use domain::comparators::PublishedCount;
use domain::dates::london_day;
use domain::issues::IssueCode;
use domain::organisations::OrganisationCode;
use domain::recognition::Rules;
use domain::submissions::{Counts, Dataset, Submission, SubmissionStatus};
use store::{Claim, Finished, Journal, Publication, Published, Staging, Store};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trust::Clock;

use crate::configuration::{Configuration, Submissions};
use crate::problems::{Kind, Problem};
use crate::spools::Spools;
use crate::transitional::{in_flight, mismatch};
use bodies::body;
use contents::{Bounds, Content, Incoming};
use encodings::Coding;
pub use orders::{Delivery, Order, Taken};
use pumps::{Fed, Pace, pump};
pub(crate) use refusals::refuse_unreadable;
use refusals::{broken, check_nil_return};
use sinks::Collector;

/// Issues that are listed in an answer itself; the rest are read page by page.
pub const LISTED: usize = 500;
/// Bodies that are taken in at the same time.
const AT_ONCE: usize = 4;
/// Of these, for bodies that were answered already: they must not keep out those whose clients wait.
const AT_ONCE_LATER: usize = 2;
/// How long a body that is here may wait for a place while its client does.
const PLACE_WAIT: Duration = Duration::from_secs(30);
/// How long a body is waited for before it is asked how much of it came.
const WINDOW: Duration = Duration::from_secs(30);

/// The limits and the places for taking bodies in.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
    rules: Arc<Rules>,
    journal: Journal,
    clock: Clock,
    runtime: Handle,
    spools: Spools,
    places: Arc<Semaphore>,
    background: Arc<Semaphore>,
    /// For bodies in spools.
    pending: Arc<Semaphore>,
    bounds: Bounds,
    pace: Pace,
    settings: Submissions,
}

impl Intake {
    /// Works on the runtime that it is made on.
    pub fn new(store: Store, clock: Clock, rules: Rules, journal: Journal, configuration: &Configuration) -> Self {
        let (api, settings) = (&configuration.api, configuration.submissions.clone());
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
            bounds: Bounds { most: api.maximum_body_bytes, expansion: settings.maximum_expansion.into() },
            pace: Pace { window: WINDOW, bytes: api.minimum_body_rate.saturating_mul(WINDOW.as_secs()) },
            settings,
        }
    }

    /// Whether no body waits to be worked on after its answer.
    pub fn is_idle(&self) -> bool {
        self.pending.available_permits() == usize::from(self.settings.most_pending)
    }

    /// Takes a body in. Once this answers that it was taken, the content is durable and can be queried;
    /// before that, nothing of it is.
    pub async fn take(&self, adapter: Format, order: Order, delivery: Delivery) -> Result<Taken, Problem> {
        let is_small = delivery.size.is_some_and(|size| size <= self.settings.async_above_bytes) && delivery.coding == Coding::Identity;
        let at_once = is_small && !delivery.respond_async;
        let places = if at_once { &self.places } else { &self.pending };
        let place = Arc::clone(places).try_acquire_owned().map_err(|_| Problem::new(Kind::Busy).retry_after(5))?;
        if at_once { self.take_at_once(adapter, order, delivery, place).await } else { self.take_in(adapter, order, delivery, place).await }
    }

    /// Works on a body while it comes.
    async fn take_at_once(&self, adapter: Format, order: Order, delivery: Delivery, place: OwnedSemaphorePermit) -> Result<Taken, Problem> {
        let (intake, line) = (self.clone(), order.line());
        let work = move |body: Incoming| {
            let _place = place;
            intake.once(&order, body, |body| intake.take_blocking(adapter, &order, Content::Coming(body), false))
        };
        self.receive(&line, delivery, work).await
    }

    /// Waits for the whole of a body, and works on it at once where it turns out to be small.
    async fn take_in(&self, adapter: Format, order: Order, delivery: Delivery, pending: OwnedSemaphorePermit) -> Result<Taken, Problem> {
        let (intake, line, respond_async) = (self.clone(), order.line(), delivery.respond_async);
        let work = move |body: Incoming| {
            intake.once(&order, body, |body| {
                let (content, bytes) = intake.spool(body)?;
                if respond_async || bytes > intake.settings.async_above_bytes {
                    let submission = intake.begin(adapter, order.clone(), content, bytes, pending)?;
                    return Ok(Taken::Later(submission, bytes));
                }
                let place = block_on(tokio::time::timeout(PLACE_WAIT, Arc::clone(&intake.places).acquire_owned()));
                let _place = place.map_err(|_| Problem::new(Kind::Busy).retry_after(5))?.map_err(Problem::internal)?;
                intake.take_blocking(adapter, &order, content, false)
            })
        };
        self.receive(&line, delivery, work).await
    }

    /// Feeds a body to work on another thread. That ends even if the client goes away, so that its
    /// key is given back.
    async fn receive(
        &self,
        line: &str,
        delivery: Delivery,
        work: impl FnOnce(Incoming) -> Result<Taken, Problem> + Send + 'static,
    ) -> Result<Taken, Problem> {
        let (mut feed, encoded) = body(self.bounds.most, delivery.digests);
        let (coding, bounds, line) = (delivery.coding, self.bounds, line.to_owned());
        // A decoder reads when it is made.
        let work = tokio::task::spawn_blocking(move || work(Incoming::new(encoded, coding, bounds, &line)?));
        let fed = pump(&mut feed, delivery.payload, self.pace).await;
        match fed {
            Ok(()) | Err(Fed::ReaderGone) => feed.end().await,
            // The reader must not take what it has for the whole.
            Err(Fed::Broken | Fed::TooLarge | Fed::TooSlow) => drop(feed),
        }
        let taken = work.await.map_err(Problem::internal)?;
        match fed {
            Err(Fed::TooLarge) => {
                Err(Problem::new(Kind::BodyTooLarge).detail(format!("A body is at most {} bytes.", self.bounds.most)).closing())
            }
            Err(Fed::TooSlow) => Err(Problem::new(Kind::TooSlow)
                .detail("The body came too slowly, or not at all any more; nothing of it was kept.")
                .closing()),
            _ => taken,
        }
    }

    /// Takes a body under its key, or answers as before.
    fn once(&self, order: &Order, body: Incoming, take: impl FnOnce(Incoming) -> Result<Taken, Problem>) -> Result<Taken, Problem> {
        match self.claim(order)? {
            Some(Claim::Settled { fingerprint, answer }) => self.replay(order, body, &fingerprint, &answer),
            _ => self.or_give_back(order, take(body)),
        }
    }

    /// Waits for all of a body, where nobody can read it.
    fn spool(&self, mut body: Incoming) -> Result<(Content, u64), Problem> {
        let mut spool = self.spools.spool().map_err(Problem::internal)?;
        if let Err(error) = std::io::copy(&mut body, &mut spool) {
            let full = error.kind() == std::io::ErrorKind::StorageFull;
            let ours = || if full { Problem::new(Kind::Busy).retry_after(60).cause(error) } else { Problem::internal(error) };
            return Err(body.take_failure().unwrap_or_else(ours));
        }
        let fingerprint = body.finish()?;
        let reader = spool.into_reader().map_err(Problem::internal)?;
        let bytes = reader.length();
        Ok((Content::Here { reader, fingerprint, progress: Arc::default() }, bytes))
    }

    /// The referrals that a body names, by the row that each stands in. Blocks.
    pub fn referral_ids(&self, adapter: Format, organisation: OrganisationCode, today: NaiveDate, body: &[u8]) -> Vec<(u64, String)> {
        let mut names = sinks::Names::default();
        let context = Context { organisation, today, rules: &self.rules };
        // What cannot be read is refused where it is taken in.
        let _ = adapters::read(adapter, &mut std::io::Cursor::new(body), &self.spools, &context, &mut names);
        names.0
    }

    fn claim(&self, order: &Order) -> Result<Option<Claim>, Problem> {
        let Some(key) = order.key.clone() else { return Ok(None) };
        let (client, now) = (order.client.clone(), order.received_at);
        let owner = order.id.0;
        let (claim, worked_on) = block_on(self.store.transaction(move |tx| {
            let claim = tx.claim(&client, &key, owner, now)?;
            let worked_on = if claim == Claim::InFlight { tx.worked_on(&client, &key)? } else { None };
            Ok((claim, worked_on))
        }))?;
        match (claim, worked_on) {
            (Claim::InFlight, None) => Err(in_flight()),
            // The client may have lost the answer that said where to look.
            (Claim::InFlight, Some(id)) => Err(match HeaderValue::from_str(&format!("/v1/submissions/{id}")) {
                Ok(place) => in_flight().header(LOCATION, place),
                Err(_) => in_flight(),
            }),
            (claim, _) => Ok(Some(claim)),
        }
    }

    /// The same body again answers as before, any other is refused.
    fn replay(&self, order: &Order, body: Incoming, fingerprint: &[u8], answer: &str) -> Result<Taken, Problem> {
        let ours = body.finish()?;
        let (Ok(id), true) = (answer.parse(), ours.as_slice() == fingerprint) else { return Err(mismatch()) };
        let client = order.client.clone();
        let found = block_on(self.store.read(move |tx| tx.submission(id, &client)))?;
        let submission = found.ok_or_else(|| Problem::internal("a settled submission is gone"))?;
        Ok(Taken::Before(self.journalled(submission)?))
    }

    /// What a merge retired does not come back with a backup: that stands in the journal before it is acknowledged.
    fn journalled(&self, submission: Submission) -> Result<Submission, Problem> {
        if submission.counts.merged > 0 {
            block_on(self.store.journal_tombstones(&self.journal))?;
        }
        Ok(submission)
    }

    fn or_give_back(&self, order: &Order, taken: Result<Taken, Problem>) -> Result<Taken, Problem> {
        let settled = match &taken {
            // Who ends it gives the key back.
            Ok(Taken::Later(..)) => true,
            Ok(Taken::Now(submission, _)) => !order.validate && submission.status != SubmissionStatus::Refused,
            _ => false,
        };
        if let (Some(key), false) = (&order.key, settled) {
            let (client, key, owner) = (order.client.clone(), key.clone(), order.id.0);
            block_on(self.store.transaction(move |tx| tx.unclaim(&client, &key, owner)))?;
        }
        taken
    }

    /// `registered` is whether the submission stands in the database as being worked on.
    fn take_blocking(&self, adapter: Format, order: &Order, mut content: Content, registered: bool) -> Result<Taken, Problem> {
        let context = Context { organisation: order.organisation, today: london_day(order.received_at), rules: &self.rules };
        let progress = content.progress();
        let mut collector = Collector::new(self.store.stage(order.id, order.organisation)?, context.today, Arc::clone(&progress));
        let read = adapters::read(adapter, &mut content, &self.spools, &context, &mut collector);
        let (received, out_of_scope, mut rejected, mut issues) =
            (collector.received, collector.out_of_scope, collector.rejected, collector.issues);
        let counts = matches!(adapter, Format::Published(_)).then(|| std::mem::take(&mut collector.counts));
        let mut staging = collector.into_staging()?;
        if let Some(problem) = content.take_failure() {
            return Err(problem);
        }
        match read {
            Ok(()) => {}
            Err(Unreadable::Empty) if order.nil_return => {}
            Err(Unreadable::Source(error)) => return Err(broken(error)),
            Err(unreadable) => return Err(refuse_unreadable(&unreadable)),
        }
        let fingerprint = content.finish()?;
        let (twice, field) = match order.dataset {
            Dataset::WaitingList => (IssueCode::ReferralTwice, "referral_id"),
            Dataset::Ehcp => (IssueCode::RequestTwice, "ReceivedDate"),
        };
        let Finished { repeated, open_twice } = staging.finish(twice, field)?;
        rejected += repeated;
        issues += repeated + open_twice;
        check_nil_return(order, received)?;

        let found = Counts { received, rejected, out_of_scope, ..Counts::default() };
        let refuse = if order.whole { found.leaves_any_out() } else { found.rejects_too_many(self.settings.rejected_percent) };
        let submission = Submission { counts: found, ..order.submission(adapter) };
        // What was cancelled need not be published to find that out.
        progress.go_on().map_err(broken)?;
        self.publish(staging, order, (submission, issues, counts), fingerprint, refuse, registered)
    }

    fn publish(
        &self,
        staging: Staging,
        order: &Order,
        (submission, issues, counts): (Submission, u64, Option<Vec<PublishedCount>>),
        fingerprint: store::Fingerprint,
        refuse: bool,
        registered: bool,
    ) -> Result<Taken, Problem> {
        let published = staging.publish(Publication {
            submission,
            issues,
            shrink_percent: self.settings.shrink_percent,
            confirm_shrink: order.confirm_shrink,
            refuse,
            whole: order.whole,
            validate: order.validate,
            registered,
            counts,
            listed: i64::try_from(LISTED).unwrap_or(i64::MAX),
            merging: Some(merges::merging(
                (&order.client, order.organisation),
                (order.id, order.request_id),
                &order.partnership,
                order.received_at,
            )),
            key: order.key.clone().map(|key| (key, fingerprint)),
        })?;
        match published {
            Published::NotKept(submission, listed) if submission.status == SubmissionStatus::Refused => {
                let Counts { rejected, received, .. } = submission.counts;
                if order.whole {
                    return Err(Problem::new(Kind::RefusedSubmission)
                        .detail("A transaction is taken whole or not at all: an entry was rejected, or is about none of the pathways.")
                        .with_faults(listed.into_iter().map(refusals::listed)));
                }
                let kept = if order.validate { String::new() } else { format!(" but the report: submission {}", submission.id) };
                Err(Problem::new(Kind::RefusedSubmission)
                    .detail(format!(
                        "{rejected} of {received} rows were rejected, more than {} %. Nothing of it was kept{kept}.",
                        self.settings.rejected_percent
                    ))
                    .with_faults(listed.into_iter().map(refusals::listed)))
            }
            Published::Done(submission) => Ok(Taken::Now(self.journalled(submission)?, Vec::new())),
            Published::NotKept(submission, listed) => Ok(Taken::Now(submission, listed)),
            Published::OlderAsOf { last } => {
                Err(Problem::new(Kind::OlderAsOf).detail(format!("This list was last sent as of {last}; this one says {}.", order.as_of)))
            }
            Published::Shrinks { open, dropped } => Err(Problem::new(Kind::SnapshotShrinks).detail(format!(
                "{dropped} of {open} open entries are not in this snapshot, more than {} %. If that is so, send it with confirm=shrink.",
                self.settings.shrink_percent
            ))),
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    Handle::current().block_on(work)
}
