//! One way in for every dataset: body → adapter → records and issues → staged → visible at once.
//!
//! The body streams through a bounded channel to a blocking thread, which parses, checks, seals and
//! stages row by row: memory does not grow with the file. Only the publication, one transaction,
//! touches what others read.

mod bodies;
mod sinks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use adapters::{Adapter, Context, InMemory, Unreadable};
use chrono::{DateTime, NaiveDate, Utc};
use domain::dates::london_day;
use domain::identifiers::SubmissionId;
use domain::issues::IssueCode;
use domain::organisations::OrganisationCode;
use domain::recognition::Rules;
use domain::submissions::{Counts, Dataset, Mode, SubmissionStatus};
use futures_util::{Stream, StreamExt};
use store::{Claim, ListedIssue, Publication, Published, Staging, Store, StoreError, Submission};
use tokio::sync::Semaphore;

use crate::bodies::faults::Fault;
use crate::idempotency::{in_flight, mismatch};
use crate::problems::{Kind, Problem};
use bodies::{Body, Full, body};
use sinks::Collector;

/// Issues that are listed in an answer itself; the rest are read page by page.
pub const LISTED: usize = 500;
/// A body of fewer rows is never refused whole for its share of rejected ones.
const SMALL_BODY: u64 = 20;
/// Bodies that are taken in at the same time.
const AT_ONCE: usize = 4;
/// How long a body is waited for before it is asked how much of it came.
const WINDOW: Duration = Duration::from_secs(30);

/// What a client asks to be done with a body.
#[derive(Debug, Clone)]
pub struct Order {
    pub id: SubmissionId,
    pub client: String,
    pub dataset: Dataset,
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: Mode,
    pub as_of: NaiveDate,
    pub validate: bool,
    /// All of it or nothing: one row that is rejected, or of no pathway, refuses the whole.
    pub whole: bool,
    pub nil_return: bool,
    pub confirm_shrink: bool,
    pub key: Option<String>,
    /// As it came, for the fingerprint.
    pub query: String,
    pub received_at: DateTime<Utc>,
}

/// What became of it.
#[derive(Debug)]
pub enum Taken {
    /// With its first issues, where nothing is kept to be listed later.
    Now(Submission, Vec<ListedIssue>),
    /// The key and the body were here before.
    Before(Submission),
}

/// The limits and the places for taking bodies in.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
    rules: Arc<Rules>,
    places: Arc<Semaphore>,
    most_bytes: u64,
    pace: Pace,
    shrink_percent: u8,
    rejected_percent: u8,
}

/// How much of a body has to come in each stretch of waiting for it, the first as grace included.
#[derive(Debug, Clone, Copy)]
struct Pace {
    window: Duration,
    bytes: u64,
}

impl Intake {
    /// `rate` is what has to come of a body, in bytes a second.
    pub fn new(store: Store, rules: Rules, most_bytes: u64, rate: u64, shrink_percent: u8, rejected_percent: u8) -> Self {
        let pace = Pace { window: WINDOW, bytes: rate.saturating_mul(WINDOW.as_secs()) };
        Self {
            store,
            rules: Arc::new(rules),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            most_bytes,
            pace,
            shrink_percent,
            rejected_percent,
        }
    }

