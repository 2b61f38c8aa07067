//! `migrate --config gateway.toml`

use std::io::Write;
use std::process::ExitCode;

use super::GatewayFile;
use crate::failures::Failure;

/// Bring the database to this version's shape
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    gateway: GatewayFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    server::migrate(&arguments.gateway.read()?)?;
    writeln!(std::io::stdout().lock(), "The database is up to date.")?;
    Ok(ExitCode::SUCCESS)
}
