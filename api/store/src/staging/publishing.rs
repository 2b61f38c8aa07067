//! Publishes what was staged: all of it at one instant, or nothing.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use domain::operations::Operation;
use domain::{CallContext, Dataset, PublishedCount, Submission, SubmissionCounts, SubmissionMode};

use super::merging::acting_within;
use super::{Place, Staging};
use crate::StoreError;
use crate::databases::postgres::with_retries;
use crate::idempotency::Fingerprint;
use crate::schema::list;
use crate::submissions::ListedIssue;
use crate::transactions::{Handle, Tx, on};

/// What to do with what was staged.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The submission being worked on, with its counts of rows received and rejected; the other counts are found here.
    pub submission: Submission,
    /// How many issues were found while it was staged.
    pub issues: u64,
    /// A snapshot that would drop more than this share of its list is not published.
    pub shrink_percent: u8,
    pub confirm_shrink: bool,
    /// Refuse the whole submission: keep only the report and the issues.
    pub refuse: bool,
    /// All of it or nothing: one rejected row, or an issue found at publication, refuses the whole submission.
    pub whole: bool,
    /// Only validate: change no record.
    pub validate: bool,
    /// Whether it was answered already, and is in the database as being worked on.
    pub registered: bool,
    /// How many of its issues to list at once, where nothing is kept to be listed later.
    pub listed: i64,
    /// The counts of a published return, which has no records.
    pub counts: Option<Vec<PublishedCount>>,
    /// The call that the submission came in.
    pub cx: CallContext,
    /// The idempotency key to settle together with it.
    pub key: Option<(String, Fingerprint)>,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    Done(Submission),
    /// Only validated, or refused as a whole, with its first issues.
    NotKept(Submission, Vec<ListedIssue>),
    /// The list was already sent for a later day.
    OlderAsOf {
        last: NaiveDate,
    },
    Shrinks {
        open: u64,
        dropped: u64,
    },
}

#[derive(QueryableByName)]
struct Changes {
    #[diesel(sql_type = BigInt)]
    accepted: i64,
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    unchanged: i64,
    #[diesel(sql_type = BigInt)]
    closed: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Staging {
    /// Publishes what was staged. Blocks until it is durable.
    pub fn publish(mut self, publication: Publication) -> Result<Published, StoreError> {
        let store = self.store.clone();
        self.renew()?;
        match self.desk.place()? {
            Place::Sqlite { path, connection, .. } => {
                // Close the file's own connection: from here on it belongs to the writer.
                connection.take();
                store.with_attached(path.clone(), move |tx| tx.publish(&publication))
            }
            Place::Postgres(connection) => {
                let published = with_retries(connection, &self.vault, |tx| {
                    tx.raise_work_mem()?;
                    tx.publish(&publication)
                });
                // If this fails, the publication still counts: the next staging clears up.
                if let Err(error) = connection.batch_execute("DISCARD TEMPORARY") {
                    tracing::warn!(%error, "staged rows were left behind");
                }
                published
            }
        }
    }
}

/// One statement about the submission's list, run by a method of diesel; further values follow as
/// `$4` and on.
macro_rules! about_list {
    ($tx:expr, $submission:expr, $query:expr $(, $more:expr)* ; $method:ident) => {
        on!($tx, c => diesel::sql_query($query)
            .bind::<Text, _>($submission.dataset.as_str())
            .bind::<Text, _>($submission.organisation.as_str())
            .bind::<Text, _>(&$submission.list)
            $(.bind::<Text, _>($more))*
            .$method(*c))
    };
}
pub(super) use about_list;

impl Tx<'_> {
    /// Gives PostgreSQL memory to join and sort a list, until the transaction ends. With its default of 4 MB it looks
    /// up each row's child one by one, which takes half as long again.
    fn raise_work_mem(&mut self) -> Result<(), StoreError> {
        match &mut self.handle {
            Handle::Sqlite(_) => Ok(()),
            Handle::Postgres(connection) => Ok(connection.batch_execute("SET LOCAL work_mem = '64MB'")?),
        }
    }

