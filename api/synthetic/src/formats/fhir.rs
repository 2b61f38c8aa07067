//! Referrals as FHIR R4 UK Core: the adapter's own writer, as files.

use std::io::{self, Write};

use domain::submissions::Record;

pub use adapters::fhir::LOSSES;

/// Writes a bundle in JSON, to be posted as a transaction. Records of other kinds are left out.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(out, &adapters::fhir::bundle("transaction", records))?)
}

/// Writes a collection in XML.
pub fn write_xml(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(adapters::fhir::bundle("collection", records).to_xml().as_bytes())
}

/// Writes a resource a line.
pub fn write_lines(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    for resource in adapters::fhir::ndjson(records) {
        serde_json::to_writer(&mut *out, &resource)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
