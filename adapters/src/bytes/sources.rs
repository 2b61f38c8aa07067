//! What every format does with its source: it looks at the first bytes, and it limits how much is read
//! for one row.

use std::io::{self, Cursor, Read};

use crate::contract::{Unreadable, refusal};

const OPENING: usize = 64;

/// A workbook is a ZIP archive too.
pub(crate) const ZIP: &str = "a ZIP archive or an Excel workbook";
/// A compound file holds Excel's old workbooks, and encrypted new ones.
pub(crate) const COMPOUND: &str = "an Excel workbook of the old kind";

/// What a body looks like, judged by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    Xml,
    Text,
    /// Another format, by name.
    Other(&'static str),
}

/// Looks at the first bytes and gives the whole source back, without a UTF-8 byte order mark.
/// Empty bodies and UTF-16 are refused.
pub(crate) fn open(source: &mut dyn Read) -> Result<(Looks, impl Read), Unreadable> {
    let mut opening = Vec::with_capacity(OPENING);
    (&mut *source).take(OPENING as u64).read_to_end(&mut opening).map_err(Unreadable::Source)?;
    let mark = if opening.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let looks = look(&opening[mark..])?;
    let mut start = Cursor::new(opening);
    start.set_position(mark as u64);
    Ok((looks, start.chain(source)))
}

fn look(opening: &[u8]) -> Result<Looks, Unreadable> {
    const MAGIC: &[(&[u8], &str)] =
        &[(b"PK\x03\x04", ZIP), (b"\xD0\xCF\x11\xE0", COMPOUND), (b"%PDF", "a PDF document"), (b"\x1F\x8B", "gzip data")];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| opening.starts_with(magic)) {
        return Ok(Looks::Other(name));
    }
    // UTF-16, by its byte order mark, or by the zero bytes in plain text.
    if opening.starts_with(b"\xFF\xFE") || opening.starts_with(b"\xFE\xFF") || opening.iter().take(2).any(|byte| *byte == 0) {
        return Err(Unreadable::Encoding);
    }
    match opening.trim_ascii_start() {
        [] if opening.len() < OPENING - 3 => Err(Unreadable::Empty),
        [b'<', ..] => Ok(Looks::Xml),
        [b'{' | b'[', ..] => Ok(Looks::Other("JSON")),
        _ => Ok(Looks::Text),
    }
}

/// A source that fails when more is read from it than was allowed.
pub(crate) struct Bounded<R> {
    inner: R,
    left: usize,
    ended: bool,
}

impl<R> Bounded<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, left: 0, ended: false }
    }

    /// Allows this many bytes to be read from now on.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// What a failed read means.
    pub(crate) fn refusal(&self, row: u64, error: io::Error) -> Unreadable {
        if self.left == 0 { Unreadable::TooLarge { row } } else { refusal(error) }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("over the bound of one row"));
        }
        let most = buffer.len().min(self.left);
        loop {
            match self.inner.read(&mut buffer[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.left -= count;
                    self.ended |= count == 0;
                    return Ok(count);
                }
            }
        }
    }
}