    fn publish(&mut self, publication: &Publication) -> Result<Published, StoreError> {
        let mut submission = publication.submission.clone();
        if publication.refuse {
            submission.issue_counts = self.count_issues(&submission)?;
            if publication.registered {
                // The caller ends it, when it records why it was refused.
                self.settle_work(&submission)?;
                self.keep_issues(&submission)?;
            }
            let submission = submission.refuse()?;
            if !publication.validate && !publication.registered {
                self.insert_submission(&submission)?;
                self.keep_issues(&submission)?;
            }
            let first = self.first_staged_issues(&submission, publication.listed)?;
            return Ok(Published::NotKept(submission, first));
        }
        if let Some(counts) = &publication.counts {
            return self.publish_counts(publication, submission, counts);
        }
        let last = self.hold_list(&submission, publication.validate)?;
        if let Some(last) = last.filter(|last| submission.is_older_than(*last)) {
            return Ok(Published::OlderAsOf { last });
        }
        let mut marked = self.reject_marked(&submission)?;
        let merging = acting_within(&publication.cx, &submission, Operation::MergeChildren);
        let plan = self.plan_merges(&submission, &merging)?;
        if plan.repointed > 0 {
            // What was erased or moved may not come back under a surviving identity either.
            marked += self.reject_marked(&submission)?;
        }
        submission.counts.rejected += marked + plan.rejected;
        let issues = marked + plan.issues;
        if publication.whole && issues > 0 {
            let first = self.first_staged_issues(&submission, publication.listed)?;
            return Ok(Published::NotKept(submission.refuse()?, first));
        }
        self.check_newest_index()?;
        self.check_cases(&submission)?;
        let changes = self.changes(&submission)?;
        let stale = self.count(STALE, &submission)?;
        let not_flowed = if submission.mode == SubmissionMode::Snapshot { self.count(NOT_FLOWED, &submission)? } else { 0 };
        let open = natural(self.count(OPEN, &submission)?);
        submission.counts = SubmissionCounts {
            accepted: natural(changes.accepted) + plan.merged + plan.idle,
            unchanged: natural(changes.unchanged) + plan.idle,
            merged: plan.merged,
            opened: natural(changes.opened),
            updated: natural(changes.accepted - changes.unchanged - changes.opened - changes.closed),
            closed: natural(changes.closed),
            stale: natural(stale),
            not_flowed: natural(not_flowed),
            ..submission.counts
        };
        if !publication.confirm_shrink && submission.counts.shrinks_too_much(open, publication.shrink_percent) {
            return Ok(Published::Shrinks { open, dropped: submission.counts.not_flowed });
        }
        submission.issue_counts = self.count_issues(&submission)?;
        if publication.validate {
            return self.keep_validation(publication, submission);
        }
        self.move_records(&submission)?;
        self.make_merges(&submission, &plan, &merging)?;
        self.join_identifiers(&submission, &publication.cx)?;
        let submission = submission.accept(publication.issues + issues)?;
        self.keep_report(publication, &submission)?;
        self.let_issues_stand(&submission)?;
        Ok(Published::Done(submission))
    }

    /// Answers a submission that was only validated. If it was answered before, its report is kept to be asked for.
    pub(crate) fn keep_validation(&mut self, publication: &Publication, submission: Submission) -> Result<Published, StoreError> {
        let submission = submission.validate()?;
        if publication.registered {
            self.settle_work(&submission)?;
            self.keep_issues(&submission)?;
            self.give_back_key(submission.id)?;
        }
        let first = self.first_staged_issues(&submission, publication.listed)?;
        Ok(Published::NotKept(submission, first))
    }

    /// Stores the report for the client, and settles the idempotency key.
    pub(crate) fn keep_report(&mut self, publication: &Publication, submission: &Submission) -> Result<(), StoreError> {
        if publication.registered {
            self.settle_work(submission)?;
        } else {
            self.insert_submission(submission)?;
        }
        self.keep_issues(submission)?;
        if let Some((key, fingerprint)) = &publication.key {
            self.settle(&submission.client, key, submission.id.0, fingerprint, &submission.id.to_string())?;
        }
        Ok(())
    }

    /// Holds the list, so that two publications of it follow one another. Answers the day it was last sent for.
    pub(crate) fn hold_list(&mut self, submission: &Submission, validate_only: bool) -> Result<Option<NaiveDate>, StoreError> {
        let (dataset, organisation) = (submission.dataset.as_str(), submission.organisation.as_str());
        if !validate_only {
            let row = (list::dataset.eq(dataset), list::organisation.eq(organisation), list::name.eq(&submission.list));
            on!(self, c => diesel::insert_into(list::table).values(row).on_conflict_do_nothing().execute(*c))?;
        }
        let query = list::table.find((dataset, organisation, &submission.list)).select(list::as_of);
        let last: Option<Option<NaiveDate>> = match &mut self.handle {
            Handle::Sqlite(connection) => query.first(*connection).optional()?,
            Handle::Postgres(connection) => query.for_update().first(*connection).optional()?,
        };
        Ok(last.flatten())
    }

