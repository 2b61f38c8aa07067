//! `openapi`

use std::io::Write;
use std::process::ExitCode;

use crate::failures::Failure;

/// Print the OpenAPI document of the partner API
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<ExitCode, Failure> {
    std::io::stdout().lock().write_all(server::openapi().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
