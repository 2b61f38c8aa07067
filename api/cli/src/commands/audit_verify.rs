//! `audit verify --config gateway.toml [--against CHECKPOINT]`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::GatewayFile;
use crate::failures::Failure;

/// Check that the log of disclosures and refusals is whole
///
/// Only reads, and changes nothing, whether the gateway runs or not. Exits with 0 only if the log is whole
/// and extends the checkpoint.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    gateway: GatewayFile,
    /// A checkpoint that was kept elsewhere: the body of GET /v1/audit/checkpoint, or the exported file
    #[arg(long, value_name = "CHECKPOINT")]
    against: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let report = server::verify_audit(&arguments.gateway.read()?, &trust::Clock::system(), arguments.against.as_deref())?;
    writeln!(std::io::stdout().lock(), "{report}")?;
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
