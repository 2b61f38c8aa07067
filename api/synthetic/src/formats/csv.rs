//! Referrals in the native CSV.

use std::io::{self, Write};

use domain::submissions::Record;

use super::{COLUMNS, Value, values};

/// What does not come back as it was: the writer states the pathways, so no code decides them.
pub const LOSSES: &[&str] = &["recognised"];

/// Writes the header and a row for each referral. Records of other kinds are left out.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(out);
    file.write_record(COLUMNS)?;
    for values in records.iter().filter_map(values) {
        file.write_record(values.iter().map(Value::text))?;
    }
    file.flush()
}
