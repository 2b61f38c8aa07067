//! A multipart body (RFC 2046, RFC 7578). The first line gives the boundary, so the HTTP header is not
//! needed. Lines end in CRLF, or in LF alone.

use std::io::{self, Read};

use memchr::memmem::Finder;

use super::{BUFFER, MOST_BYTES, MOST_ENTRIES, Take, checked, hand_on};
use crate::contract::{ContainerFault, Unreadable, refusal};

/// The longest boundary, in characters (RFC 2046).
const BOUNDARY: usize = 70;
/// All headers of a part, in bytes.
const HEADERS: usize = 8 * 1024;

pub(super) fn each(source: impl Read, take: &mut Take<'_>) -> Result<(), Unreadable> {
    let mut body = Body { source, held: Vec::with_capacity(2 * BUFFER), start: 0, ended: false, given: 0 };
    let first = body.line(BOUNDARY + 4).map_err(refusal)?.ok_or(Unreadable::NotThisFormat("text"))?;
    let boundary = first.strip_prefix(b"--").filter(|name| !name.is_empty() && name.iter().all(|byte| is_of_boundary(*byte)));
    let delimiter = [b"\n--", boundary.ok_or(Unreadable::NotThisFormat("text"))?].concat();
    let mut parts = 0;
    loop {
        if parts == MOST_ENTRIES {
            return Err(ContainerFault::TooMany.into());
        }
        parts += 1;
        let name = body.headers()?;
        let name = checked(name.as_bytes())?;
        let mut part = Part { body: &mut body, delimiter: Finder::new(&delimiter), first: true, over: false };
        hand_on(name, &mut part, take)?;
        // After the delimiter comes another part, or two hyphens and the end.
        let rest = body.line(BOUNDARY + 4).map_err(refusal)?.ok_or(ContainerFault::Truncated)?;
        match rest.trim_ascii_end() {
            b"" => {}
            b"--" => return body.nothing_follows().map_err(refusal),
            _ => return Err(ContainerFault::Damaged.into()),
        }
    }
}

fn is_of_boundary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte)
}

struct Body<R> {
    source: R,
    held: Vec<u8>,
    start: usize,
    ended: bool,
    given: u64,
}

impl<R: Read> Body<R> {
    fn rest(&self) -> &[u8] {
        &self.held[self.start..]
    }

    /// Reads more of the source; false at its end.
    fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.held.drain(..self.start);
        self.start = 0;
        let count = (&mut self.source).take(BUFFER as u64).read_to_end(&mut self.held)?;
        self.ended = count < BUFFER;
        Ok(count > 0)
    }

    /// The next line without its line ending; `None` at the end of the body. A line over `most` bytes is damage.
    fn line(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            let end = memchr::memchr(b'\n', self.rest());
            if end.unwrap_or(self.rest().len()) > most {
                return Err(ContainerFault::Damaged.into());
            }
            if let Some(end) = end {
                let line = self.rest()[..end].strip_suffix(b"\r").unwrap_or(&self.rest()[..end]).to_vec();
                self.start += end + 1;
                return Ok(Some(line));
            }
            if !self.more()? {
                // The last line may have no line ending.
                let line = self.rest().to_vec();
                self.start = self.held.len();
                return Ok((!line.is_empty()).then_some(line));
            }
        }
    }

    /// Reads the headers of a part. Gives the name of its file, or of the part itself.
    fn headers(&mut self) -> Result<String, Unreadable> {
        let (mut name, mut read) = (None, 0);
        loop {
            let line = self.line(HEADERS - read).map_err(refusal)?.ok_or(ContainerFault::Truncated)?;
            read += line.len();
            if line.is_empty() {
                return name.ok_or(ContainerFault::Name.into());
            }
            let line = std::str::from_utf8(&line).map_err(|_| ContainerFault::Damaged)?;
            let (field, value) = line.split_once(':').ok_or(ContainerFault::Damaged)?;
            if field.eq_ignore_ascii_case("content-disposition") {
                name = parameter(value, "filename").or_else(|| parameter(value, "name")).map(str::to_owned);
            } else if field.eq_ignore_ascii_case("content-type") {
                name = name.or_else(|| parameter(value, "name").map(str::to_owned));
            } else if field.eq_ignore_ascii_case("content-transfer-encoding")
                && !["binary", "8bit", "7bit"].iter().any(|plain| value.trim().eq_ignore_ascii_case(plain))
            {
                return Err(ContainerFault::TransferEncoding.into());
            }
        }
    }

    fn nothing_follows(&mut self) -> io::Result<()> {
        while self.more()? && self.rest().len() <= BUFFER {}
        if self.rest().trim_ascii().is_empty() && self.ended { Ok(()) } else { Err(ContainerFault::Damaged.into()) }
    }
}

/// A parameter of a header: `; name="value"` or `; name=value`.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|part| {
        let (found, value) = part.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// The content of one part. Reading it to the end also reads the delimiter after it.
struct Part<'a, R> {
    body: &'a mut Body<R>,
    delimiter: Finder<'a>,
    first: bool,
    over: bool,
}

impl<R: Read> Read for Part<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let delimiter = self.delimiter.needle().len();
        while !self.over && !buffer.is_empty() {
            // An empty part begins with the delimiter, without the line ending before it.
            if self.first && (self.body.rest().len() >= delimiter || self.body.ended) {
                self.first = false;
                if self.body.rest().starts_with(&self.delimiter.needle()[1..]) {
                    self.body.start += delimiter - 1;
                    self.over = true;
                    break;
                }
            }
            let rest = self.body.rest();
            let found = self.delimiter.find(rest);
            // A line ending may belong to the delimiter.
            let content = match found {
                Some(at) => at - usize::from(at > 0 && rest[at - 1] == b'\r'),
                None => rest.len().saturating_sub(delimiter + 1),
            };
            if content > 0 && !self.first {
                let count = content.min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                self.body.start += count;
                self.body.given += count as u64;
                return if self.body.given > MOST_BYTES { Err(ContainerFault::Bomb.into()) } else { Ok(count) };
            }
            if let Some(at) = found.filter(|_| !self.first) {
                self.body.start += at + delimiter;
                self.over = true;
            } else if !self.body.more()? && !self.first {
                return Err(ContainerFault::Truncated.into());
            }
        }
        Ok(0)
    }
}
