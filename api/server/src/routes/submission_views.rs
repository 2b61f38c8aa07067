//! What a sender is told of a submission.

use chrono::NaiveDate;
use domain::{
    Dataset, IssueCount, IssueState, OrganisationCode, PublishedCount, PublishedReturn, ServiceLine, Severity, Submission,
    SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus,
};
use exchange::ListedIssue;
use exchange::Report;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problems::Problem;

/// The report of a submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionView {
    pub id: SubmissionId,
    pub dataset: Dataset,
    #[schema(example = "csv")]
    pub format: String,
    pub organisation: OrganisationCode,
    #[schema(example = "autism")]
    pub list: String,
    pub mode: SubmissionMode,
    /// The day whose state it tells.
    pub as_of: NaiveDate,
    pub status: SubmissionStatus,
    pub records: SubmissionCounts,
    /// How often each issue was found.
    pub issue_counts: Vec<IssueCountView>,
    /// Where the issues are listed, page by page; nowhere where nothing was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<String>,
    /// How far the work is, as long as it is `processing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressView>,
    /// Why nothing of it was kept, where that was found after the answer: as a problem answer says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub problem: Option<serde_json::Value>,
    /// What the organisation last published of the same service, to compare with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_published: Vec<LastPublishedView>,
    /// The first issues themselves: only where nothing was kept to be listed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue_list: Option<Vec<IssueView>>,
}

/// How far the work on a submission is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressView {
    pub bytes_read: u64,
    pub bytes_total: u64,
    /// Rows so far.
    pub records_read: u64,
}

/// What an organisation last published of a service.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastPublishedView {
    pub source: PublishedReturn,
    pub service_line: ServiceLine,
    #[schema(example = "2026-09")]
    pub period: String,
    pub total: u64,
}

impl From<PublishedCount> for LastPublishedView {
    fn from(count: PublishedCount) -> Self {
        let period = count.period.format("%Y-%m").to_string();
        Self { source: count.line.source(), service_line: count.line, period, total: count.total }
    }
}

/// How often an issue was found, and what became of it since the list was last sent. What is neither new nor
/// persisting is in rows whose referral id could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueCountView {
    #[schema(example = "nhs-number-check-digit")]
    pub code: &'static str,
    pub severity: Severity,
    pub count: u64,
    pub new: u64,
    pub persisting: u64,
    /// There before, and its referral was sent again without it.
    pub fixed: u64,
}

impl From<IssueCount> for IssueCountView {
    fn from(IssueCount { code, count, new, persisting, fixed }: IssueCount) -> Self {
        Self { code: code.as_str(), severity: code.severity(), count, new, persisting, fixed }
    }
}

/// Something wrong in a row. It repeats no value but the writer's own referral id.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueView {
    /// Counted from 1; 0 is the file as a whole.
    pub row: i64,
    pub referral_id: Option<String>,
    /// By the name that the format has for it.
    #[schema(example = "nhs_number")]
    pub field: String,
    #[schema(example = "nhs-number-check-digit")]
    pub code: &'static str,
    pub severity: Severity,
    pub message: &'static str,
    pub fix: &'static str,
    /// Whether it was there when the list was last sent; left out where the row could not be told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<IssueState>,
}

impl From<Submission> for SubmissionView {
    fn from(submission: Submission) -> Self {
        Self {
            issues: Some(format!("/v1/submissions/{}/issues", submission.id)),
            id: submission.id,
            dataset: submission.dataset,
            format: submission.format,
            organisation: submission.organisation,
            list: submission.list,
            mode: submission.mode,
            as_of: submission.as_of,
            status: submission.status,
            records: submission.counts,
            progress: None,
            problem: None,
            issue_counts: submission.issue_counts.into_iter().map(IssueCountView::from).collect(),
            last_published: Vec::new(),
            issue_list: None,
        }
    }
}

impl From<Report> for SubmissionView {
    fn from(Report { submission, work, trouble }: Report) -> Self {
        let view = Self::from(submission);
        match work {
            Some(work) if view.status == SubmissionStatus::Processing => Self {
                progress: Some(ProgressView {
                    bytes_read: work.bytes_read,
                    bytes_total: work.bytes_total,
                    records_read: work.records_read,
                }),
                issues: None,
                ..view
            },
            _ => Self { problem: trouble.map(|trouble| Problem::from(trouble).to_json()), ..view },
        }
    }
}

impl From<ListedIssue> for IssueView {
    fn from(issue: ListedIssue) -> Self {
        Self {
            row: issue.row,
            referral_id: issue.referral_id,
            field: issue.field,
            code: issue.code.as_str(),
            severity: issue.code.severity(),
            message: issue.code.message(),
            fix: issue.code.fix(),
            state: issue.state,
        }
    }
}
