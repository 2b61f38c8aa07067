//! The states of a body on its way: received, spooled, staged. Each is a value; each step takes one and returns the next.
//! All of it blocks, so it needs a thread of its own.

use std::sync::Arc;

use adapters::{Context, Format, Unreadable};
use domain::{Dataset, IssueCode, PublishedCount, Submission, SubmissionStatus};
use store::{Fingerprint, Finished, Publication, Published, Staging};
use tokio::sync::OwnedSemaphorePermit;

use super::bodies::Encoded;
use super::contents::{Content, Incoming};
use super::encodings::Coding;
use super::orders::{Order, Outcome};
use super::progress::Progress;
use super::sinks::{Collected, Collector};
use super::{Intake, refusals};
use crate::spools::SpoolReader;
use crate::troubles::{Kind, Trouble};

/// How many issues an answer lists itself. The rest are read page by page.
const LISTED: i64 = 500;

/// What to do with a body, and with what.
#[derive(Clone)]
pub(super) struct Errand {
    pub(super) intake: Intake,
    pub(super) order: Order,
    /// Its place in the intake, kept as long as there is work to do.
    pub(super) _place: Arc<OwnedSemaphorePermit>,
}

/// A body that is coming in.
pub(super) struct Received {
    pub(super) errand: Errand,
    pub(super) body: Encoded,
    pub(super) coding: Coding,
}

impl Received {
    /// A new decoder reads at once, so this blocks.
    fn decode(self) -> Result<(Errand, Incoming), Trouble> {
        let Self { errand, body, coding } = self;
        let incoming = Incoming::new(body, coding, errand.intake.bounds, &errand.order.line())?;
        Ok((errand, incoming))
    }

    /// Reads the body to its end and returns the fingerprint of the request.
    pub(super) fn fingerprint(self) -> Result<Fingerprint, Trouble> {
        let (_, incoming) = self.decode()?;
        incoming.finish()
    }

    /// Waits for the whole body, and keeps it where nobody can read it.
    pub(super) fn spool(self) -> Result<Spooled, Trouble> {
        let (errand, mut incoming) = self.decode()?;
        let mut spool = errand.intake.spools.spool().map_err(Trouble::internal)?;
        if let Err(error) = std::io::copy(&mut incoming, &mut spool) {
            let full = error.kind() == std::io::ErrorKind::StorageFull;
            let ours = || if full { Trouble::new(Kind::Busy).again_after(60).cause(error) } else { Trouble::internal(error) };
            return Err(incoming.take_failure().unwrap_or_else(ours));
        }
        let fingerprint = incoming.finish()?;
        Ok(Spooled { errand, reader: spool.into_reader().map_err(Trouble::internal)?, fingerprint, progress: Arc::default() })
    }

    /// Stages the body while it comes.
    pub(super) fn stage(self) -> Result<Staged, Trouble> {
        let (errand, incoming) = self.decode()?;
        Staged::read(errand, Content::Coming(incoming))
    }
}

/// A body that has come whole.
pub(super) struct Spooled {
    pub(super) errand: Errand,
    reader: SpoolReader,
    fingerprint: Fingerprint,
    pub(super) progress: Arc<Progress>,
}

impl Spooled {
    /// Its length in bytes, decoded.
    pub(super) fn bytes(&self) -> u64 {
        self.reader.length()
    }

    pub(super) fn stage(self) -> Result<Staged, Trouble> {
        let Self { errand, reader, fingerprint, progress } = self;
        Staged::read(errand, Content::Here { reader, fingerprint, progress })
    }
}

/// A body that was read to its end. Its rows are checked, and sealed where nobody sees them.
pub(super) struct Staged {
    errand: Errand,
    staging: Staging,
    /// The submission with its counts so far.
    submission: Submission,
    issues: u64,
    /// The counts of a published return, which is no list of records.
    published: Option<Vec<PublishedCount>>,
    fingerprint: Fingerprint,
}

impl Staged {
    fn read(errand: Errand, mut content: Content) -> Result<Self, Trouble> {
        let Errand { intake, order, .. } = &errand;
        let context = Context { organisation: order.organisation, today: order.cx.today(), rules: &intake.rules };
        let progress = content.progress();
        let mut collector = Collector::new(intake.store.stage(order.id, order.organisation)?, context.today, Arc::clone(&progress));
        let read = adapters::read(order.format, &mut content, &intake.spools, &context, &mut collector);
        let Collected { mut staging, mut counts, mut issues, published } = collector.collected()?;
        if let Some(trouble) = content.take_failure() {
            return Err(trouble);
        }
        match read {
            Ok(()) => {}
            Err(Unreadable::Empty) if order.nil_return => {}
            Err(Unreadable::Source(error)) => return Err(refusals::broken(error)),
            Err(unreadable) => return Err(refusals::refuse_unreadable(&unreadable)),
        }
        let fingerprint = content.finish()?;
        let dataset = order.format.dataset();
        let twice = if dataset == Dataset::Ehcp { IssueCode::RequestTwice } else { IssueCode::ReferralTwice };
        let Finished { repeated, open_twice } = staging.finish(twice, dataset.key_field())?;
        counts.rejected += repeated;
        issues += repeated + open_twice;
        refusals::check_nil_return(order.mode, counts.received, order.nil_return)?;
        // A cancelled submission stops here rather than at its publication.
        progress.go_on().map_err(refusals::broken)?;
        let submission = Submission { counts, ..order.submission() };
        let published = matches!(order.format, Format::Published(_)).then_some(published);
        Ok(Self { errand, staging, submission, issues, published, fingerprint })
    }

    /// Publishes all of it at one instant, or none of it. `answered` says whether the sender has its answer and the
    /// database lists the submission as being worked on.
    pub(super) fn publish(self, answered: bool) -> Result<Outcome, Trouble> {
        let Self { errand: Errand { intake, order, _place }, staging, submission, issues, published, fingerprint } = self;
        let (counts, settings) = (submission.counts, &intake.settings);
        let publication = Publication {
            submission,
            issues,
            shrink_percent: settings.shrink_percent,
            confirm_shrink: order.confirm_shrink,
            refuse: if order.whole { counts.leaves_any_out() } else { counts.rejects_too_many(settings.rejected_percent) },
            whole: order.whole,
            validate: order.validate,
            registered: answered,
            listed: LISTED,
            counts: published,
            cx: order.cx,
            key: order.key.map(|key| (key, fingerprint)),
        };
        match staging.publish(publication)? {
            Published::Done(submission) => Ok(Outcome::Published(submission)),
            Published::NotKept(submission, issues) if submission.status != SubmissionStatus::Refused => {
                Ok(Outcome::Validated(submission, issues))
            }
            Published::NotKept(_, issues) if order.whole => Err(refusals::an_entry_left_out(issues)),
            Published::NotKept(submission, issues) => {
                Err(refusals::too_many_rejected(&submission, settings.rejected_percent, !order.validate, issues))
            }
            Published::OlderAsOf { last } => Err(refusals::older(last, order.as_of)),
            Published::Shrinks { open, dropped } => Err(refusals::shrinks(open, dropped, settings.shrink_percent)),
        }
    }
}
