//! What a provider's informatics team starts from: empty templates, ten rows that show how each thing
//! is said, and views to begin its own export with.

mod examples;
mod templates;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use chrono::NaiveDate;
use domain::organisations::OrganisationCode;
use domain::submissions::Record;

use crate::formats::{csv, ndjson, xlsx};
pub use examples::examples;

/// A column, as the format describes it.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    pub name: &'a str,
    pub required: bool,
    pub meaning: &'a str,
}

/// A file of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

type Writer = fn(&[Record], &mut dyn Write) -> io::Result<()>;

/// The ten rows in each format, under the format's name.
const EXAMPLES: &[(&str, &str, Writer)] = &[
    ("csv", "waiting-list-examples.csv", csv::write),
    ("xlsx", "waiting-list-examples.xlsx", xlsx::write),
    ("ndjson", "waiting-list-examples.ndjson", ndjson::write),
];

const VIEWS: &[(&str, &str)] = &[
    ("systmone-waiting-list.sql", include_str!("../../../../deploy/onboarding/systmone-waiting-list.sql")),
    ("rio-waiting-list.sql", include_str!("../../../../deploy/onboarding/rio-waiting-list.sql")),
];

/// The whole pack, for the provider on that day: `columns` are the native format's.
pub fn pack(columns: &[Described<'_>], provider: OrganisationCode, as_of: NaiveDate) -> io::Result<Vec<PackFile>> {
    let records = examples(provider, as_of);
    let mut header = columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",");
    header.push_str("\r\n");
    let mut files = vec![
        PackFile { name: "README.md", bytes: include_bytes!("README.md").to_vec() },
        PackFile { name: "waiting-list-template.csv", bytes: header.into_bytes() },
        PackFile { name: "waiting-list-template.xlsx", bytes: templates::workbook(columns).map_err(io::Error::other)? },
    ];
    for (_, name, write) in EXAMPLES {
        let mut bytes = Vec::new();
        write(&records, &mut bytes)?;
        files.push(PackFile { name, bytes });
    }
    files.extend(VIEWS.iter().map(|(name, sql)| PackFile { name, bytes: sql.as_bytes().to_vec() }));
    Ok(files)
}
