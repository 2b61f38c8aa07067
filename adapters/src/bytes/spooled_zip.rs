//! A ZIP archive that is stored whole, since its list of parts is at its end, and then read part by part.
//! No part is ever written to a file by its name. Unpacked sizes are limited: in all, and for each part
//! by its packed size, since no real text shrinks as much as an archive bomb.

use std::io::{self, ErrorKind, Read};

use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::contract::{Scratch, SpoolReader, Unreadable};

/// More parts than any real archive has.
const PARTS: usize = 1_000;
/// How many times its packed size a part may unpack to, beyond the first mebibyte.
const RATIO: u64 = 250;
const FREE: u64 = 1024 * 1024;

/// The limits of an archive, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) packed: u64,
    /// All that is read, unpacked.
    pub(crate) unpacked: u64,
    /// What to call the archive, at the start of a sentence.
    pub(crate) name: &'static str,
}

pub(crate) struct SpooledZip {
    zip: ZipArchive<Box<dyn SpoolReader>>,
    bounds: Bounds,
    /// How many more bytes may be unpacked.
    left: u64,
}

impl SpooledZip {
    /// Stores the source and reads the list of its parts.
    pub(crate) fn open(mut source: impl Read, scratch: &dyn Scratch, bounds: Bounds) -> Result<Self, Unreadable> {
        let mut spool = scratch.spool().map_err(Unreadable::Source)?;
        let mut buffer = vec![0; 64 * 1024];
        // The buffer starts with the last bytes read before: a signature may be split between two reads.
        let (mut kept, mut taken, mut parts) = (0, 0_u64, 0);
        loop {
            let count = match source.read(&mut buffer[kept..]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Unreadable::Source(error)),
            };
            taken += count as u64;
            let read = &buffer[..kept + count];
            // Counts the lines of the list of parts, to limit what the list takes in memory.
            parts += memmem::find_iter(read, b"PK\x01\x02").count();
            if taken > bounds.packed || parts > PARTS {
                return Err(Unreadable::Oversized(bounds.name));
            }
            spool.write_all(&read[kept..]).map_err(|error| lent(error, bounds))?;
            let end = read.len();
            let keep = end.min(3);
            buffer.copy_within(end - keep..end, 0);
            kept = keep;
        }
        let mut zip = ZipArchive::new(spool.into_reader().map_err(Unreadable::Source)?).map_err(|error| refusal(error, bounds))?;
        let strange = zip.file_names_raw().any(|name| !is_plain(name));
        if strange || zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(|error| refusal(error, bounds))? {
            return Err(Unreadable::Archive);
        }
        Ok(Self { zip, bounds, left: bounds.unpacked })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// Unpacks a part while it is read. [`Self::failure`] says what an error of the reader means.
    pub(crate) fn part(&mut self, name: &str) -> Result<impl Read, Unreadable> {
        let bounds = self.bounds;
        let part = self.zip.by_name(name).map_err(|error| refusal(error, bounds))?;
        let own = FREE.saturating_add(part.compressed_size().saturating_mul(RATIO));
        Ok(Unpacked { part, own, left: &mut self.left })
    }

    /// What an error while a part is read means.
    pub(crate) fn failure(error: io::Error, name: &'static str) -> Unreadable {
        match error.kind() {
            ErrorKind::FileTooLarge => Unreadable::Oversized(name),
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => Unreadable::Archive,
            _ => Unreadable::Source(error),
        }
    }
}

/// The archive is at fault where scratch space is over its limit, but not otherwise.
fn lent(error: io::Error, bounds: Bounds) -> Unreadable {
    if error.kind() == ErrorKind::FileTooLarge { Unreadable::Oversized(bounds.name) } else { Unreadable::Source(error) }
}

fn refusal(error: ZipError, bounds: Bounds) -> Unreadable {
    match error {
        ZipError::Io(error) => SpooledZip::failure(error, bounds.name),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Unreadable::Protected,
        _ => Unreadable::Archive,
    }
}

/// Whether a name stays below the archive's root and is plain ASCII.
fn is_plain(name: &[u8]) -> bool {
    !name.starts_with(b"/")
        && !name.split(|byte| *byte == b'/').any(|step| step == b"..")
        && name.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control() && !matches!(byte, b'\\' | b':'))
}

struct Unpacked<'a, R> {
    part: R,
    own: u64,
    left: &'a mut u64,
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.part.read(buffer)? as u64;
        match (self.own.checked_sub(count), self.left.checked_sub(count)) {
            (Some(own), Some(left)) => (self.own, *self.left) = (own, left),
            _ => return Err(ErrorKind::FileTooLarge.into()),
        }
        Ok(usize::try_from(count).unwrap_or_default())
    }
}
