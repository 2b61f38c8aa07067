//! `migrate --config gateway.toml`

use std::io::Write;
use std::process::ExitCode;

use super::GatewayFile;
use crate::failures::Failure;

/// Update the database to this version's tables
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
