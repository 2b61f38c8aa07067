//! What a fuzz target does with its input, both under the fuzzer and when kept inputs are read again.

use std::io::{Cursor, Write};

use adapters::{Format, REGISTRY};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::readings::survives;

/// The end of the name of a target for what is inside an archive; the format's name comes before it.
const PARTS: &str = "-parts";

/// Formats that are archives. Changing the packed bytes would never reach what is inside.
pub(crate) fn archives() -> impl Iterator<Item = Format> {
    const ZIPPED: [&str; 2] = ["application/zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];
    REGISTRY.iter().copied().filter(|adapter| adapter.media_types().iter().any(|kind| ZIPPED.contains(kind)))
}

/// Every format's target, and that of its parts if it is an archive.
pub(crate) fn targets() -> impl Iterator<Item = String> {
    let whole = REGISTRY.iter().map(|adapter| adapter.format().to_owned());
    whole.chain(archives().map(|adapter| format!("{}{PARTS}", adapter.format())))
}

/// Reads an input as its target does. Panics if the rows are not consistent.
pub(crate) fn parse(target: &str, bytes: &[u8]) {
    let (format, parts) = target.strip_suffix(PARTS).map_or((target, false), |format| (format, true));
    let adapter = REGISTRY.iter().find(|adapter| adapter.format() == format).expect("a target is named like a format");
    if !parts {
        survives(*adapter, bytes);
    } else if let Some(archive) = archive(bytes) {
        survives(*adapter, &archive);
    }
    if target == "fhir" {
        // The FHIR interface also takes single resources in XML, which it reads whole.
        let _ = adapters::fhir::from_xml(bytes);
    }
}

/// An uncompressed archive of the parts in an input. A part ends at a zero byte, and its first line is
/// its name. None if the parts cannot be packed, such as two with one name.
fn archive(bytes: &[u8]) -> Option<Vec<u8>> {
    const MOST: usize = 32;
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for part in bytes.split(|byte| *byte == 0).take(MOST) {
        let end = part.iter().position(|byte| *byte == b'\n')?;
        archive.start_file(String::from_utf8_lossy(&part[..end]), stored).ok()?;
        archive.write_all(&part[end + 1..]).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}
