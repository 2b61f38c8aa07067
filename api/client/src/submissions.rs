//! Sending a file, and what became of its rows.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use domain::{Dataset, OrganisationCode, Severity, SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus};
use reqwest::header::HeaderName;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::bodies::Body;
use crate::calls::{Call, IN_FLIGHT, body_of};
use crate::encodings::Encoded;
use crate::files::sha256_of;
use crate::{Client, ClientError, Page, Payload, Problem, Progress, Sha256, Step, retries};

/// What the client states about a file. The gateway decides what is left out: see the operation in the
/// contract.
#[derive(Debug, Clone)]
pub struct Submission {
    pub dataset: Dataset,
    /// A registered format, such as `csv` or `sen2-xml`.
    pub format: String,
    pub mode: Option<SubmissionMode>,
    pub list: Option<String>,
    pub as_of: Option<NaiveDate>,
    /// Whose list it is, if not the client's own.
    pub organisation: Option<OrganisationCode>,
    /// Check the file and keep nothing of it.
    pub validate: bool,
    /// Let a snapshot drop so much of a list that the gateway would take it for an accident.
    pub confirm_shrink: bool,
    /// Confirm that a snapshot without rows is meant.
    pub nil_return: bool,
    /// The key under which the gateway takes the file once, however often it is sent. If absent, a new key.
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
    pub mode: SubmissionMode,
    pub as_of: NaiveDate,
    pub status: SubmissionStatus,
    pub records: SubmissionCounts,
    /// What the organisation last published about the same service.
    #[serde(default)]
    pub last_published: Vec<LastPublished>,
    /// The first issues, if nothing was kept that would allow them to be listed later.
    #[serde(default)]
    pub issue_list: Option<Vec<Issue>>,
    /// Whether the same file was sent before under the same key. This is then the report of that time, and
    /// nothing was done now.
    #[serde(skip)]
    pub was_sent_before: bool,
}

/// What an organisation last published about a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LastPublished {
    /// The return and its line. The gateway's list of these may be newer than this client's.
    pub source: String,
    pub service_line: String,
    /// The month, such as 2026-09.
    pub period: String,
    pub total: u64,
}

/// Something wrong in a row. Errors reject the row, warnings keep it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// Counted from 1, without the header; 0 is the file as a whole.
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

/// Bytes. The gateway answers for a larger file first, and works on it afterwards.
const ASYNC_ABOVE: u64 = 8 << 20;
/// How long to wait before asking again, if the gateway does not say.
const POLL: Duration = Duration::from_secs(1);
/// The problem code if the gateway stopped in the middle: the file can be sent again.
const INTERRUPTED: &str = "interrupted";

/// A report, or how far the work is.
#[derive(Deserialize)]
struct Polled {
    status: SubmissionStatus,
    id: SubmissionId,
    #[serde(default)]
    progress: Option<ProgressWire>,
    #[serde(default)]
    problem: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct ProgressWire {
    bytes_read: u64,
    bytes_total: u64,
    records_read: u64,
}

impl Submission {
    /// A key for a file with this digest on a day: the same for the same submission.
    pub fn key_of(&self, digest: &Sha256, day: NaiveDate) -> String {
        let mut context = Context::new(&SHA256);
        for part in [self.dataset.as_str(), &day.to_string()].into_iter().chain(query(self).iter().flat_map(|(name, value)| [*name, value]))
        {
            context.update(part.as_bytes());
            context.update(b"\0");
        }
        context.update(digest);
        let digest = context.finish();
        "push-".to_owned() + &digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>()
    }
}

impl Client {
    /// Sends a file and waits for its report. Once the report is here, the content is durable and can be
    /// queried. For a large file the gateway answers before the work is done; this then asks how far it is,
    /// and sends the file again if the gateway stopped in the middle.
    pub async fn submit(&self, submission: &Submission, payload: Payload, progress: Option<Progress>) -> Result<Report, ClientError> {
        let progress = progress.unwrap_or_else(|| Arc::new(|_| {}));
        let call = self.submission(submission, payload, &progress).await?;
        let mut tried = 0;
        loop {
            tried += 1;
            let done = match self.send_submission(&call).await? {
                Sent::Report(report) => return Ok(*report),
                Sent::Begun(id) => {
                    progress(Step::Begun(id));
                    self.wait_for(id, &progress).await
                }
            };
            match (done, self.wait(tried, None)) {
                (Err(ClientError::Refused(problem)), Some(wait)) if problem.code == INTERRUPTED => tokio::time::sleep(wait).await,
                (done, _) => return done,
            }
        }
    }

    async fn submission(&self, submission: &Submission, payload: Payload, progress: &Progress) -> Result<Call, ClientError> {
        let (method, path) = match submission.dataset {
            Dataset::WaitingList => (Method::POST, "/v1/waiting-list/submissions"),
            Dataset::Ehcp => (Method::POST, "/v1/ehcp/submissions"),
            Dataset::ChildIdentifiers => (Method::PUT, "/v1/children/identifiers"),
        };
        let content_type = content_type(&submission.format);
        let (body, digest, is_large) = match payload {
            Payload::Bytes(bytes) => (Body::Bytes { content_type, bytes }, None, false),
            Payload::Digested(path, digest) => {
                let is_large = tokio::fs::metadata(&path).await?.len() > ASYNC_ABOVE;
                (Body::Stream { content_type, path, progress: Arc::clone(progress) }, Some(digest), is_large)
            }
            Payload::Compressed(path, coding) => {
                let is_large = tokio::fs::metadata(&path).await?.len() > ASYNC_ABOVE;
                let measured = tokio::task::spawn_blocking(move || Encoded::measure(path, coding));
                let encoded = measured.await.map_err(std::io::Error::other)??;
                let digest = encoded.digest;
                (Body::Encoded { content_type, encoded, progress: Arc::clone(progress) }, Some(digest), is_large)
            }
            Payload::File(path) => {
                let read = path.clone();
                let digest = tokio::task::spawn_blocking(move || sha256_of(&read)).await.map_err(std::io::Error::other)??;
                return Box::pin(self.submission(submission, Payload::Digested(path, digest), progress)).await;
            }
        };
        let query = query(submission);
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut call = self.keyed(self.call(method, self.url(path)?, &query, body), submission.idempotency_key.as_deref())?;
        if let Some(digest) = digest {
            call = call.header(HeaderName::from_static("content-digest"), &format!("sha-256=:{}:", STANDARD.encode(digest)))?;
        }
        if is_large {
            call = call.header(HeaderName::from_static("prefer"), "respond-async")?;
        }
        Ok(call)
    }

