//! The file as it stands: which column is where, and one record of bytes at a time.

use std::io::{Chain, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use domain::issues::IssueCode;
use domain::referrals::REFERRAL_ID_LENGTH;

use crate::Unreadable;
use crate::canonical::{Column, FIELDS, Values};
use crate::rows::Fault;
use crate::sources::{Bounded, Looks};

/// What one record may take from the source. Real ones are some 300 bytes.
pub(crate) const RECORD_BYTES: usize = 64 * 1024;

struct HeaderWire {
    /// Where each column stands, in the order of [`Column`].
    positions: [Option<usize>; FIELDS.len()],
    width: usize,
    unknown: bool,
}

impl HeaderWire {
    fn read(record: &ByteRecord) -> Result<Self, Unreadable> {
        let mut header = Self { positions: [None; FIELDS.len()], width: record.len(), unknown: false };
        for (position, name) in record.iter().enumerate() {
            let name = std::str::from_utf8(name).map_err(|_| Unreadable::Encoding)?.trim();
            match Column::ALL.iter().find(|column| column.name().eq_ignore_ascii_case(name)) {
                None => header.unknown = true,
                Some(column) => {
                    if header.positions[*column as usize].replace(position).is_some() {
                        return Err(Unreadable::HeaderTwice(column.name()));
                    }
                }
            }
        }
        let mut missing: Vec<_> =
            FIELDS.iter().zip(header.positions).filter(|(field, at)| field.required && at.is_none()).map(|(field, _)| field.name).collect();
        if header.position(Column::NhsNumber).or(header.position(Column::LocalPatientId)).is_none() {
            missing.push(Column::NhsNumber.name());
        }
        if missing.is_empty() { Ok(header) } else { Err(Unreadable::HeaderMissing(missing)) }
    }

    fn position(&self, column: Column) -> Option<usize> {
        self.positions[column as usize]
    }

    fn name_at(&self, position: usize) -> &'static str {
        let at = self.positions.iter().position(|at| *at == Some(position));
        at.map_or("row", |column| FIELDS[column].name)
    }
}

/// The file, its header read.
pub(super) struct FileWire<R> {
    header: HeaderWire,
    reader: Reader<Bounded<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
}

impl<R: Read> FileWire<R> {
    pub(super) fn open(looks: Looks, source: R) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
            Looks::Text => {}
        }
        // With a newline after the last byte, a record that only the end of the file ends is one
        // whose quotation mark was never closed.
        let source = Bounded::new(source.chain(&b"\n"[..]));
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(RECORD_BYTES).from_reader(source);
        let mut record = ByteRecord::new();
        if !advance(&mut reader, &mut record, 0)? {
            return Err(Unreadable::Empty);
        }
        Ok(Self { header: HeaderWire::read(&record)?, reader, record })
    }

    pub(super) fn has_unknown_columns(&self) -> bool {
        self.header.unknown
    }

    /// Reads the next record; false at the end of the file.
    pub(super) fn advance(&mut self, row: u64) -> Result<bool, Unreadable> {
        advance(&mut self.reader, &mut self.record, row)
    }

    /// Spreadsheets leave rows of commas behind their data.
    pub(super) fn is_blank(&self) -> bool {
        self.record.as_slice().trim_ascii().is_empty()
    }

    /// The record just read, if its values can be told apart.
    pub(super) fn row(&self) -> Result<RowWire<'_>, DamagedWire> {
        let damaged = |field, code| DamagedWire { referral_id: self.leading_referral_id(), fault: (field, code) };
        let ascii = self.record.as_slice().is_ascii();
        if self.record.len() != self.header.width {
            return Err(damaged("row", IssueCode::RowShape));
        }
        if !ascii && let Some(position) = self.record.iter().position(|value| std::str::from_utf8(value).is_err()) {
            return Err(damaged(self.header.name_at(position), IssueCode::RowEncoding));
        }
        let printable = ascii && !self.record.as_slice().iter().any(u8::is_ascii_control);
        Ok(RowWire { header: &self.header, record: &self.record, printable })
    }

    /// The id of a damaged row: certain only in the first column, which nothing can have shifted.
    fn leading_referral_id(&self) -> Option<String> {
        let first = self.record.get(0).filter(|_| self.header.position(Column::ReferralId) == Some(0))?;
        let id = std::str::from_utf8(first).ok()?.trim();
        let whole = !id.is_empty() && id.chars().count() <= REFERRAL_ID_LENGTH && !id.chars().any(char::is_control);
        whole.then(|| id.to_owned())
    }
}

/// Reads a record, within the bound; false at the end. Where the end of the file ends it, a quotation mark was never closed.
pub(crate) fn advance<R: Read>(reader: &mut Reader<Bounded<R>>, record: &mut ByteRecord, row: u64) -> Result<bool, Unreadable> {
    reader.get_mut().allow(RECORD_BYTES);
    let more = reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        ErrorKind::Io(error) => reader.get_ref().refusal(row, error),
        _ => Unreadable::Malformed { row },
    })?;
    if more && reader.get_ref().ended() { Err(Unreadable::Truncated { row }) } else { Ok(more) }
}

/// A record whose values cannot be told apart or read.
pub(super) struct DamagedWire {
    pub(super) referral_id: Option<String>,
    pub(super) fault: Fault,
}

/// One record under its header.
#[derive(Clone, Copy)]
pub(super) struct RowWire<'a> {
    header: &'a HeaderWire,
    record: &'a ByteRecord,
    /// No value can have a control character.
    printable: bool,
}

impl Values for RowWire<'_> {
    fn value(&self, column: Column) -> Option<Result<&str, IssueCode>> {
        let value = self.record.get(self.header.position(column)?)?;
        let Ok(value) = std::str::from_utf8(value) else { return Some(Err(IssueCode::RowEncoding)) };
        let value = value.trim();
        if value.is_empty() {
            None
        } else if !self.printable && value.chars().any(char::is_control) {
            Some(Err(IssueCode::ValueControlCharacter))
        } else {
            Some(Ok(value))
        }
    }
}
