//! Reads again what fuzzing kept: the corpus of every target, and every input that once broke one.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use adapters::REGISTRY;
use domain::NhsNumber;
use zip::ZipArchive;

use crate::inputs::{parse, targets};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The paths inside a folder; none if there is no such folder.
fn inside(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// An input that is kept.
struct Kept {
    target: String,
    name: String,
    bytes: Vec<u8>,
}

/// The files in the archive of a target's corpus; none if there is no archive.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(archive) = File::open(folder("corpus").join(format!("{target}.zip"))) else { return Vec::new() };
    let mut archive = ZipArchive::new(archive).unwrap();
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.push((file.name().unwrap().into_owned(), bytes));
    }
    files
}

/// Every kept input, corpora and regressions.
fn kept() -> impl Iterator<Item = Kept> {
    targets().flat_map(|target| {
        let regressions = inside(&folder("regressions").join(&target)).into_iter();
        let regressions = regressions.map(|path| (path.display().to_string(), fs::read(path).unwrap()));
        let files: Vec<_> = corpus(&target).into_iter().chain(regressions).collect();
        files.into_iter().map(move |(name, bytes)| Kept { target: target.clone(), name, bytes })
    })
}

#[test]
fn every_format_has_a_fuzz_target_and_a_corpus_and_neither_is_of_nothing() {
    let targets: BTreeSet<_> = targets().collect();
    for target in &targets {
        assert!(folder("targets").join(format!("{target}.rs")).is_file(), "{target} has no fuzz target: tests/fuzz/README.md");
        assert!(!corpus(target).is_empty(), "{target} has no corpus: tests/fuzz/README.md");
    }
    for named in ["corpus", "regressions", "targets"].map(folder).iter().flat_map(|folder| inside(folder)) {
        let name = named.file_stem().unwrap().to_str().unwrap();
        assert!(targets.contains(name), "{} is of no format", named.display());
    }
}

#[test]
fn every_input_that_fuzzing_kept_is_read_or_refused() {
    for Kept { target, name, bytes } in kept() {
        // Printed so that a failure shows which input broke the target.
        println!("{target}: {name}");
        parse(&target, &bytes);
    }
}

/// The runs of ten digits in a text.
fn tens(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.split(|byte| !byte.is_ascii_digit()).filter(|run| run.len() == 10).map(|run| std::str::from_utf8(run).unwrap())
}

#[test]
fn no_kept_input_holds_an_nhs_number_that_may_be_somebodys() {
    let samples: Vec<_> = REGISTRY
        .iter()
        .flat_map(|adapter| {
            let bad = adapter.bad_samples().iter().map(|sample| sample.bytes);
            adapter.samples().iter().map(|sample| sample.bytes).chain(bad)
        })
        .collect();
    // Published examples use other numbers.
    let published: BTreeSet<_> = samples.iter().flat_map(|bytes| tens(bytes)).collect();
    for Kept { target, name, bytes } in kept() {
        let made_up = |digits: &str| digits.starts_with("999") || published.contains(digits) || digits.parse::<NhsNumber>().is_err();
        assert!(tens(&bytes).all(made_up), "{target}: {name}");
    }
}
