//! `init DIR`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::demonstration::{LayOut, lay_out};
use crate::failures::Failure;

/// Write the starting files of a demonstration partnership into DIR
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// An empty or a new folder
    dir: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let today = domain::london_day(trust::Clock::system().now());
    let demonstration = lay_out(&arguments.dir, &LayOut::new(today))?;
    let done = if demonstration.reused { "already there" } else { "written" };
    let mut out = std::io::stdout().lock();
    writeln!(out, "Demonstration {done}: {}", demonstration.dir().display())?;
    writeln!(out, "Run it with: sendbridge serve --config {}", demonstration.gateway().display())?;
    Ok(ExitCode::SUCCESS)
}
