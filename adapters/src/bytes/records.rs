//! Reads CSV one record at a time, each of limited size.

use std::io::{Chain, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use crate::bytes::encodings::Encodings;
use crate::bytes::sources::Bounded;
use crate::contract::Unreadable;

/// The most bytes of one record. Real ones are some 300 bytes.
const RECORD_BYTES: usize = 64 * 1024;

pub(crate) struct Records<R> {
    reader: Reader<Bounded<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
    encodings: Encodings,
    /// The position of a value in the record just read that is in no known encoding.
    unreadable: Option<usize>,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(source: R) -> Self {
        // A newline is added after the last byte. So a record that only the end of the file ends
        // has a quotation mark that was never closed.
        let source = Bounded::new(source.chain(&b"\n"[..]));
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(RECORD_BYTES).from_reader(source);
        Self { reader, record: ByteRecord::new(), encodings: Encodings::default(), unreadable: None }
    }

    /// Reads the next record, whose row number is `row`; false at the end of the file.
    pub(crate) fn advance(&mut self, row: u64) -> Result<bool, Unreadable> {
        self.reader.get_mut().allow(RECORD_BYTES);
        let more = self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error) => self.reader.get_ref().refusal(row, error),
            _ => Unreadable::Malformed { row },
        })?;
        if more && self.reader.get_ref().ended() {
            return Err(Unreadable::Truncated { row });
        }
        self.unreadable = self.encodings.mend(&mut self.record).err();
        Ok(more)
    }

    /// The position of a value in the record just read that is in no known encoding. `None` where every value is UTF-8.
    pub(crate) fn unreadable(&self) -> Option<usize> {
        self.unreadable
    }

    pub(crate) fn encodings(&self) -> Encodings {
        self.encodings
    }

    pub(crate) fn record(&self) -> &ByteRecord {
        &self.record
    }

    /// Spreadsheets leave rows of commas after their data.
    pub(crate) fn is_blank(&self) -> bool {
        self.record.as_slice().trim_ascii().is_empty()
    }
}
