//! Submissions and their reports.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use domain::{IssueCode, IssueState, Submission, SubmissionId};

use crate::StoreError;
use crate::rows::{from_json, read, to_json, utc};
use crate::schema::{issue, submission};
use crate::transactions::{Tx, held, on};

/// An issue as it is listed. Its position counts from 0 within its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIssue {
    pub row: i64,
    pub position: i32,
    pub referral_id: Option<String>,
    pub field: String,
    pub code: IssueCode,
    /// Whether the issue was there before; `None` where its row cannot be recognised.
    pub state: Option<IssueState>,
}

/// Which of a submission's issues to list. Empty means all.
#[derive(Debug, Clone, Copy, Default)]
pub struct IssueChoice {
    pub code: Option<IssueCode>,
    pub state: Option<IssueState>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = submission)]
struct SubmissionRow {
    id: String,
    client: String,
    dataset: String,
    format: String,
    organisation: String,
    list: String,
    mode: String,
    as_of: NaiveDate,
    status: String,
    counts: String,
    received_at: NaiveDateTime,
    issue_counts: String,
}

/// An issue, staged or kept.
#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = issue)]
pub(crate) struct ListedRow {
    row_number: i64,
    position: i32,
    record_key: Option<String>,
    field: String,
    code: String,
    state: Option<String>,
}

impl TryFrom<ListedRow> for ListedIssue {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        Ok(Self {
            row: row.row_number,
            position: row.position,
            referral_id: row.record_key,
            field: row.field,
            code: read(&row.code, "an issue's code")?,
            state: row.state.map(|state| read(&state, "an issue's state")).transpose()?,
        })
    }
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = StoreError;

    fn try_from(row: SubmissionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read(&row.id, "a submission's id")?,
            client: row.client,
            dataset: read(&row.dataset, "a submission's dataset")?,
            format: row.format,
            organisation: read(&row.organisation, "a submission's organisation")?,
            list: row.list,
            mode: read(&row.mode, "a submission's mode")?,
            as_of: row.as_of,
            status: read(&row.status, "a submission's status")?,
            counts: from_json(row.counts.as_bytes(), "a submission's counts")?,
            received_at: utc(row.received_at),
            issue_counts: from_json(row.issue_counts.as_bytes(), "a submission's issues")?,
        })
    }
}

impl Tx<'_> {
    pub(crate) fn insert_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let row = SubmissionRow {
            id: submission.id.to_string(),
            client: submission.client.clone(),
            dataset: submission.dataset.to_string(),
            format: submission.format.clone(),
            organisation: submission.organisation.to_string(),
            list: submission.list.clone(),
            mode: submission.mode.to_string(),
            as_of: submission.as_of,
            status: submission.status.to_string(),
            counts: to_json(&submission.counts)?,
            received_at: submission.received_at.naive_utc(),
            issue_counts: to_json(&submission.issue_counts)?,
        };
        on!(self, c => diesel::insert_into(submission::table).values(&row).execute(*c))?;
        Ok(())
    }

    /// A client's own submission.
    pub fn submission(&mut self, id: SubmissionId, client: &str) -> Result<Option<Submission>, StoreError> {
        let row: Option<SubmissionRow> = on!(self, c => submission::table
            .find(id.to_string())
            .filter(submission::client.eq(client))
            .select(SubmissionRow::as_select())
            .first(*c)
            .optional())?;
        row.map(Submission::try_from).transpose()
    }

    /// Any client's submission, held until the transaction ends.
    pub(crate) fn held_submission(&mut self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        let row: Option<SubmissionRow> = held!(self, submission::table.find(id.to_string()) => SubmissionRow).optional()?;
        row.map(Submission::try_from).transpose()
    }

    /// A client's own submissions, newest first, before an id. Ids rise with time.
    pub fn submissions(&mut self, client: &str, before: Option<SubmissionId>, limit: i64) -> Result<Vec<Submission>, StoreError> {
        // "~" sorts after every hexadecimal digit.
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let rows: Vec<SubmissionRow> = on!(self, c => submission::table
            .filter(submission::client.eq(client).and(submission::id.lt(&before)))
            .order(submission::id.desc())
            .limit(limit)
            .select(SubmissionRow::as_select())
            .load(*c))?;
        rows.into_iter().map(Submission::try_from).collect()
    }

    /// A submission's issues in row order, after a row and position.
    pub fn issues(
        &mut self,
        id: SubmissionId,
        choice: IssueChoice,
        after: Option<(i64, i32)>,
        limit: i64,
    ) -> Result<Vec<ListedIssue>, StoreError> {
        let (row, position) = after.unwrap_or((-1, 0));
        let later = issue::row_number.gt(row).or(issue::row_number.eq(row).and(issue::position.gt(position)));
        let rows: Vec<ListedRow> = on!(self, c => {
            let mut query = issue::table.filter(issue::submission_id.eq(id.to_string()).and(later)).into_boxed();
            if let Some(code) = choice.code {
                query = query.filter(issue::code.eq(code.as_str()));
            }
            if let Some(state) = choice.state {
                query = query.filter(issue::state.eq(state.as_str()));
            }
            query.order((issue::row_number, issue::position)).limit(limit).select(ListedRow::as_select()).load(*c)
        })?;
        rows.into_iter().map(ListedIssue::try_from).collect()
    }
}