    async fn send_submission(&self, call: &Call) -> Result<Sent, ClientError> {
        let answer = match self.send(call).await {
            // The answer to an earlier try was lost: `Location` says where its work can be asked about.
            Err(ClientError::Refused(problem)) if problem.code == IN_FLIGHT => {
                let id = problem.location.as_deref().and_then(|place| place.rsplit('/').next()?.parse().ok());
                return id.map(Sent::Begun).ok_or(ClientError::Refused(problem));
            }
            answer => answer?,
        };
        let status = answer.status();
        let bytes = body_of(answer).await?;
        if status == StatusCode::ACCEPTED {
            return Ok(Sent::Begun(read::<Polled>(&bytes)?.id));
        }
        let mut report: Report = read(&bytes)?;
        report.was_sent_before = status == StatusCode::OK && report.status != SubmissionStatus::Validated;
        Ok(Sent::Report(Box::new(report)))
    }

    /// Asks until the work is done.
    async fn wait_for(&self, id: SubmissionId, progress: &Progress) -> Result<Report, ClientError> {
        let path = format!("/v1/submissions/{id}");
        loop {
            let answer = self.send(&self.call(Method::GET, self.url(&path)?, &[], Body::Empty)).await?;
            let wait = retries::retry_after(answer.headers()).unwrap_or(POLL);
            let bytes = body_of(answer).await?;
            let polled: Polled = read(&bytes)?;
            match polled.status {
                SubmissionStatus::Processing => {
                    if let Some(ProgressWire { bytes_read, bytes_total, records_read }) = polled.progress {
                        progress(Step::Read { bytes: bytes_read, of: bytes_total, records: records_read });
                    }
                    tokio::time::sleep(wait).await;
                }
                SubmissionStatus::Refused | SubmissionStatus::Failed => return Err(refusal(polled.problem)),
                SubmissionStatus::Cancelled => return Err(ClientError::Value("the submission was cancelled")),
                _ => return read(&bytes),
            }
        }
    }

    /// Cancels what the gateway is working on.
    pub async fn cancel(&self, id: SubmissionId) -> Result<(), ClientError> {
        let call = self.call(Method::POST, self.url(&format!("/v1/submissions/{id}/cancellation"))?, &[], Body::Empty);
        self.send(&call).await.map(drop)
    }

    /// A page of a submission's issues, in row order.
    pub async fn issues(&self, submission: SubmissionId, after: Option<&str>) -> Result<Page<Issue>, ClientError> {
        let mut query = vec![("limit", "500")];
        query.extend(after.map(|after| ("after", after)));
        self.get(&format!("/v1/submissions/{submission}/issues"), &query).await
    }
}

/// What came back for a file.
enum Sent {
    Report(Box<Report>),
    Begun(SubmissionId),
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes).map_err(|error| ClientError::Unreadable(error.to_string()))
}

/// The refusal inside a report, as if it had been the answer.
fn refusal(problem: Option<serde_json::Value>) -> ClientError {
    let problem = problem.unwrap_or_default();
    let status = problem["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(422);
    ClientError::Refused(Box::new(Problem::read(status, problem.to_string().as_bytes())))
}

fn content_type(format: &str) -> &'static str {
    match format {
        "csv" => "text/csv",
        format if format.ends_with("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

fn query(submission: &Submission) -> Vec<(&'static str, String)> {
    // A crosswalk has one format and no list, and always replaces the last.
    let is_list = submission.dataset != Dataset::ChildIdentifiers;
    let mut query = if is_list { vec![("format", submission.format.clone())] } else { Vec::new() };
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

    fn submission() -> Submission {
        Submission {
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
        }
    }

    #[test]
    fn only_what_is_said_is_sent() {
        let mut submission = submission();
        assert_eq!(query(&submission), [("format", "csv".to_owned())]);
        submission.confirm_shrink = true;
        submission.mode = Some(SubmissionMode::Snapshot);
        submission.as_of = NaiveDate::from_ymd_opt(2026, 11, 20);
        let expected = [("format", "csv"), ("mode", "snapshot"), ("as_of", "2026-11-20"), ("confirm", "shrink")];
        assert_eq!(query(&submission), expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_key_is_of_the_file_the_day_and_all_that_is_said_of_it() {
        let of = |list: &str, digest: u8, day: u32| {
            let submission = Submission { list: Some(list.into()), ..submission() };
            submission.key_of(&[digest; 32], NaiveDate::from_ymd_opt(2026, 11, day).unwrap())
        };
        assert_eq!(of("autism", 1, 20), of("autism", 1, 20));
        let others = [of("adhd", 1, 20), of("autism", 2, 20), of("autism", 1, 21)];
        assert!(others.iter().all(|other| *other != of("autism", 1, 20)));
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
