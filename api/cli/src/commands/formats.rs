//! `formats [--out DIR]`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::failures::Failure;

/// List the formats that can be sent; with a folder, write their page and their samples there
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where `formats.html` and a folder of samples for each format are written; those that are there are replaced
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    let Some(folder) = &arguments.out else {
        for adapter in server::formats() {
            let dataset = adapter.dataset().to_string();
            writeln!(out, "{:<16} {dataset:<13} {}", adapter.format(), adapter.title())?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(folder)?;
    let page = folder.join("formats.html");
    std::fs::write(&page, server::formats_page())?;
    writeln!(out, "{}", page.display())?;
    for adapter in server::formats() {
        let samples = folder.join(adapter.format());
        std::fs::create_dir_all(&samples)?;
        for sample in adapter.samples() {
            let path = samples.join(sample.name);
            std::fs::write(&path, sample.bytes)?;
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stands_beside_the_samples_that_it_links_to() {
        let folder = tempfile::tempdir().unwrap();
        run(&Arguments { out: Some(folder.path().join("pack")) }).unwrap();
        let page = std::fs::read_to_string(folder.path().join("pack/formats.html")).unwrap();
        for adapter in server::formats() {
            for sample in adapter.samples() {
                let place = format!("{}/{}", adapter.format(), sample.name);
                assert_eq!(std::fs::read(folder.path().join("pack").join(&place)).unwrap(), sample.bytes);
                assert!(page.contains(&format!("href=\"{place}\"")), "{place}");
            }
        }
    }
}
