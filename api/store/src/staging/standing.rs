//! Compares the issues of a list with those it had before. An issue is known by its referral, field and code. It stays
//! until its referral is sent again without it, so issues of rows that a delta leaves out, or that did not flow, do not
//! count as fixed. A row whose referral id could not be read has no history.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use domain::{IssueCount, Submission};

use super::publishing::about_list;
use crate::StoreError;
use crate::rows::read;
use crate::submissions::{ListedIssue, ListedRow};
use crate::transactions::{Tx, on};

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    found: i64,
    #[diesel(sql_type = BigInt)]
    fresh: i64,
    #[diesel(sql_type = BigInt)]
    persisting: i64,
}

#[derive(QueryableByName)]
struct FixedRow {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    fixed: i64,
}

impl Tx<'_> {
    /// The first of the staged issues: errors before warnings, each in row order.
    pub(super) fn first_staged_issues(&mut self, submission: &Submission, limit: i64) -> Result<Vec<ListedIssue>, StoreError> {
        let query = FIRST.replace("AGAINST", AGAINST).replace("STATE", STATE).replace("MOST", &limit.to_string());
        let rows: Vec<ListedRow> = about_list!(self, submission, query; load)?;
        rows.into_iter().map(ListedIssue::try_from).collect()
    }

    /// How many of the staged issues there are of each code. Call this before [`Tx::let_issues_stand`].
    pub(super) fn count_issues(&mut self, submission: &Submission) -> Result<Vec<IssueCount>, StoreError> {
        let found: Vec<FoundRow> = about_list!(self, submission, FOUND.replace("AGAINST", AGAINST); load)?;
        let fixed: Vec<FixedRow> = about_list!(self, submission, FIXED; load)?;
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let mut counts = Vec::with_capacity(found.len());
        for row in found {
            let (found, new, persisting) = (number(row.found), number(row.fresh), number(row.persisting));
            counts.push(IssueCount { code: read(&row.code, "an issue's code")?, count: found, new, persisting, fixed: 0 });
        }
        for row in fixed {
            let code = read(&row.code, "an issue's code")?;
            match counts.iter_mut().find(|count| count.code == code) {
                Some(count) => count.fixed = number(row.fixed),
                None => counts.push(IssueCount { code, count: 0, new: 0, persisting: 0, fixed: number(row.fixed) }),
            }
        }
        counts.sort_unstable_by_key(|count| count.code);
        Ok(counts)
    }

    /// Keeps the issues with the report.
    pub(super) fn keep_issues(&mut self, submission: &Submission) -> Result<(), StoreError> {
        about_list!(self, submission, ISSUES.replace("AGAINST", AGAINST).replace("STATE", STATE), submission.id.to_string(); execute)?;
        Ok(())
    }

    /// Makes this submission's issues the current ones of its list. Call this after [`Tx::keep_issues`].
    pub(super) fn let_issues_stand(&mut self, submission: &Submission) -> Result<(), StoreError> {
        about_list!(self, submission, SETTLED; execute)?;
        about_list!(self, submission, STANDING, submission.id.to_string(); execute)?;
        Ok(())
    }
}

// As in `publishing`, $1 is the dataset, $2 the organisation and $3 the list, and they appear in order.

const AGAINST: &str = "staged_issue i LEFT JOIN standing_issue o
        ON o.dataset = scope.dataset AND o.organisation = scope.organisation AND o.list = scope.list
        AND o.subject = i.subject AND o.code = i.code AND o.field = i.field";

const STATE: &str = "CASE WHEN i.subject IS NULL THEN NULL WHEN o.code IS NULL THEN 'new' ELSE 'persisting' END";

const FIRST: &str = "
    SELECT i.row_number, i.position, i.record_key, i.field, i.code, STATE AS state
    FROM (SELECT $1 AS dataset, $2 AS organisation, $3 AS list) scope CROSS JOIN AGAINST
    ORDER BY i.is_error DESC, i.row_number, i.position LIMIT MOST";

const FOUND: &str = "
    SELECT i.code, COUNT(*) AS found, COUNT(o.code) AS persisting,
        CAST(SUM(CASE WHEN i.subject IS NOT NULL AND o.code IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS fresh
    FROM (SELECT $1 AS dataset, $2 AS organisation, $3 AS list) scope CROSS JOIN AGAINST
    GROUP BY i.code";

/// Issues of rows that were sent again without them.
const FIXED: &str = "
    SELECT o.code, COUNT(*) AS fixed FROM standing_issue o
    WHERE o.dataset = $1 AND o.organisation = $2 AND o.list = $3
        AND (o.subject = '' OR o.subject IN (SELECT record_key FROM staged) OR o.subject IN (SELECT record_key FROM staged_rejected))
        AND NOT EXISTS (SELECT 1 FROM staged_issue i WHERE i.subject = o.subject AND i.code = o.code AND i.field = o.field)
    GROUP BY o.code";

const ISSUES: &str = "
    INSERT INTO issue (submission_id, row_number, position, record_key, field, code, state)
    SELECT scope.id, i.row_number, i.position, i.record_key, i.field, i.code, STATE
    FROM (SELECT $1 AS dataset, $2 AS organisation, $3 AS list, $4 AS id) scope CROSS JOIN AGAINST";

const SETTLED: &str = "
    DELETE FROM standing_issue
    WHERE dataset = $1 AND organisation = $2 AND list = $3
        AND (subject = '' OR subject IN (SELECT record_key FROM staged) OR subject IN (SELECT record_key FROM staged_rejected))";

const STANDING: &str = "
    INSERT INTO standing_issue (dataset, organisation, list, submission_id, subject, code, field)
    SELECT DISTINCT $1, $2, $3, $4, i.subject, i.code, i.field FROM staged_issue i WHERE i.subject IS NOT NULL
    ON CONFLICT DO NOTHING";
