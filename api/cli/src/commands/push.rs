//! `push FILE …`

mod issues;
mod progress;
mod summaries;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use client::{Client, ClientError, Coding, Configuration, Payload, Progress, Report, Retries, Sha256, Step, Submission, sha256_of};
use domain::{Dataset, OrganisationCode, SubmissionMode, london_day};

use super::day;
use super::signals::told_to_stop;
use crate::failures::Failure;
use progress::Shown;

/// More tries than usual: nobody is waiting for the command.
const TRIES: u32 = 10;

/// Some rows were rejected and the rest were accepted.
const SOME_REJECTED: u8 = 2;

/// Send a file and say what became of its rows
///
/// Exits with 0 if every row was accepted, 2 if some were rejected, 1 if nothing was taken.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to send
    file: PathBuf,
    /// waiting-list, ehcp, or child-identifiers (a council's crosswalk)
    #[arg(long)]
    dataset: Dataset,
    /// A format that the gateway knows; by default csv for a waiting list, sen2-xml for EHC cases
    #[arg(long)]
    format: Option<String>,
    /// delta (add and update) or snapshot (the whole open content of one list)
    #[arg(long)]
    mode: Option<SubmissionMode>,
    /// The waiting list that the file states
    #[arg(long)]
    list: Option<String>,
    /// The day that the file describes
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Option<NaiveDate>,
    /// Whose list it is, if not the client's own
    #[arg(long, value_name = "CODE")]
    organisation: Option<OrganisationCode>,
    /// Look at the file and keep nothing of it
    #[arg(long)]
    validate: bool,
    /// Confirm that a snapshot without rows is meant
    #[arg(long)]
    nil_return: bool,
    /// Let a snapshot drop much of its list
    #[arg(long)]
    confirm_shrink: bool,
    /// Have the file taken again, though the same file was sent today
    #[arg(long)]
    again: bool,
    /// Compress the file on its way, as gzip
    #[arg(long, conflicts_with = "zstd")]
    gzip: bool,
    /// Compress the file on its way, as zstd
    #[arg(long)]
    zstd: bool,
    /// The client's configuration
    #[arg(long, value_name = "client.toml")]
    client: PathBuf,
}

impl Arguments {
    /// The idempotency key is made from the file and the day, so that running the command again tells what
    /// became of the last run.
    fn submission(&self, client: &Client, digest: &Sha256, today: NaiveDate) -> Result<Submission, ClientError> {
        let submission = self.unkeyed();
        let key = if self.again { client.new_key()? } else { submission.key_of(digest, today) };
        Ok(Submission { idempotency_key: Some(key), ..submission })
    }

    /// The file as it is sent.
    fn payload(&self, digest: Sha256) -> Result<Payload, Failure> {
        let coding = if self.gzip {
            Coding::Gzip
        } else if self.zstd {
            Coding::Zstd
        } else {
            return Ok(Payload::Digested(self.file.clone(), digest));
        };
        // The gateway undoes one compression only: a file compressed twice is no list.
        match Coding::of(&self.file).map_err(ClientError::from)? {
            Some(already) => Err(Failure::Other(format!(
                "{}: compressed already, as {}; --{} takes the file itself",
                self.file.display(),
                already.as_str(),
                coding.as_str()
            ))),
            None => Ok(Payload::Compressed(self.file.clone(), coding)),
        }
    }

    fn unkeyed(&self) -> Submission {
        let usual = match self.dataset {
            Dataset::WaitingList | Dataset::ChildIdentifiers => "csv",
            Dataset::Ehcp => "sen2-xml",
        };
        Submission {
            dataset: self.dataset,
            format: self.format.clone().unwrap_or_else(|| usual.to_owned()),
            mode: self.mode,
            list: self.list.clone(),
            as_of: self.as_of,
            organisation: self.organisation,
            validate: self.validate,
            confirm_shrink: self.confirm_shrink,
            nil_return: self.nil_return,
            idempotency_key: None,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&Configuration::read(&arguments.client)?, Retries { tries: TRIES, ..Retries::default() })?;
    let size = size(&arguments.file)?;
    let digest = sha256_of(&arguments.file).map_err(ClientError::from)?;
    let today = london_day(trust::Clock::system().now());
    let submission = arguments.submission(&client, &digest, today)?;
    let payload = arguments.payload(digest)?;
    super::runtime()?.block_on(async {
        let progress = progress::show(size);
        let sent = send(&client, &submission, payload, &progress).await;
        progress.finish();
        let mut out = std::io::stdout().lock();
        let report = match sent {
            Ok(report) => report,
            Err(Failure::Client(ClientError::Refused(mut problem))) => {
                issues::print_refusal(&mut out, &problem)?;
                // The table has shown these already.
                problem.errors.clear();
                return Err(ClientError::Refused(problem).into());
            }
            Err(failure) => return Err(failure),
        };
        let (summary, code) = (summaries::summary(&report), exit_code(&report));
        if report.was_sent_before {
            writeln!(out, "The same file was sent before today; this is what became of it then. To have it taken again: --again")?;
        }
        issues::print(&mut out, &client, report).await?;
        writeln!(out, "{summary}")?;
        Ok(code)
    })
}

/// Sends the file. If it is told to stop, it cancels the work that the gateway has begun.
async fn send(client: &Client, submission: &Submission, payload: Payload, shown: &Shown) -> Result<Report, Failure> {
    let begun = Arc::new(Mutex::new(None));
    let (noted, show) = (Arc::clone(&begun), shown.callback());
    let progress: Progress = Arc::new(move |step| {
        if let Step::Begun(id) = step {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
        }
        show(step);
    });
    tokio::select! {
        sent = client.submit(submission, payload, Some(progress)) => return Ok(sent?),
        () = told_to_stop()? => {}
    }
    let begun = *begun.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = begun {
        client.cancel(id).await?;
    }
    Err(Failure::Other("stopped: the file was not taken".into()))
}

fn exit_code(report: &Report) -> ExitCode {
    if report.records.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) }
}

fn size(file: &Path) -> Result<u64, Failure> {
    let unreadable = |error| Failure::Other(format!("{}: {error}", file.display()));
    let found = std::fs::metadata(file).map_err(unreadable)?;
    if found.is_file() { Ok(found.len()) } else { Err(Failure::Other(format!("{}: not a file", file.display()))) }
}
