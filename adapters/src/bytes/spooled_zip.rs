//! A ZIP archive that is put aside whole, since its list of parts stands at its end, and read part by
//! part. Nothing of it is ever written under a name of its own, and what it unpacks to is bounded: in
//! all, and for each part by its own size, as no honest text is packed like a bomb.

use std::io::{self, ErrorKind, Read};

use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::contract::{Scratch, SpoolReader, Unreadable};

/// More parts than any real archive has.
const PARTS: usize = 1_000;
/// How much larger than itself a part may be, above the first mebibyte.
const RATIO: u64 = 250;
const FREE: u64 = 1024 * 1024;

/// What an archive may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) packed: u64,
    /// All that is read of it, unpacked.
    pub(crate) unpacked: u64,
    /// What the writer knows it as, at the start of a sentence.
    pub(crate) name: &'static str,
}

pub(crate) struct SpooledZip {
    zip: ZipArchive<Box<dyn SpoolReader>>,
    bounds: Bounds,
    /// How much more may be unpacked.
    left: u64,
}

impl SpooledZip {
    /// Puts the source aside and reads the list of its parts.
    pub(crate) fn open(mut source: impl Read, scratch: &dyn Scratch, bounds: Bounds) -> Result<Self, Unreadable> {
        let mut spool = scratch.spool().map_err(Unreadable::Source)?;
        let mut buffer = vec![0; 64 * 1024];
        // The start of the buffer is the end of the last one: a mark may stand across the two.
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
            // Each part has its line in the list, so counting them here bounds what the list takes in memory.
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

    /// Unpacks a part while it is read. An error of it is told by [`Self::failure`].
    pub(crate) fn part(&mut self, name: &str) -> Result<impl Read, Unreadable> {
        let bounds = self.bounds;
        let part = self.zip.by_name(name).map_err(|error| refusal(error, bounds))?;
        let own = FREE.saturating_add(part.compressed_size().saturating_mul(RATIO));
        Ok(Unpacked { part, own, left: &mut self.left })
    }

    /// What it means that a part could not be read on.
    pub(crate) fn failure(error: io::Error, name: &'static str) -> Unreadable {
        match error.kind() {
            ErrorKind::FileTooLarge => Unreadable::Oversized(name),
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => Unreadable::Archive,
            _ => Unreadable::Source(error),
        }
    }
}

/// A lender's own bound is the archive's fault, anything else the lender's.
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

/// A path below the archive's own root, in plain letters.
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
