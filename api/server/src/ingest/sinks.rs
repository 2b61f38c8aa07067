//! Takes rows from an adapter and puts them into the staging.

use std::sync::Arc;

use adapters::{PublishedRow, Row, Sink, Stop};
use chrono::NaiveDate;
use domain::comparators::PublishedCount;
use domain::issues::Issue;
use store::{Staging, StoreError};

use super::works::Progress;

/// Counts rows on their way, and keeps the first failure of the store.
pub(super) struct Collector {
    staging: Staging,
    today: NaiveDate,
    progress: Arc<Progress>,
    pub(super) received: u64,
    pub(super) rejected: u64,
    pub(super) out_of_scope: u64,
    pub(super) issues: u64,
    pub(super) counts: Vec<PublishedCount>,
    failure: Option<StoreError>,
}

impl Collector {
    pub(super) fn new(staging: Staging, today: NaiveDate, progress: Arc<Progress>) -> Self {
        Self { staging, today, progress, received: 0, rejected: 0, out_of_scope: 0, issues: 0, counts: Vec::new(), failure: None }
    }

    /// The staging, unless the store failed.
    pub(super) fn into_staging(self) -> Result<Staging, StoreError> {
        match self.failure {
            None => Ok(self.staging),
            Some(error) => Err(error),
        }
    }

    fn take(&mut self, row: Row) -> Result<(), StoreError> {
        self.received += 1;
        self.progress.record();
        self.note(row.issues)?;
        match row.record {
            Some(record) => self.staging.record(row.number, &record, self.today),
            None => {
                self.rejected += 1;
                match (row.referral_id, row.rejected_request) {
                    (Some(id), _) => self.staging.rejected(id),
                    (None, Some((child, received_on))) => self.staging.rejected_request(&child, received_on),
                    (None, None) => Ok(()),
                }
            }
        }
    }

    fn note(&mut self, issues: Vec<Issue>) -> Result<(), StoreError> {
        self.issues += issues.len() as u64;
        if issues.is_empty() { Ok(()) } else { self.staging.issues(issues) }
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
        self.received += 1;
        self.rejected += u64::from(row.count.is_none());
        self.counts.extend(row.count);
        let noted = self.note(row.issues);
        self.or_stop(noted)
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        self.out_of_scope += 1;
        Ok(())
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        let noted = self.note(vec![issue]);
        self.or_stop(noted)
    }
}

/// Keeps what each row calls itself, and nothing else.
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
