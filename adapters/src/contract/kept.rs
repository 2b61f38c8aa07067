//! A sink that keeps what it is given, for tests here and elsewhere.

use domain::Issue;

#[cfg(test)]
pub(crate) use self::reading::{context, faults, multipart, read, with};
use super::sinks::{PublishedRow, Row, Sink, Stop};

/// Everything read from a small body: samples and tests.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    pub rows: Vec<Row>,
    pub file_issues: Vec<Issue>,
    pub published: Vec<PublishedRow>,
    pub out_of_scope: u64,
}

impl Kept {
    /// Every issue: of the rows, of the published rows and of the file.
    pub fn issues(&self) -> impl Iterator<Item = &Issue> {
        let of_rows = self.rows.iter().flat_map(|row| &row.issues);
        of_rows.chain(self.published.iter().flat_map(|row| &row.issues)).chain(&self.file_issues)
    }
}

impl Sink for Kept {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.rows.push(row);
        Ok(())
    }

    fn published(&mut self, row: PublishedRow) -> Result<(), Stop> {
        self.published.push(row);
        Ok(())
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        self.out_of_scope += 1;
        Ok(())
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        self.file_issues.push(issue);
        Ok(())
    }
}

/// What the tests of each format read with.
#[cfg(test)]
mod reading {
    use std::io::Cursor;

    use domain::{RecognitionRules, parse_day};

    use super::Kept;
    use crate::contract::{Context, Fault, Format, InMemory, Row, Unreadable};

    /// Reads for this organisation, on 20 November 2026.
    pub(crate) fn context(organisation: &str) -> Context<'static> {
        Context {
            organisation: organisation.parse().unwrap(),
            today: parse_day("2026-11-20").unwrap(),
            rules: RecognitionRules::built_in(),
        }
    }

    pub(crate) fn faults(row: &Row) -> Vec<Fault> {
        row.issues.iter().map(|issue| (issue.field, issue.code)).collect()
    }

    /// Reads a body. Gives what was read, and whether the body was refused.
    pub(crate) fn read(format: Format, organisation: &str, bytes: &[u8]) -> (Kept, Result<(), Unreadable>) {
        let mut kept = Kept::default();
        let end = crate::contract::read(format, &mut Cursor::new(bytes), &InMemory, &context(organisation), &mut kept);
        (kept, end)
    }

    pub(crate) fn multipart(files: &[(&str, &str)]) -> Vec<u8> {
        let part = |(name, text): &(&str, &str)| {
            format!("--b0\r\nContent-Disposition: form-data; name=\"t\"; filename=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let parts: String = files.iter().map(part).collect();
        format!("{parts}--b0--\r\n").into_bytes()
    }

    /// The files with changes: each replaces the file of the same name, or is added.
    pub(crate) fn with<'a>(files: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let kept = files.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        kept.chain(changes).copied().collect()
    }
}
