//! Several files in one body: a ZIP archive, or a multipart body. Both are read forwards, once, and
//! never held in memory. The number, names and sizes of the files inside are limited.

mod multipart;
mod streamed_zip;
#[cfg(test)]
mod tests;

use std::io::{BufReader, Cursor, Read};

use crate::bytes::sources::{self, Looks};
use crate::contract::{ContainerFault, Unreadable, refusal};

/// National data sets have some forty tables.
const MOST_ENTRIES: usize = 200;
const NAME_BYTES: usize = 255;
const BUFFER: usize = 64 * 1024;
/// All files together, unpacked. A county's month of community services is some 2 GB.
const MOST_BYTES: u64 = 32 << 30;

/// Takes the name and the content of one file. Whatever it does not read is skipped.
pub(crate) type Take<'a> = dyn FnMut(&str, &mut dyn Read) -> Result<(), Unreadable> + 'a;

/// Reads each file of a body, in order.
pub(crate) fn each(source: &mut dyn Read, take: &mut Take<'_>) -> Result<(), Unreadable> {
    let (looks, mut source) = sources::open(source)?;
    let mut start = Vec::with_capacity(4);
    (&mut source).take(4).read_to_end(&mut start).map_err(Unreadable::Source)?;
    let (is_zip, is_multipart) = (matches!(start.as_slice(), b"PK\x03\x04" | b"PK\x05\x06"), start.starts_with(b"--"));
    let source = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(source));
    match looks {
        _ if is_zip => streamed_zip::each(source, take),
        _ if is_multipart => multipart::each(source, take),
        Looks::Xml => Err(Unreadable::NotThisFormat("XML")),
        Looks::Other(name) => Err(Unreadable::NotThisFormat(name)),
        Looks::Text => Err(Unreadable::NotThisFormat("text, not an archive or a multipart body")),
    }
}

/// The name of a file, unless it leads out of the archive: no root, no drive, no `..`.
fn checked(name: &[u8]) -> Result<&str, ContainerFault> {
    let name = std::str::from_utf8(name).map_err(|_| ContainerFault::Name)?;
    let plain = !name.is_empty() && name.len() <= NAME_BYTES && !name.chars().any(|c| c.is_control() || c == ':');
    let leads_out = name.starts_with(['/', '\\', '~']) || name.split(['/', '\\']).any(|part| part == ".." || part == ".");
    if plain && !leads_out { Ok(name) } else { Err(ContainerFault::Name) }
}

/// Hands one file on, unless it is an archive itself, and skips what was not read of it.
fn hand_on(name: &str, content: &mut dyn Read, take: &mut Take<'_>) -> Result<(), Unreadable> {
    const MAGIC: &[&[u8]] = &[b"PK\x03\x04", b"\x1F\x8B", b"7z\xBC\xAF", b"Rar!", b"BZh9", b"\xFD7zX", b"\x28\xB5\x2F\xFD"];
    let mut start = Vec::with_capacity(4);
    (&mut *content).take(4).read_to_end(&mut start).map_err(refusal)?;
    if MAGIC.iter().any(|magic| start.starts_with(magic)) {
        return Err(ContainerFault::Nested.into());
    }
    let mut content = Cursor::new(start).chain(content);
    take(name, &mut content)?;
    skip(&mut content)
}

/// Skips the rest of a file. It has to be text in lines, so that nothing endless is read.
fn skip(content: &mut dyn Read) -> Result<(), Unreadable> {
    const LINE: usize = 1024 * 1024;
    let mut buffer = vec![0; 16 * 1024];
    let (mut line, mut last) = (0_usize, b'\n');
    loop {
        let count = match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(refusal(error)),
        };
        for byte in &buffer[..count] {
            // A blank line counts on, or an endless run of them would be read.
            line = if *byte == b'\n' && last != b'\n' { 0 } else { line + 1 };
            last = *byte;
        }
        if line > LINE {
            return Err(Unreadable::TooLarge { row: 0 });
        }
    }
}