    /// Takes a body in. Once this answers, the content is durable and can be queried; before that,
    /// nothing of it is.
    pub async fn take<E>(
        &self,
        adapter: &'static dyn Adapter,
        order: Order,
        payload: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Taken, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::new(Kind::Busy).retry_after(5))?;
        let (mut feed, body) = body(self.most_bytes, &format!("{} {}", order.dataset, order.query));
        let intake = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            // Here, and not before: this ends even if the client goes away, so that the key is given back.
            match intake.claim(&order)? {
                Some(Claim::Settled { fingerprint, answer }) => intake.replay(&order, body, &fingerprint, &answer),
                _ => intake.take_or_give_back(adapter, &order, body),
            }
        });
        let fed = pump(&mut feed, payload, self.pace).await;
        match fed {
            Ok(()) | Err(Fed::ReaderGone) => feed.end().await,
            // The reader must not take what it has for the whole.
            Err(Fed::Broken | Fed::TooLarge | Fed::TooSlow) => drop(feed),
        }
        let taken = work.await.map_err(Problem::internal)?;
        match fed {
            Err(Fed::TooLarge) => {
                Err(Problem::new(Kind::BodyTooLarge).detail(format!("A body is at most {} bytes.", self.most_bytes)).closing())
            }
            Err(Fed::TooSlow) => Err(Problem::new(Kind::TooSlow)
                .detail("The body came too slowly, or not at all any more; nothing of it was kept.")
                .closing()),
            _ => taken,
        }
    }

    /// The referrals that a body names, by the row that each stands in. Blocks.
    pub fn referral_ids(&self, adapter: &dyn Adapter, organisation: OrganisationCode, today: NaiveDate, body: &[u8]) -> Vec<(u64, String)> {
        let mut names = sinks::Names::default();
        let context = Context { organisation, today, rules: &self.rules };
        // What cannot be read is refused where it is taken in.
        let _ = adapters::read(adapter, &mut std::io::Cursor::new(body), &InMemory, &context, &mut names);
        names.0
    }

    fn claim(&self, order: &Order) -> Result<Option<Claim>, Problem> {
        let Some(key) = order.key.clone() else { return Ok(None) };
        let (client, now) = (order.client.clone(), order.received_at);
        let owner = order.id.0;
        match block_on(self.store.transaction(move |tx| tx.claim(&client, &key, owner, now)))? {
            Claim::InFlight => Err(in_flight()),
            claim => Ok(Some(claim)),
        }
    }

    /// The same body again answers as before, any other is refused.
    fn replay(&self, order: &Order, body: Body, fingerprint: &[u8], answer: &str) -> Result<Taken, Problem> {
        let ours = body.fingerprint().map_err(broken)?;
        let (Ok(id), true) = (answer.parse(), ours.as_slice() == fingerprint) else { return Err(mismatch()) };
        let client = order.client.clone();
        let found = block_on(self.store.read(move |tx| tx.submission(id, &client)))?;
        found.map(Taken::Before).ok_or_else(|| Problem::internal("a settled submission is gone"))
    }

    fn take_or_give_back(&self, adapter: &dyn Adapter, order: &Order, body: Body) -> Result<Taken, Problem> {
        let taken = self.take_blocking(adapter, order, body);
        let settled = matches!(&taken, Ok(Taken::Now(submission, _)) if !order.validate && submission.status != SubmissionStatus::Refused);
        if let (Some(key), false) = (&order.key, settled) {
            let (client, key, owner) = (order.client.clone(), key.clone(), order.id.0);
            block_on(self.store.transaction(move |tx| tx.unclaim(&client, &key, owner)))?;
        }
        taken
    }

    fn take_blocking(&self, adapter: &dyn Adapter, order: &Order, mut body: Body) -> Result<Taken, Problem> {
        let context = Context { organisation: order.organisation, today: london_day(order.received_at), rules: &self.rules };
        let mut collector = Collector::new(self.store.stage(order.id, order.organisation)?, context.today);
        let read = adapters::read(adapter, &mut body, &InMemory, &context, &mut collector);
        let (received, out_of_scope, mut rejected, mut issues) =
            (collector.received, collector.out_of_scope, collector.rejected, collector.issues);
        let mut staging = collector.into_staging()?;
        match read {
            Ok(()) => {}
            Err(Unreadable::Empty) if order.nil_return => {}
            Err(Unreadable::Source(error)) => return Err(broken(error)),
            Err(unreadable) => return Err(refuse_unreadable(&unreadable)),
        }
        let fingerprint = body.fingerprint().map_err(broken)?;
        let (twice, field) = match order.dataset {
            Dataset::WaitingList => (IssueCode::ReferralTwice, "referral_id"),
            Dataset::Ehcp => (IssueCode::RequestTwice, "ReceivedDate"),
        };
        let repeated = staging.finish(twice, field)?;
        rejected += repeated;
        issues += repeated;
        check_nil_return(order, received)?;

        let refuse = if order.whole {
            rejected > 0 || out_of_scope > 0
        } else {
            received >= SMALL_BODY && rejected * 100 > received * u64::from(self.rejected_percent)
        };
        let submission = Submission {
            id: order.id,
            client: order.client.clone(),
            dataset: order.dataset,
            format: adapter.format().to_owned(),
            organisation: order.organisation,
            list: order.list.clone(),
            mode: order.mode,
            as_of: order.as_of,
            status: if issues == 0 { SubmissionStatus::Accepted } else { SubmissionStatus::AcceptedWithIssues },
            counts: Counts { received, rejected, out_of_scope, ..Counts::default() },
            received_at: order.received_at,
        };
        self.publish(staging, order, submission, fingerprint, refuse)
    }

    fn publish(
        &self,
        staging: Staging,
        order: &Order,
        submission: Submission,
        fingerprint: store::Fingerprint,
        refuse: bool,
    ) -> Result<Taken, Problem> {
        let published = staging.publish(Publication {
            submission,
            shrink_percent: self.shrink_percent,
            confirm_shrink: order.confirm_shrink,
            refuse,
            whole: order.whole,
            validate: order.validate,
            listed: i64::try_from(LISTED).unwrap_or(i64::MAX),
            key: order.key.clone().map(|key| (key, fingerprint)),
        })?;
        match published {
            Published::NotKept(submission, listed) if submission.status == SubmissionStatus::Refused => {
                let Counts { rejected, received, .. } = submission.counts;
                if order.whole {
                    return Err(Problem::new(Kind::RefusedSubmission)
                        .detail("A transaction is taken whole or not at all: an entry was rejected, or is about none of the pathways.")
                        .with_faults(listed.into_iter().map(fault)));
                }
                let kept = if order.validate { String::new() } else { format!(" but the report: submission {}", submission.id) };
                Err(Problem::new(Kind::RefusedSubmission)
                    .detail(format!(
                        "{rejected} of {received} rows were rejected, more than {} %. Nothing of it was kept{kept}.",
                        self.rejected_percent
                    ))
                    .with_faults(listed.into_iter().map(fault)))
            }
            Published::Done(submission) => Ok(Taken::Now(submission, Vec::new())),
            Published::NotKept(submission, listed) => Ok(Taken::Now(submission, listed)),
            Published::OlderAsOf { last } => {
                Err(Problem::new(Kind::OlderAsOf).detail(format!("This list was last sent as of {last}; this one says {}.", order.as_of)))
            }
            Published::Shrinks { open, dropped } => Err(Problem::new(Kind::SnapshotShrinks).detail(format!(
                "{dropped} of {open} open entries are not in this snapshot, more than {} %. If that is so, send it with confirm=shrink.",
                self.shrink_percent
            ))),
        }
    }
}

