//! `audit verify --config gateway.toml`

use std::io::Write;
use std::process::ExitCode;

use super::GatewayFile;
use crate::failures::Failure;

/// Check that the log of disclosures and refusals is whole
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    gateway: GatewayFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let report = server::verify_audit(&arguments.gateway.read()?)?;
    writeln!(std::io::stdout().lock(), "{report}")?;
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
