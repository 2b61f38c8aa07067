//! Sending a file, and what became of its rows.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::identifiers::SubmissionId;
use domain::issues::Severity;
use domain::organisations::OrganisationCode;
use domain::submissions::{Counts, Dataset, Mode, SubmissionStatus};
use reqwest::Method;
use serde::Deserialize;

use crate::bodies::Body;
use crate::{Client, ClientError, Page, Payload, Progress};

/// What is said about a file beside its content. What is left out, the gateway decides: see the
/// operation in its document.
#[derive(Debug, Clone)]
pub struct Submission {
    pub dataset: Dataset,
    /// A registered format, such as `csv` or `sen2-xml`.
    pub format: String,
    pub mode: Option<Mode>,
    pub list: Option<String>,
    pub as_of: Option<NaiveDate>,
    /// Whose list it is, where it is not the client's own.
    pub organisation: Option<OrganisationCode>,
    /// Look at it and keep nothing.
    pub validate: bool,
    /// Let a snapshot drop more of a list than the gateway takes for an accident.
    pub confirm_shrink: bool,
    /// Say that a snapshot without a row is meant.
    pub nil_return: bool,
    /// Under which the gateway takes the file once, however often it is sent; a new one if absent.
    pub idempotency_key: Option<String>,
}

/// The gateway's report on a submission.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Report {
    pub id: SubmissionId,
    pub dataset: Dataset,
    pub format: String,
    pub organisation: OrganisationCode,
    pub list: String,
    pub mode: Mode,
    pub as_of: NaiveDate,
    pub status: SubmissionStatus,
    pub records: Counts,
    /// What the organisation last published of the same service.
    #[serde(default)]
    pub last_published: Vec<LastPublished>,
    /// The first issues, where nothing was kept by which they could be listed later.
    #[serde(default)]
    pub issue_list: Option<Vec<Issue>>,
}

/// What an organisation last published of a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LastPublished {
    /// The return and its line; both from a list which may be newer than this client's.
    pub source: String,
    pub service_line: String,
    /// The month: 2026-09.
    pub period: String,
    pub total: u64,
}

/// Something wrong in a row. Errors reject the row, warnings keep it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// Counted from 1, the header not counted; 0 is the file as a whole.
    pub row: u64,
    #[serde(default)]
    pub referral_id: Option<String>,
    pub field: String,
    /// From the gateway's catalogue, which may be newer than this client.
    pub code: String,
    pub severity: Severity,
    pub message: String,
    pub fix: String,
}

impl Client {
    /// Sends a file and waits for its report: once that is here, the content is durable and can be
    /// queried.
    pub async fn submit(&self, submission: &Submission, payload: Payload, progress: Option<Progress>) -> Result<Report, ClientError> {
        let path = match submission.dataset {
            Dataset::WaitingList => "/v1/waiting-list/submissions",
            Dataset::Ehcp => "/v1/ehcp/submissions",
        };
        let content_type = content_type(&submission.format);
        let body = match payload {
            Payload::Bytes(bytes) => Body::Bytes { content_type, bytes },
            Payload::File(path) => Body::Stream { content_type, path, progress: progress.unwrap_or_else(|| Arc::new(|_| {})) },
        };
        let query = query(submission);
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let call = self.call(Method::POST, self.url(path)?, &query, body);
        self.send_for_json(self.keyed(call, submission.idempotency_key.as_deref())?).await
    }

    /// A page of what was found wrong in a submission, in row order.
    pub async fn issues(&self, submission: SubmissionId, after: Option<&str>) -> Result<Page<Issue>, ClientError> {
        let mut query = vec![("limit", "500")];
        query.extend(after.map(|after| ("after", after)));
        self.get(&format!("/v1/submissions/{submission}/issues"), &query).await
    }
}

fn content_type(format: &str) -> &'static str {
    match format {
        "csv" => "text/csv",
        format if format.ends_with("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

fn query(submission: &Submission) -> Vec<(&'static str, String)> {
    let mut query = vec![("format", submission.format.clone())];
    let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
    add("mode", submission.mode.map(|mode| mode.to_string()));
    add("list", submission.list.clone());
    add("as_of", submission.as_of.map(|day| day.to_string()));
    add("organisation", submission.organisation.map(|code| code.to_string()));
    add("validate", submission.validate.then(|| "true".into()));
    add("confirm", submission.confirm_shrink.then(|| "shrink".into()));
    add("nil_return", submission.nil_return.then(|| "true".into()));
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_is_sent() {
        let mut submission = Submission {
            dataset: Dataset::WaitingList,
            format: "csv".into(),
            mode: None,
            list: None,
            as_of: None,
            organisation: None,
            validate: false,
            confirm_shrink: false,
            nil_return: false,
            idempotency_key: None,
        };
        assert_eq!(query(&submission), [("format", "csv".to_owned())]);
        submission.confirm_shrink = true;
        submission.mode = Some(Mode::Snapshot);
        submission.as_of = NaiveDate::from_ymd_opt(2026, 11, 20);
        let expected = [("format", "csv"), ("mode", "snapshot"), ("as_of", "2026-11-20"), ("confirm", "shrink")];
        assert_eq!(query(&submission), expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_format_has_its_media_type() {
        assert_eq!((content_type("csv"), content_type("sen2-xml")), ("text/csv", "application/xml"));
    }

    #[test]
    fn the_contracts_report_is_read() {
        let text = r#"{ "id": "0197a3f2-0000-7000-8000-000000000000", "dataset": "waiting-list", "format": "csv", "organisation": "RY4",
            "list": "autism", "mode": "snapshot", "as_of": "2026-11-20", "status": "accepted-with-issues",
            "records": { "received": 4120, "accepted": 4117, "rejected": 3, "unchanged": 3890, "opened": 201, "updated": 26,
            "closed": 0, "stale": 3, "not_flowed": 14 }, "issues": "/v1/submissions/0197/issues" }"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.records.not_flowed, report.status), (14, SubmissionStatus::AcceptedWithIssues));
    }
}
