//! `retention run --config gateway.toml [--dry-run]`

use std::io::Write;
use std::process::ExitCode;

use super::GatewayFile;
use crate::failures::Failure;

/// Remove what is past its retention, and print how much of each kind
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Remove nothing: print what would be removed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    gateway: GatewayFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let configuration = arguments.gateway.read()?;
    let report = server::run_retention(&configuration, trust::Clock::system(), arguments.dry_run);
    let report = super::runtime()?.block_on(report)?;
    writeln!(std::io::stdout().lock(), "{report}")?;
    Ok(ExitCode::SUCCESS)
}