    fn changes(&mut self, submission: &Submission) -> Result<Changes, StoreError> {
        Ok(about_list!(self, submission, CHANGES; get_result)?)
    }

    /// If two gateways changed keys at different moments, a case may meanwhile be held under another id than this
    /// submission found. Then it is to be sent again.
    fn check_cases(&mut self, submission: &Submission) -> Result<(), StoreError> {
        if submission.dataset == Dataset::Ehcp && self.count(TWO_IDS, submission)? > 0 { Err(StoreError::Busy) } else { Ok(()) }
    }

    fn count(&mut self, query: &'static str, submission: &Submission) -> Result<i64, StoreError> {
        let number: Number = about_list!(self, submission, query; get_result)?;
        Ok(number.number)
    }

    fn move_records(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let (mut children, mut records) = (CHILDREN.to_owned(), RECORDS.to_owned());
        if self.vault.has_two_indexes() {
            on!(self, c => diesel::sql_query(CLAIMS).execute(*c))?;
            children = children.replace(SAME_CHILD, SAME_CHILD_OF_TWO);
            records = records.replace(SAME_CHILD, SAME_CHILD_OF_TWO).replace(ORDER, CHANGED_OF_TWO);
        }
        on!(self, c => diesel::sql_query(&children).execute(*c))?;
        about_list!(self, submission, &records, submission.id.to_string(); execute)?;
        about_list!(self, submission, MARK_STALE; execute)?;
        if submission.mode == SubmissionMode::Snapshot {
            // Written into the statement: the two databases take a day by different types.
            let today = domain::london_day(submission.received_at).to_string();
            about_list!(self, submission, MARK_NOT_FLOWED.replace("TODAY", &today); execute)?;
        }
        let key = (submission.dataset.as_str(), submission.organisation.as_str(), &submission.list);
        on!(self, c => diesel::update(list::table.find(key)).set(list::as_of.eq(submission.as_of)).execute(*c))?;
        Ok(())
    }
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

// While there are two look-up keys, a child and a digest may be stored under either. Usually there is one key, and the
// databases can join by plain equality.

const SAME_CHILD: &str = "c.look_up = s.look_up";
const SAME_CHILD_OF_TWO: &str = "c.look_up IN (s.look_up, s.other_look_up)";
const ORDER: &str = "ORDER BY s.record_key";
/// Leaves unchanged records alone: their stored digest may be made with the other key.
const CHANGED_OF_TWO: &str = "AND NOT EXISTS (SELECT 1 FROM record o WHERE o.dataset = $1 AND o.organisation = $2 AND o.list = $3
        AND o.record_key = s.record_key AND o.flow = 'flowed' AND o.digest IN (s.digest, s.other_digest))
    ORDER BY s.record_key";

/// See `Tx::claim_child`.
const CLAIMS: &str = "
    INSERT INTO child_claim (look_up)
    SELECT DISTINCT CASE WHEN s.look_up < s.other_look_up THEN s.look_up ELSE s.other_look_up END AS claimed FROM staged s
    WHERE NOT EXISTS (SELECT 1 FROM child_identifier c WHERE c.look_up IN (s.look_up, s.other_look_up))
    ORDER BY claimed
    ON CONFLICT (look_up) DO NOTHING";

/// Adds children that are named for the first time. Always in the same order, so that two publications cannot deadlock.
const CHILDREN: &str = "
    INSERT INTO child_identifier (look_up, sealed_reference)
    SELECT s.look_up, s.sealed_reference FROM staged s
    WHERE NOT EXISTS (SELECT 1 FROM child_identifier c WHERE c.look_up = s.look_up)
    ORDER BY s.look_up
    ON CONFLICT (look_up) DO NOTHING";

// Below, $1 is the dataset, $2 the organisation and $3 the list. SQLite numbers such names in the order in which they
// first appear, so they must appear in this order. CROSS JOIN also tells SQLite to start from the staged rows, which
// are few where a list is long.

