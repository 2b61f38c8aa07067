//! What a provider's informatics team starts from: empty templates, ten rows that show how each thing
//! is said, and views to begin its own export with.

mod examples;
mod templates;
#[cfg(test)]
mod tests;

use std::io::{self, Cursor};

use chrono::{Datelike, NaiveDate};
use domain::organisations::OrganisationCode;
use domain::submissions::Record;

use crate::formats::{Period, csds, csv, hl7v2, mhsds, ndjson, xlsx};
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

/// Whose rows are written, and on which day.
type Writer = fn(&[Record], OrganisationCode, NaiveDate, &mut Cursor<Vec<u8>>) -> io::Result<()>;

/// The ten rows in each format, under the format's name: as many of them as it can carry.
const EXAMPLES: &[(&str, &str, Writer)] = &[
    ("csv", "waiting-list-examples.csv", |records, _, _, out| csv::write(records, out)),
    ("xlsx", "waiting-list-examples.xlsx", |records, _, _, out| xlsx::write(records, out)),
    ("ndjson", "waiting-list-examples.ndjson", |records, _, _, out| ndjson::write(records, out)),
    ("csds", "csds-examples.zip", |records, provider, as_of, out| csds::write(records, provider, &month_before(as_of), out)),
    ("mhsds", "mhsds-examples.zip", |records, provider, as_of, out| mhsds::write(records, provider, &month_before(as_of), out)),
    ("hl7v2", "hl7v2-examples.hl7", |records, provider, as_of, out| hl7v2::write(records, provider, as_of, out)),
];

/// The month that a data set of that day reports.
fn month_before(day: NaiveDate) -> Period {
    let last = day - chrono::Days::new(u64::from(day.day()));
    last - chrono::Days::new(u64::from(last.day0()))..=last
}

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
        let mut out = Cursor::new(Vec::new());
        write(&records, provider, as_of, &mut out)?;
        files.push(PackFile { name, bytes: out.into_inner() });
    }
    files.extend(VIEWS.iter().map(|(name, sql)| PackFile { name, bytes: sql.as_bytes().to_vec() }));
    Ok(files)
}
