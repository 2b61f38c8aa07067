//! Submissions that were answered before they were done. Each ends once: it can be ended only while it is `processing`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{AlreadyEnded, Submission, SubmissionFailure, SubmissionId, SubmissionStatus, SubmissionWork};

use crate::rows::{read, to_json};
use crate::schema::{idempotency, submission, submission_work};
use crate::transactions::{Tx, on};
use crate::{Store, StoreError};

const PROCESSING: &str = SubmissionStatus::Processing.as_str();

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Tx<'_> {
    /// Records a submission of this many bytes as being worked on.
    pub fn register(&mut self, submission: &Submission, bytes: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.insert_submission(submission)?;
        let row = (
            submission_work::submission_id.eq(submission.id.to_string()),
            submission_work::beat_at.eq(now.naive_utc()),
            submission_work::bytes_total.eq(whole(bytes)),
            submission_work::bytes_read.eq(0),
            submission_work::records_read.eq(0),
        );
        on!(self, c => diesel::insert_into(submission_work::table).values(row).execute(*c))?;
        Ok(())
    }

    /// What is known of the work on a submission.
    pub fn work(&mut self, id: SubmissionId) -> Result<Option<SubmissionWork>, StoreError> {
        let row: Option<(i64, i64, i64, Option<String>)> = on!(self, c => submission_work::table
            .find(id.to_string())
            .select((submission_work::bytes_total, submission_work::bytes_read, submission_work::records_read, submission_work::problem))
            .first(*c)
            .optional())?;
        Ok(row.map(|(total, bytes, records, trouble)| SubmissionWork {
            bytes_total: natural(total),
            bytes_read: natural(bytes),
            records_read: natural(records),
            trouble,
        }))
    }

    /// The submission being worked on under a client's idempotency key, if there is one.
    pub fn worked_on(&mut self, client: &str, key: &str) -> Result<Option<SubmissionId>, StoreError> {
        let id: Option<String> = on!(self, c => submission::table
            .filter(submission::status.eq(PROCESSING).and(submission::id.eq_any(
                idempotency::table.find((client, key)).select(idempotency::owner)
            )))
            .select(submission::id)
            .first(*c)
            .optional())?;
        id.map(|id| read(&id, "a submission's id")).transpose()
    }

    /// Records the result of a submission that was worked on. Fails where somebody else ended it, so that nothing of it
    /// is committed.
    pub(crate) fn settle_work(&mut self, done: &Submission) -> Result<(), StoreError> {
        let (counts, issue_counts) = (to_json(&done.counts)?, to_json(&done.issue_counts)?);
        let processing = submission::table.find(done.id.to_string()).filter(submission::status.eq(PROCESSING));
        let settled = on!(self, c => diesel::update(processing)
            .set((submission::status.eq(done.status.as_str()), submission::counts.eq(&counts), submission::issue_counts.eq(&issue_counts)))
            .execute(*c))?;
        if settled != 1 {
            return Err(StoreError::Ended);
        }
        if done.status != SubmissionStatus::Processing {
            on!(self, c => diesel::delete(submission_work::table.find(done.id.to_string())).execute(*c))?;
        }
        Ok(())
    }

    /// Ends work that failed and gives its key back. Answers `false` if there was nothing left to end.
    pub fn end_work(&mut self, id: SubmissionId, failure: &SubmissionFailure) -> Result<bool, StoreError> {
        let Some(Ok(failed)) = self.held_submission(id)?.map(|submission| submission.fail(failure)) else { return Ok(false) };
        self.save_end(&failed)?;
        let work = submission_work::table.find(id.to_string());
        on!(self, c => diesel::update(work).set(submission_work::problem.eq(failure.trouble())).execute(*c))?;
        self.give_back_key(id)?;
        Ok(true)
    }

    /// Saves how a submission ended, unless it ended meanwhile.
    fn save_end(&mut self, ended: &Submission) -> Result<(), StoreError> {
        let processing = submission::table.find(ended.id.to_string()).filter(submission::status.eq(PROCESSING));
        let saved = on!(self, c => diesel::update(processing).set(submission::status.eq(ended.status.as_str())).execute(*c))?;
        if saved == 1 { Ok(()) } else { Err(StoreError::Ended) }
    }

    /// Gives back the key that a submission is worked on under.
    pub(crate) fn give_back_key(&mut self, id: SubmissionId) -> Result<(), StoreError> {
        let held = idempotency::table.filter(idempotency::owner.eq(id.to_string()).and(idempotency::answer.is_null()));
        on!(self, c => diesel::delete(held).execute(*c))?;
        Ok(())
    }

    /// Cancels a client's own submission if it is being worked on. One that was cancelled before is answered as it is.
    pub fn cancel_submission(&mut self, id: SubmissionId, client: &str) -> Result<Option<Result<Submission, AlreadyEnded>>, StoreError> {
        // Checked first, so that another client's submission is not locked.
        if self.submission(id, client)?.is_none() {
            return Ok(None);
        }
        let Some(submission) = self.held_submission(id)? else { return Ok(None) };
        let was = submission.status;
        let Ok(cancelled) = submission.cancel() else { return Ok(Some(Err(AlreadyEnded))) };
        if was != cancelled.status {
            self.save_end(&cancelled)?;
            on!(self, c => diesel::delete(submission_work::table.find(id.to_string())).execute(*c))?;
            self.give_back_key(id)?;
        }
        Ok(Some(Ok(cancelled)))
    }
}

impl Store {
    /// Records that a submission is still being worked on, and how far. Answers whether to go on.
    pub async fn beat(&self, id: SubmissionId, work: SubmissionWork, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let processing = submission::table.filter(submission::status.eq(PROCESSING)).select(submission::id);
            let own = submission_work::submission_id.eq(id.to_string()).and(submission_work::submission_id.eq_any(processing));
            let beat = on!(tx, c => diesel::update(submission_work::table.filter(own))
                .set((
                    submission_work::beat_at.eq(now.naive_utc()),
                    submission_work::bytes_read.eq(whole(work.bytes_read)),
                    submission_work::records_read.eq(whole(work.records_read)),
                ))
                .execute(*c))?;
            Ok(beat == 1)
        })
        .await
    }

    /// Ends work that nobody has reported on since an instant. Answers how many.
    pub async fn end_still_works(&self, before: DateTime<Utc>, failure: SubmissionFailure) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let processing = submission::table.filter(submission::status.eq(PROCESSING)).select(submission::id);
            let still: Vec<String> = on!(tx, c => submission_work::table
                .filter(submission_work::beat_at.lt(before.naive_utc()).and(submission_work::submission_id.eq_any(processing)))
                .select(submission_work::submission_id)
                .load(*c))?;
            let mut ended = 0;
            for id in still {
                ended += u64::from(tx.end_work(read(&id, "a submission's id")?, &failure)?);
            }
            Ok(ended)
        })
        .await
    }
}
