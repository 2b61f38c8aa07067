//! `release build --as-of DATE --config gateway.toml`

use std::io::Write;
use std::process::ExitCode;

use chrono::NaiveDate;

use super::{GatewayFile, day};
use crate::failures::Failure;

/// Build and publish the tables of a day, through disclosure control
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The day that the tables describe
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: NaiveDate,
    #[command(flatten)]
    gateway: GatewayFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let configuration = arguments.gateway.read()?;
    let release = server::build_release(&configuration, trust::Clock::system(), arguments.as_of);
    let release = super::runtime()?.block_on(release)?;
    writeln!(std::io::stdout().lock(), "Release {release} as of {} is published.", arguments.as_of)?;
    Ok(ExitCode::SUCCESS)
}
