//! Writes referrals as native CSV.

use std::io::{self, Write};

use domain::SubmittedRecord;

use crate::columns::{Cell, FIELDS, cells};

/// Writes the header and a row for each referral. Records of other kinds are left out.
pub fn write_csv(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(out);
    file.write_record(FIELDS.iter().map(|field| field.name))?;
    for cells in records.iter().filter_map(cells) {
        file.write_record(cells.map(|cell| Cell::text(cell).unwrap_or_default()))?;
    }
    file.flush()
}

/// Writes an empty list, for people to fill in.
pub fn write_csv_template(out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
    write!(out, "{}\r\n", names.join(","))
}
