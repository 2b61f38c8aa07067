//! Referrals as JSON, one a line.

use std::io::{self, Write};

use domain::submissions::Record;

use super::{COLUMNS, Value, values};

/// What does not come back as it was: the writer states the pathways, so no code decides them.
pub const LOSSES: &[&str] = &["recognised"];

/// Writes an object for each referral, without its blank values. Records of other kinds are left out.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    for values in records.iter().filter_map(values) {
        let mut before = '{';
        for (column, value) in COLUMNS.iter().zip(&values) {
            let text = match value {
                Value::Blank => continue,
                Value::Flag(flag) => flag.to_string(),
                Value::Count(count) => count.to_string(),
                Value::Text(_) | Value::Day(_) => serde_json::to_string(&value.text())?,
            };
            write!(out, "{before}\"{column}\":{text}")?;
            before = ',';
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}
