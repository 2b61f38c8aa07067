//! `assurance --config gateway.toml --out DIR`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use server::Configuration;

use crate::demonstration;
use crate::failures::Failure;

/// Write the papers that an information governance lead has to show, from the partnership file: Markdown, with blanks
/// for a person to fill in
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The gateway's configuration
    #[arg(long, value_name = "gateway.toml", required_unless_present = "demonstration", conflicts_with = "demonstration")]
    config: Option<PathBuf>,
    /// Use the demonstration's partnership, as made on a fixed day
    #[arg(long)]
    demonstration: bool,
    /// Where the documents are written; older ones are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let documents = match &arguments.config {
        Some(config) => server::assurance_documents(&Configuration::read(config)?)?,
        None => demonstration::assurance_documents().map_err(Failure::Other)?,
    };
    std::fs::create_dir_all(&arguments.out)?;
    let mut out = std::io::stdout().lock();
    for (name, text) in documents {
        let path = arguments.out.join(name);
        std::fs::write(&path, text)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
