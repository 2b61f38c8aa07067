//! The file as it is: where each column is, and one record of bytes at a time.

use std::io::Read;

use csv::ByteRecord;
use domain::IssueCode;

use crate::bytes::encodings::Encodings;
use crate::bytes::records::Records;
use crate::bytes::sources::Looks;
use crate::columns::{Column, Header, Values, is_id};
use crate::contract::{Fault, Unreadable};

/// The file, after its header was read.
pub(super) struct FileWire<R> {
    header: Header,
    width: usize,
    records: Records<R>,
}

impl<R: Read> FileWire<R> {
    pub(super) fn open(looks: Looks, source: R) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
            Looks::Text => {}
        }
        let mut records = Records::new(source);
        if !records.advance(0)? {
            return Err(Unreadable::Empty);
        }
        if records.unreadable().is_some() {
            return Err(Unreadable::Encoding);
        }
        let header = Header::read(records.record().iter().map(column))?;
        Ok(Self { header, width: records.record().len(), records })
    }

    pub(super) fn has_unknown_columns(&self) -> bool {
        self.header.has_unknown_columns()
    }

    pub(super) fn encodings(&self) -> Encodings {
        self.records.encodings()
    }

    /// Reads the next record; false at the end of the file.
    pub(super) fn advance(&mut self, row: u64) -> Result<bool, Unreadable> {
        self.records.advance(row)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.records.is_blank()
    }

    /// The record just read, if its values can be told apart and read.
    pub(super) fn row(&self) -> Result<RowWire<'_>, DamagedWire> {
        let damaged = |field, code| DamagedWire { referral_id: self.leading_referral_id(), fault: (field, code) };
        let record = self.records.record();
        if record.len() != self.width {
            return Err(damaged("row", IssueCode::RowShape));
        }
        if let Some(position) = self.records.unreadable() {
            return Err(damaged(self.header.column_at(position).map_or("row", Column::name), IssueCode::RowEncoding));
        }
        let printable = record.as_slice().iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control());
        Ok(RowWire { header: &self.header, record, printable })
    }

    /// The id of a damaged row. It is certain only in the first column, which nothing can have shifted.
    fn leading_referral_id(&self) -> Option<String> {
        let first = self.records.record().get(0).filter(|_| self.header.position(Column::ReferralId) == Some(0))?;
        let id = std::str::from_utf8(first).ok()?.trim();
        is_id(id).then(|| id.to_owned())
    }
}

fn column(name: &[u8]) -> Option<Column> {
    let name = std::str::from_utf8(name).unwrap_or_default().trim();
    Column::ALL.iter().copied().find(|column| column.name().eq_ignore_ascii_case(name))
}

/// A record whose values cannot be told apart or read.
pub(super) struct DamagedWire {
    pub(super) referral_id: Option<String>,
    pub(super) fault: Fault,
}

/// One record under its header.
#[derive(Clone, Copy)]
pub(super) struct RowWire<'a> {
    header: &'a Header,
    record: &'a ByteRecord,
    /// All ASCII, without control characters.
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