/// Why a body did not reach the reader whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fed {
    Broken,
    TooLarge,
    TooSlow,
    ReaderGone,
}

/// Feeds the reader. A client that stands still, or sends as good as nothing, does not keep its place
/// for ever. Only the time in which the client is waited for counts: the reader may be the slow one.
async fn pump<E>(feed: &mut bodies::Feed, mut payload: impl Stream<Item = Result<Bytes, E>> + Unpin, pace: Pace) -> Result<(), Fed> {
    let (mut waited, mut came) = (Duration::ZERO, 0_u64);
    loop {
        let began = Instant::now();
        let next = tokio::time::timeout(pace.window.saturating_sub(waited), payload.next()).await;
        if let Ok(None) = next {
            return Ok(());
        }
        waited += began.elapsed();
        if waited >= pace.window {
            if came < pace.bytes {
                return Err(Fed::TooSlow);
            }
            (waited, came) = (Duration::ZERO, 0);
        }
        let Ok(Some(chunk)) = next else { continue };
        let chunk = chunk.map_err(|_| Fed::Broken)?;
        came += chunk.len() as u64;
        feed.chunk(chunk).await.map_err(|full| match full {
            Full::TooLarge => Fed::TooLarge,
            Full::ReaderGone => Fed::ReaderGone,
        })?;
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(work)
}

fn broken(error: std::io::Error) -> Problem {
    Problem::new(Kind::Malformed).detail("The body did not arrive whole; nothing of it was kept.").cause(error)
}

fn refuse_unreadable(unreadable: &Unreadable) -> Problem {
    let fault = |field: Option<&&'static str>| {
        let fault = Fault::new(unreadable.code(), unreadable.message()).fix(unreadable.fix());
        match field {
            Some(field) => fault.field(*field),
            None => fault,
        }
    };
    let fields = unreadable.fields();
    let faults: Vec<_> = if fields.is_empty() { vec![fault(None)] } else { fields.iter().map(|field| fault(Some(field))).collect() };
    Problem::new(Kind::UnreadableBody).detail(unreadable.message()).with_faults(faults)
}

