//! The body as it is: lines, batches with their counts, and one message at a time.

use std::io::{BufRead, BufReader, Read};

use domain::IssueCode;

use crate::bytes::sources::{Bounded, Looks};
use crate::contract::{Fault, Unreadable};

/// The most bytes of one message, with the white space before it and any letter in an OBX.
const MESSAGE_BYTES: usize = 1024 * 1024;

/// The segments that are read. All others are dropped at once, such as next of kin, insurance, results and letters.
const READ: [&[u8]; 9] = [b"MSH", b"PID", b"PD1", b"RF1", b"PRD", b"DG1", b"OBR", b"MRG", b"ZSB"];

/// One message: only the segments that are read, each ended by CR.
pub(super) struct MessageBytes {
    /// Counted from 1.
    pub(super) row: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) damage: Option<Damage>,
}

/// Why a message cannot be relied upon.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// A line is not a segment, or the header does not say how to split the message.
    Shape,
    /// The file ends within a segment that is read: an id may be cut short.
    CutShort,
    /// The bytes do not fit the character set.
    Encoding,
}

impl Damage {
    pub(super) const ALL: [Self; 3] = [Self::Shape, Self::CutShort, Self::Encoding];

    pub(super) fn fault(self) -> Fault {
        let code = match self {
            Self::Shape => IssueCode::SegmentShape,
            Self::CutShort => IssueCode::MessageCutShort,
            Self::Encoding => IssueCode::RowEncoding,
        };
        ("message", code)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Ended,
    /// The file ended without the end of the line.
    Unended,
    /// There is no line left.
    None,
}

pub(super) struct FileWire<R> {
    reader: BufReader<Bounded<R>>,
    line: Vec<u8>,
    /// How the line that was read ahead ended.
    ahead: Line,
    rows: u64,
    in_batch: u64,
    batches: u64,
    file_open: bool,
    batch_open: bool,
    ended: bool,
    line_feeds: bool,
}

impl<R: Read> FileWire<R> {
    pub(super) fn open(looks: Looks, source: R) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
            Looks::Text => {}
        }
        let mut reader = BufReader::new(Bounded::new(source));
        reader.get_mut().allow(MESSAGE_BYTES);
        let (line, ahead) = (Vec::new(), Line::None);
        let (rows, in_batch, batches) = (0, 0, 0);
        let mut file =
            Self { reader, line, ahead, rows, in_batch, batches, file_open: false, batch_open: false, ended: false, line_feeds: false };
        file.ahead = file.read_line()?;
        if file.ahead == Line::None {
            return Err(Unreadable::Empty);
        }
        if ![b"MSH", b"FHS", b"BHS"].iter().any(|name| is_segment(&file.line) && file.line.starts_with(*name)) {
            return Err(Unreadable::NotThisFormat("text that is not HL7 v2"));
        }
        Ok(file)
    }

    /// Whether a line ended in a line feed instead of a carriage return.
    pub(super) fn has_line_feeds(&self) -> bool {
        self.line_feeds
    }

    /// Reads the next message; `None` at the end of a complete file.
    pub(super) fn next(&mut self) -> Result<Option<MessageBytes>, Unreadable> {
        let row = self.rows + 1;
        loop {
            if self.ahead == Line::None {
                return if self.file_open || self.batch_open { Err(Unreadable::Truncated { row }) } else { Ok(None) };
            }
            if !is_segment(&self.line) {
                return Err(Unreadable::Malformed { row });
            }
            match &self.line[..3] {
                _ if self.ended => return Err(Unreadable::Malformed { row }),
                b"MSH" => return self.message().map(Some),
                b"FHS" if !self.file_open && !self.batch_open && self.rows == 0 => self.file_open = true,
                b"BHS" if !self.batch_open => (self.batch_open, self.in_batch) = (true, 0),
                b"BTS" => {
                    self.check_count("BTS-1", self.in_batch)?;
                    (self.batch_open, self.in_batch) = (false, 0);
                    self.batches += 1;
                }
                b"FTS" if !self.batch_open => {
                    self.check_count("FTS-1", self.batches)?;
                    (self.file_open, self.ended) = (false, true);
                }
                _ => return Err(Unreadable::Malformed { row }),
            }
            self.reader.get_mut().allow(MESSAGE_BYTES);
            self.ahead = self.read_line()?;
        }
    }

    /// Reads the rest of a message after its header.
    fn message(&mut self) -> Result<MessageBytes, Unreadable> {
        self.rows += 1;
        self.in_batch += 1;
        self.reader.get_mut().allow(MESSAGE_BYTES);
        let mut message = MessageBytes { row: self.rows, bytes: Vec::new(), damage: None };
        loop {
            let read = READ.iter().any(|name| self.line.starts_with(name));
            if !is_segment(&self.line) {
                message.damage = message.damage.or(Some(Damage::Shape));
            } else if read {
                if self.ahead == Line::Unended {
                    message.damage = message.damage.or(Some(Damage::CutShort));
                } else {
                    message.bytes.append(&mut self.line);
                    message.bytes.push(b'\r');
                }
            }
            self.ahead = self.read_line()?;
            let over = [b"MSH", b"FHS", b"BHS", b"BTS", b"FTS"].iter().any(|name| self.line.starts_with(*name)) && is_segment(&self.line);
            if self.ahead == Line::None || over {
                return Ok(message);
            }
        }
    }

    /// Checks the count in a trailer, unless it is blank.
    fn check_count(&self, field: &'static str, counted: u64) -> Result<(), Unreadable> {
        let separator = self.line.get(3).copied().unwrap_or(b'|');
        let stated = self.line.split(|byte| *byte == separator).nth(1).unwrap_or_default().trim_ascii();
        let agrees = stated.is_empty() || std::str::from_utf8(stated).is_ok_and(|stated| stated.parse() == Ok(counted));
        if agrees { Ok(()) } else { Err(Unreadable::CountMismatch(field)) }
    }

    /// Reads the next line that is not blank, without the frame of MLLP.
    fn read_line(&mut self) -> Result<Line, Unreadable> {
        loop {
            self.line.clear();
            let mut end = self.read_to_separator()?;
            // MLLP puts VT before a message and FS after it.
            while self.line.last() == Some(&0x1C) {
                self.line.pop();
                end = Line::Ended;
            }
            let start = self.line.iter().take_while(|byte| matches!(**byte, 0x0B | 0x1C)).count();
            self.line.drain(..start);
            if !self.line.is_empty() || end == Line::None {
                return Ok(end);
            }
        }
    }

    fn read_to_separator(&mut self) -> Result<Line, Unreadable> {
        loop {
            let row = self.rows + 1;
            let buffered = match self.reader.fill_buf() {
                Ok(buffered) => buffered,
                Err(error) => {
                    let error = std::io::Error::new(error.kind(), error);
                    return Err(self.reader.get_ref().refusal(row, error));
                }
            };
            if buffered.is_empty() {
                return Ok(if self.line.is_empty() { Line::None } else { Line::Unended });
            }
            let at = buffered.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let taken = at.unwrap_or(buffered.len());
            self.line.extend_from_slice(&buffered[..taken]);
            self.line_feeds |= at.is_some_and(|at| buffered[at] == b'\n');
            self.reader.consume(taken + usize::from(at.is_some()));
            if at.is_some() {
                return Ok(Line::Ended);
            }
        }
    }
}

/// A capital, two capitals or digits, and a separator or nothing.
fn is_segment(line: &[u8]) -> bool {
    let named =
        line.len() >= 3 && line[0].is_ascii_uppercase() && line[1..3].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    named && line.get(3).is_none_or(u8::is_ascii_punctuation)
}
