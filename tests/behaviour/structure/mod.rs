//! The structure of the code: no crate uses another that it may not, and no files of a crate import in a circle.

mod arrows;
mod circles;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use circles::Crate;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The folders of the crates that are shipped: all of the workspace except the tests.
fn crates() -> Vec<PathBuf> {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    let crates: Vec<_> = members.filter(|member| *member != "tests").map(|member| root().join(member)).collect();
    assert!(crates.len() >= 8, "{crates:?}");
    crates
}

/// The Rust files in a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(inside).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn no_files_of_a_crate_import_in_a_circle() {
    let mut found = Vec::new();
    for folder in crates() {
        let sources = folder.join("src");
        let paths: Vec<_> = files(&sources).iter().map(|path| path.strip_prefix(&sources).unwrap().to_str().unwrap().to_owned()).collect();
        // If a crate has a library and a program, only the library is read.
        let is_second_root = |path: &str| path == "main.rs" && paths.iter().any(|path| path == "lib.rs");
        let texts =
            paths.iter().filter(|path| !is_second_root(path)).map(|path| (path.as_str(), fs::read_to_string(sources.join(path)).unwrap()));
        let name = folder.strip_prefix(root()).unwrap().display().to_string();
        found.extend(Crate::read(texts).circles().into_iter().map(|circle| format!("{name}, {circle}")));
    }
    assert!(found.is_empty(), "{} circles\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_crate_uses_another_that_it_may_not() {
    let manifests = crates().into_iter().map(|folder| fs::read_to_string(folder.join("Cargo.toml")).unwrap());
    let wrong = arrows::wrong(&manifests.collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
