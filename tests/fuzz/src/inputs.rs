//! What a fuzz target does with its input: the same under the fuzzer and where kept inputs are read again.

use std::io::{Cursor, Write};

use adapters::{Format, REGISTRY};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::readings::survives;

/// The target of what is inside an archive is named like its format, with this after it.
const PARTS: &str = "-parts";

/// Formats that come as an archive, whose inside no change of the packed bytes would reach.
pub(crate) fn archives() -> impl Iterator<Item = Format> {
    const ZIPPED: [&str; 2] = ["application/zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];
    REGISTRY.iter().copied().filter(|adapter| adapter.media_types().iter().any(|kind| ZIPPED.contains(kind)))
}

/// Every format's own target, and that of its parts where it is an archive.
pub(crate) fn targets() -> impl Iterator<Item = String> {
    let whole = REGISTRY.iter().map(|adapter| adapter.format().to_owned());
    whole.chain(archives().map(|adapter| format!("{}{PARTS}", adapter.format())))
}

/// Reads an input as its target does. Panics where what was read does not hold together.
pub(crate) fn parse(target: &str, bytes: &[u8]) {
    let (format, parts) = target.strip_suffix(PARTS).map_or((target, false), |format| (format, true));
    let adapter = REGISTRY.iter().find(|adapter| adapter.format() == format).expect("a target is named like a format");
    if !parts {
        survives(*adapter, bytes);
    } else if let Some(archive) = archive(bytes) {
        survives(*adapter, &archive);
    }
    if target == "fhir" {
        // The interface takes single resources of XML, which it reads whole.
        let _ = adapters::fhir::from_xml(bytes);
    }
}

/// The archive, its parts as they are, of an input that says them: a part ends at a zero byte, and its
/// first line is its name. None where they cannot be packed: two of one name.
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
