//! The journal of marks: an append-only file, one line for each mark, sealed as in the database. Of two lines about one
//! mark, the later counts. It is kept outside the database, so that restoring an older database does not bring back
//! what was erased since.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::TombstoneRow;
use crate::StoreError;
use crate::rows::to_json;
use crate::vault::sealed_under;

/// One mark as the journal holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(super) cause: String,
    pub(super) position: i32,
    pub(super) organisation: String,
    pub(super) made_at: NaiveDateTime,
    pub(super) lifted_at: Option<NaiveDateTime>,
    /// In base64.
    sealed_mark: String,
}

impl Line {
    pub(super) fn sealed(&self) -> Result<Vec<u8>, StoreError> {
        STANDARD.decode(&self.sealed_mark).map_err(|_| StoreError::Corrupt("a line of the journal of tombstones"))
    }
}

impl From<TombstoneRow> for Line {
    fn from(row: TombstoneRow) -> Self {
        Self {
            cause: row.cause,
            position: row.position,
            organisation: row.organisation,
            made_at: row.made_at,
            lifted_at: row.lifted_at,
            sealed_mark: STANDARD.encode(&row.sealed_mark),
        }
    }
}

/// The marks of a journal, by their cause and their position.
pub(crate) type Lines = BTreeMap<(String, i32), Line>;

/// A journal's file. Its methods block.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Reads the journal. Without a file there are no marks. A last line without an end was being written when the
    /// power failed; its erasure was never acknowledged.
    pub(crate) fn read(&self) -> Result<Lines, StoreError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lines::new()),
            Err(error) => return Err(error.into()),
        };
        let mut lines = Lines::new();
        for whole in text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::trim).filter(|line| !line.is_empty()) {
            match serde_json::from_str::<Line>(whole) {
                Ok(line) => {
                    lines.insert((line.cause.clone(), line.position), line);
                }
                // A torn line, which the next write ended.
                Err(error) => tracing::warn!(%error, "a line of the journal of tombstones is torn"),
            }
        }
        Ok(lines)
    }

    /// How many marks are sealed under each envelope key. Of two lines about one mark, the later counts.
    pub fn marks_by_key(&self) -> Result<BTreeMap<u32, u64>, StoreError> {
        let mut marks = BTreeMap::new();
        for line in self.read()?.values() {
            let key = sealed_under(&line.sealed()?).ok_or(StoreError::Corrupt("a line of the journal of tombstones"))?;
            *marks.entry(key).or_default() += 1;
        }
        Ok(marks)
    }

    /// Adds lines, durably.
    pub(crate) fn append<'a>(&self, lines: impl IntoIterator<Item = &'a Line>) -> Result<(), StoreError> {
        let mut text = String::new();
        for line in lines {
            // Ends a line that a crash may have torn.
            text.push('\n');
            text.push_str(&to_json(line)?);
            text.push('\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // The file's name in its folder must survive a power cut too.
        Ok(std::fs::File::open(folder)?.sync_all()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(position: i32, lifted: bool) -> Line {
        let at = chrono::DateTime::UNIX_EPOCH.naive_utc();
        let lifted_at = lifted.then_some(at);
        Line { cause: "c".into(), position, organisation: "RY4".into(), made_at: at, lifted_at, sealed_mark: "AAAA".into() }
    }

    fn journal(name: &str) -> (PathBuf, Journal) {
        let path = std::env::temp_dir().join(format!("sendbridge-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        (path.clone(), Journal::new(path))
    }

    #[test]
    fn what_is_added_is_read_and_the_later_line_of_a_mark_counts() {
        let (path, journal) = journal("later");
        assert!(journal.read().unwrap().is_empty());
        journal.append([&line(0, false), &line(1, false)]).unwrap();
        journal.append([&line(0, true)]).unwrap();
        assert_eq!(journal.read().unwrap().into_values().collect::<Vec<_>>(), [line(0, true), line(1, false)]);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_torn_line_harms_no_other() {
        let (path, journal) = journal("torn");
        journal.append([&line(0, false)]).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"cause\":\"c\",\"posi")).unwrap();
        assert_eq!(journal.read().unwrap().len(), 1);
        journal.append([&line(1, false)]).unwrap();
        assert_eq!(journal.read().unwrap().len(), 2);
        std::fs::remove_file(path).unwrap();
    }
}
