//! Writes referrals as JSON, one object a line.

use std::io::{self, Write};

use domain::SubmittedRecord;

use crate::columns::{Cell, Column, cells};

/// Writes an object for each referral, without its blank values. Records of other kinds are left out.
pub fn write_ndjson(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    for cells in records.iter().filter_map(cells) {
        let mut before = '{';
        for (column, cell) in Column::ALL.iter().zip(cells) {
            let text = match cell {
                Cell::Blank => continue,
                Cell::Flag(flag) => flag.to_string(),
                Cell::Count(count) => count.to_string(),
                Cell::Text(text) => serde_json::to_string(&text)?,
                Cell::Day(day) => serde_json::to_string(&day)?,
            };
            write!(out, "{before}\"{}\":{text}", column.name())?;
            before = ',';
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}
