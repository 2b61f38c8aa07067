//! Takes rows from an adapter and puts them into the staging.

use std::sync::Arc;

use adapters::{PublishedRow, Row, Sink, Stop};
use chrono::NaiveDate;
use domain::{Issue, PublishedCount, SubmissionCounts};
use store::{Staging, StoreError};

use super::progress::Progress;

/// What was found while a body was read.
pub(super) struct Collected {
    pub(super) staging: Staging,
    /// Received, rejected and out of scope. The rest is counted on publication.
    pub(super) counts: SubmissionCounts,
    pub(super) issues: u64,
    /// The counts of a published return.
    pub(super) published: Vec<PublishedCount>,
}

/// Stages rows, counts them, and keeps the first failure of the store.
pub(super) struct Collector {
    collected: Collected,
    today: NaiveDate,
    progress: Arc<Progress>,
    failure: Option<StoreError>,
}

impl Collector {
    pub(super) fn new(staging: Staging, today: NaiveDate, progress: Arc<Progress>) -> Self {
        let collected = Collected { staging, counts: SubmissionCounts::default(), issues: 0, published: Vec::new() };
        Self { collected, today, progress, failure: None }
    }

    /// What was collected, unless the store failed.
    pub(super) fn collected(self) -> Result<Collected, StoreError> {
        match self.failure {
            None => Ok(self.collected),
            Some(error) => Err(error),
        }
    }

    fn take(&mut self, row: Row) -> Result<(), StoreError> {
        self.collected.counts.received += 1;
        self.progress.record();
        self.note(row.issues)?;
        let Collected { staging, counts, .. } = &mut self.collected;
        match row.record {
            Some(record) => staging.record(row.number, &record, self.today),
            None => {
                counts.rejected += 1;
                match (row.referral_id, row.rejected_request) {
                    (Some(id), _) => staging.rejected(id),
                    (None, Some((child, received_on))) => staging.rejected_request(&child, received_on),
                    (None, None) => Ok(()),
                }
            }
        }
    }

    fn note(&mut self, issues: Vec<Issue>) -> Result<(), StoreError> {
        self.collected.issues += issues.len() as u64;
        if issues.is_empty() { Ok(()) } else { self.collected.staging.issues(issues) }
    }

    fn or_stop(&mut self, result: Result<(), StoreError>) -> Result<(), Stop> {
        result.map_err(|error| {
            self.failure = Some(error);
            Stop
        })
    }
}

impl Sink for Collector {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        let taken = self.take(row);
        self.or_stop(taken)
    }

    fn published(&mut self, row: PublishedRow) -> Result<(), Stop> {
        let Collected { counts, published, .. } = &mut self.collected;
        counts.received += 1;
        counts.rejected += u64::from(row.count.is_none());
        published.extend(row.count);
        let noted = self.note(row.issues);
        self.or_stop(noted)
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        self.collected.counts.out_of_scope += 1;
        Ok(())
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        let noted = self.note(vec![issue]);
        self.or_stop(noted)
    }
}

/// Keeps only the referral id of each row.
#[derive(Default)]
pub(super) struct Names(pub(super) Vec<(u64, String)>);

impl Sink for Names {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.0.extend(row.referral_id.map(|id| (row.number, id)));
        Ok(())
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    fn file_issue(&mut self, _: Issue) -> Result<(), Stop> {
        Ok(())
    }
}
