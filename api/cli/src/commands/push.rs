//! `push FILE …`

mod issues;
mod progress;
mod summaries;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use client::{Client, ClientError, Payload, Report, Submission};
use domain::organisations::OrganisationCode;
use domain::submissions::{Dataset, Mode};

use super::day;
use crate::failures::Failure;

/// Some rows were rejected, the rest are in.
const SOME_REJECTED: u8 = 2;

/// Send a file and say what became of its rows
///
/// Exits with 0 if every row was accepted, 2 if some were rejected, 1 if nothing was taken.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to send
    file: PathBuf,
    /// waiting-list or ehcp
    #[arg(long)]
    dataset: Dataset,
    /// A format that the gateway knows; by default csv for a waiting list, sen2-xml for EHC cases
    #[arg(long)]
    format: Option<String>,
    /// delta (add and update) or snapshot (the whole open content of one list)
    #[arg(long)]
    mode: Option<Mode>,
    /// The waiting list that the file states
    #[arg(long)]
    list: Option<String>,
    /// The day that the file describes
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Option<NaiveDate>,
    /// Whose list it is, where it is not the client's own
    #[arg(long, value_name = "CODE")]
    organisation: Option<OrganisationCode>,
    /// Look at the file and keep nothing of it
    #[arg(long)]
    validate: bool,
    /// Say that a snapshot without a row is meant
    #[arg(long)]
    nil_return: bool,
    /// Let a snapshot drop much of its list
    #[arg(long)]
    confirm_shrink: bool,
    /// The client's configuration
    #[arg(long, value_name = "client.toml")]
    client: PathBuf,
}

impl Arguments {
    fn submission(&self) -> Submission {
        let usual = match self.dataset {
            Dataset::WaitingList => "csv",
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
    let client = Client::open(&arguments.client)?;
    let size = size(&arguments.file)?;
    super::runtime()?.block_on(async {
        let progress = progress::show(size);
        let sent = client.submit(&arguments.submission(), Payload::File(arguments.file.clone()), Some(progress.callback())).await;
        progress.finish();
        let mut out = std::io::stdout().lock();
        let report = match sent {
            Ok(report) => report,
            Err(ClientError::Refused(mut problem)) => {
                issues::print_refusal(&mut out, &problem)?;
                // What stands in the table is not said again.
                problem.errors.clear();
                return Err(ClientError::Refused(problem).into());
            }
            Err(error) => return Err(error.into()),
        };
        let (summary, code) = (summaries::summary(&report), exit_code(&report));
        issues::print(&mut out, &client, report).await?;
        writeln!(out, "{summary}")?;
        Ok(code)
    })
}

fn exit_code(report: &Report) -> ExitCode {
    if report.records.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) }
}

fn size(file: &Path) -> Result<u64, Failure> {
    let unreadable = |error| Failure::Other(format!("{}: {error}", file.display()));
    let found = std::fs::metadata(file).map_err(unreadable)?;
    if found.is_file() { Ok(found.len()) } else { Err(Failure::Other(format!("{}: not a file", file.display()))) }
}