fn check_nil_return(order: &Order, received: u64) -> Result<(), Problem> {
    match (order.mode, received, order.nil_return) {
        (Mode::Snapshot, 0, false) => {
            Err(Problem::new(Kind::NilReturnUnsaid).detail("If nobody is on this list, send it with nil_return=true."))
        }
        (_, 1.., true) => {
            Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "a nil return has no rows").field("nil_return")))
        }
        _ => Ok(()),
    }
}

/// An issue as it stands in a problem.
fn fault(issue: ListedIssue) -> Fault {
    let mut fault = Fault::new(issue.code.as_str(), issue.code.message()).field(issue.field).fix(issue.code.fix());
    fault.row = u64::try_from(issue.row).ok();
    fault.referral_id = issue.referral_id;
    fault
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy => Self::new(Kind::Busy),
            StoreError::LogBehind => Self::new(Kind::LogBehind).retry_after(5),
            error if error.is_away() => Self::new(Kind::DatabaseAway).retry_after(5).cause(error),
            error => Self::internal(format!("{error}: {error:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    /// What becomes of a body that comes in so many chunks of 10 bytes, each after a while, if 100
    /// bytes have to come in half a second.
    async fn fed(chunks: usize, each_after: u64, and_then_stands_still: bool) -> Result<(), Fed> {
        let pace = Pace { window: Duration::from_millis(500), bytes: 100 };
        let chunks = stream::iter(0..chunks).then(move |_| async move {
            if each_after > 0 {
                tokio::time::sleep(Duration::from_millis(each_after)).await;
            }
            Ok::<_, ()>(Bytes::from_static(b"0123456789"))
        });
        let (mut feed, mut reader) = body(1_000_000, "");
        let reading = tokio::task::spawn_blocking(move || std::io::copy(&mut reader, &mut std::io::sink()));
        let fed = match and_then_stands_still {
            false => pump(&mut feed, Box::pin(chunks), pace).await,
            true => pump(&mut feed, Box::pin(chunks.chain(stream::pending())), pace).await,
        };
        drop(feed);
        assert!(reading.await.unwrap().is_err(), "the end was not said");
        fed
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_waited_for_only_so_long() {
        assert_eq!(fed(1, 0, true).await, Err(Fed::TooSlow));
        // Much that came before is no excuse for long.
        assert_eq!(fed(1_000, 0, true).await, Err(Fed::TooSlow));
        assert_eq!(fed(1_000, 0, false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_body_that_trickles_does_not_keep_its_place() {
        assert_eq!(fed(20, 100, false).await, Err(Fed::TooSlow));
        // A short one is over before it is asked how much of it came.
        assert_eq!(fed(2, 1, false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_slow_reader_is_not_the_clients_fault() {
        let pace = Pace { window: Duration::from_millis(50), bytes: 100 };
        let chunks = stream::iter((0..40).map(|_| Ok::<_, ()>(Bytes::from_static(b"0"))));
        let (mut feed, mut reader) = body(1_000, "");
        let reading = tokio::task::spawn_blocking(move || {
            let mut byte = [0];
            while std::io::Read::read(&mut reader, &mut byte).is_ok_and(|read| read == 1) {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(pump(&mut feed, chunks, pace).await, Ok(()));
        drop(feed);
        reading.await.unwrap();
    }
}
