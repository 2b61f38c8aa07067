//! `formats [--out DIR [--provider CODE]]`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use domain::OrganisationCode;

use super::day;
use crate::failures::Failure;

/// List the formats that can be sent; with a folder, write their page and their samples there, and in it a folder
/// `onboarding`: what a provider starts from, templates and made-up rows
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where `formats.html`, a folder of files for each format and `onboarding` are written; older files are replaced
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The provider whose made-up rows are written
    #[arg(long, value_name = "CODE", default_value = "RY4", requires = "out")]
    provider: OrganisationCode,
    /// The day that the made-up rows describe, if not today
    #[arg(long, value_name = "DATE", value_parser = day, requires = "out")]
    as_of: Option<NaiveDate>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    let Some(folder) = &arguments.out else {
        for adapter in adapters::REGISTRY {
            let dataset = adapter.dataset().to_string();
            writeln!(out, "{:<16} {dataset:<13} {}", adapter.format(), adapter.title())?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let today = arguments.as_of.unwrap_or_else(|| domain::london_day(trust::Clock::system().now()));
    for (path, bytes) in files(arguments.provider, today)? {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(&path, bytes)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every file, with its path in the folder.
fn files(provider: OrganisationCode, today: NaiveDate) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut files = vec![(PathBuf::from("formats.html"), server::formats_page().into_bytes())];
    for adapter in adapters::REGISTRY {
        files.extend(adapter.files().into_iter().map(|sample| (Path::new(adapter.format()).join(sample.name), sample.bytes.to_vec())));
    }
    let pack = synthetic::onboarding_pack(provider, today)?;
    files.extend(pack.into_iter().map(|file| (Path::new("onboarding").join(file.name), file.bytes)));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn written(folder: &Path, more: &[&str]) {
        let line = [&["formats", "--out", folder.to_str().unwrap()], more].concat();
        run(&Line::try_parse_from(line).unwrap().arguments).unwrap();
    }

    #[test]
    fn the_page_is_beside_the_samples_that_it_links_to() {
        let folder = tempfile::tempdir().unwrap();
        written(&folder.path().join("pack"), &[]);
        let page = std::fs::read_to_string(folder.path().join("pack/formats.html")).unwrap();
        for adapter in adapters::REGISTRY {
            for sample in adapter.files() {
                let place = format!("{}/{}", adapter.format(), sample.name);
                assert_eq!(std::fs::read(folder.path().join("pack").join(&place)).unwrap(), sample.bytes);
                assert!(page.contains(&format!("href=\"{place}\"")), "{place}");
            }
        }
    }

    #[test]
    fn the_pack_is_of_the_provider_and_of_the_day() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let of = |provider: &str| files(provider.parse().unwrap(), today).unwrap();
        let place = |name: &str| Path::new("onboarding").join(name);
        let find = |files: &[(PathBuf, Vec<u8>)], name: &str| files.iter().find(|(path, _)| *path == place(name)).unwrap().1.clone();
        let (ours, theirs) = (of("RY4"), of("RWR"));
        let batch = String::from_utf8(find(&theirs, "hl7v2-examples.hl7")).unwrap();
        assert!(batch.starts_with("FHS|^~\\&|SYNTHETIC|RWR|SENDBRIDGE||20261120\r"), "{batch}");
        assert_ne!(find(&ours, "csds-examples.zip"), find(&theirs, "csds-examples.zip"));
        let template = String::from_utf8(find(&ours, "waiting-list-template.csv")).unwrap();
        let csv = adapters::REGISTRY.iter().find(|format| format.format() == "csv").unwrap();
        let columns: Vec<_> = csv.fields().iter().map(|field| field.name).collect();
        assert_eq!(template, format!("{}\r\n", columns.join(",")));
    }

    #[test]
    fn the_whole_pack_is_written() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &["--provider", "RWR"]);
        let today = domain::london_day(trust::Clock::system().now());
        let pack = files("RWR".parse().unwrap(), today).unwrap();
        let found = std::fs::read_dir(folder.path().join("onboarding")).unwrap().count();
        assert_eq!(found, pack.iter().filter(|(path, _)| path.starts_with("onboarding")).count());
        assert!(Line::try_parse_from(["formats", "--provider", "RWR"]).is_err(), "there is no pack without a folder");
        assert!(Line::try_parse_from(["formats", "--out", "x", "--provider", "R/R"]).is_err());
    }
}
