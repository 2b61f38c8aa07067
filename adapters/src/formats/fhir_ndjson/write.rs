//! Writes referrals as FHIR, one resource a line.

use std::io::{self, Write};

use domain::SubmittedRecord;

use super::super::fhir::lines;

/// Writes one resource a line. Records of other kinds are left out.
pub fn write_fhir_ndjson(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    for resource in lines(records) {
        serde_json::to_writer(&mut *out, &resource)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