const CHANGES: &str = "
    SELECT COUNT(*) AS accepted,
        CAST(COALESCE(SUM(CASE WHEN r.id IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS opened,
        CAST(COALESCE(SUM(CASE WHEN r.digest IN (s.digest, s.other_digest) AND r.list = scope.list THEN 1 ELSE 0 END), 0) AS BIGINT) AS unchanged,
        CAST(COALESCE(SUM(CASE WHEN r.digest NOT IN (s.digest, s.other_digest) AND r.is_open AND NOT s.is_open THEN 1 ELSE 0 END), 0) AS BIGINT) AS closed
    FROM (SELECT $1 AS dataset, $2 AS organisation, $3 AS list) scope CROSS JOIN staged s
    LEFT JOIN record r ON r.dataset = scope.dataset AND r.organisation = scope.organisation AND r.record_key = s.record_key";

// The list is there only to keep the values in order.
const TWO_IDS: &str = "
    SELECT COUNT(*) AS number
    FROM (SELECT $1 AS dataset, $2 AS organisation, $3 AS list) scope CROSS JOIN staged s
    JOIN record r ON r.organisation = scope.organisation AND r.case_index = s.case_index
    WHERE r.dataset = scope.dataset AND r.record_key <> s.record_key";

const OPEN: &str = "
    SELECT COUNT(*) AS number FROM record
    WHERE dataset = $1 AND organisation = $2 AND list = $3 AND is_open AND flow <> 'not-flowed'";

const STALE: &str = "
    SELECT COUNT(*) AS number FROM record
    WHERE dataset = $1 AND organisation = $2 AND list = $3 AND record_key IN (SELECT record_key FROM staged_rejected)
        AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.record_key = record.record_key)";

const NOT_FLOWED: &str = "
    SELECT COUNT(*) AS number FROM record
    WHERE dataset = $1 AND organisation = $2 AND list = $3 AND is_open AND flow <> 'not-flowed'
        AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.record_key = record.record_key)
        AND NOT EXISTS (SELECT 1 FROM staged_rejected x WHERE x.record_key = record.record_key)";

const RECORDS: &str = "
    INSERT INTO record (dataset, organisation, list, submission_id,
        record_key, child_id, pathways, is_open, flow, digest, case_index, sealed_record, retain_from)
    SELECT $1, $2, $3, $4, s.record_key, c.id, s.pathways, s.is_open, 'flowed', s.digest, s.case_index, s.sealed_record, s.retain_from
    FROM staged s CROSS JOIN child_identifier c WHERE c.look_up = s.look_up
    ORDER BY s.record_key
    ON CONFLICT (dataset, organisation, record_key) DO UPDATE SET
        list = excluded.list, submission_id = excluded.submission_id, child_id = excluded.child_id, pathways = excluded.pathways,
        is_open = excluded.is_open, flow = excluded.flow, digest = excluded.digest, case_index = excluded.case_index,
        sealed_record = excluded.sealed_record, retain_from = excluded.retain_from
    WHERE record.digest <> excluded.digest OR record.flow <> excluded.flow OR record.list <> excluded.list";

const MARK_STALE: &str = "
    UPDATE record SET flow = 'stale'
    WHERE dataset = $1 AND organisation = $2 AND list = $3 AND record_key IN (SELECT record_key FROM staged_rejected)
        AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.record_key = record.record_key)";

const MARK_NOT_FLOWED: &str = "
    UPDATE record SET flow = 'not-flowed', retain_from = 'TODAY'
    WHERE dataset = $1 AND organisation = $2 AND list = $3 AND is_open AND flow <> 'not-flowed'
        AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.record_key = record.record_key)
        AND NOT EXISTS (SELECT 1 FROM staged_rejected x WHERE x.record_key = record.record_key)";

#[cfg(test)]
mod tests {
    use diesel::SqliteConnection;
    use diesel_migrations::MigrationHarness;

    use super::*;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn what_a_list_may_lose_is_found_without_reading_its_senders_other_lists() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(crate::migrations::Migrations).unwrap();
        connection.batch_execute(&super::super::TABLES.replace("KIND", "").replace("BYTES", "BLOB")).unwrap();
        for query in [OPEN, NOT_FLOWED, MARK_NOT_FLOWED] {
            let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(&mut connection).unwrap();
            let by_list = |step: &Step| step.detail.contains("record_by_list (dataset=? AND organisation=? AND list=?");
            assert!(plan.iter().any(by_list), "{query}: {:?}", plan.iter().map(|step| &step.detail).collect::<Vec<_>>());
        }
    }
}
