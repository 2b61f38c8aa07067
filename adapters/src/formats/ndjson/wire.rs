//! The file as it is: one line at a time, and the values of its object under the columns' names.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use domain::IssueCode;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::DeserializeSeed};

use crate::bytes::sources::{Bounded, Looks};
use crate::columns::{self, Column, Filled, number};
use crate::contract::Unreadable;

/// The most bytes of one line, with the blank lines before it. Real lines are some 500 bytes.
const LINE_BYTES: usize = 64 * 1024;

pub(super) struct FileWire<R> {
    reader: BufReader<Bounded<R>>,
    line: Vec<u8>,
    /// How many lines were read.
    number: u64,
}

impl<R: Read> FileWire<R> {
    pub(super) fn open(looks: Looks, source: R) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Text => return Err(Unreadable::NotThisFormat("text that is not JSON")),
            Looks::Other("JSON") => {}
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
        }
        Ok(Self { reader: BufReader::with_capacity(LINE_BYTES, Bounded::new(source)), line: Vec::new(), number: 0 })
    }

    /// Reads the next line that is not blank; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<LineWire<'_>>, Unreadable> {
        self.reader.get_mut().allow(LINE_BYTES);
        loop {
            self.line.clear();
            self.number += 1;
            let row = self.number;
            // What was buffered before does not count, so the line's own length is limited too.
            let most = LINE_BYTES as u64;
            let count = (&mut self.reader).take(most).read_until(b'\n', &mut self.line);
            let count = count.map_err(|error| self.reader.get_ref().refusal(row, error))?;
            let ended = self.line.last() == Some(&b'\n');
            if count == 0 {
                return Ok(None);
            } else if !ended && count == LINE_BYTES {
                return Err(Unreadable::TooLarge { row });
            } else if !self.line.trim_ascii().is_empty() {
                return Ok(Some(LineWire { number: row, bytes: self.line.trim_ascii(), ended }));
            }
        }
    }
}

pub(super) struct LineWire<'a> {
    pub(super) number: u64,
    bytes: &'a [u8],
    /// Whether a line break follows it.
    ended: bool,
}

impl<'a> LineWire<'a> {
    /// Whether the line begins a list, as other kinds of JSON files do.
    pub(super) fn is_list(&self) -> bool {
        self.bytes.starts_with(b"[")
    }

    pub(super) fn read(&self) -> Result<RowWire<'a>, DamagedWire> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| DamagedWire::Row(IssueCode::RowEncoding))?;
        let mut row = RowWire { values: Filled::new(columns::native), unknown: false, known: false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = reader.deserialize_map(Filling(&mut row)).and_then(|()| reader.end());
        match read {
            Ok(()) => Ok(row),
            Err(error) if error.is_eof() && !self.ended => Err(DamagedWire::CutShort),
            Err(_) => Err(DamagedWire::Row(IssueCode::RowMalformed)),
        }
    }
}

/// Why a line is not an object.
pub(super) enum DamagedWire {
    Row(IssueCode),
    /// The file ends in the middle of the line.
    CutShort,
}

pub(super) struct RowWire<'a> {
    pub(super) values: Filled<'a>,
    /// Whether it has a key that is no column.
    pub(super) unknown: bool,
    /// Whether it has a key that only a waiting list has.
    pub(super) known: bool,
}

struct Filling<'r, 'a>(&'r mut RowWire<'a>);

impl<'de: 'a, 'a> Visitor<'de> for Filling<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut met = 0_u64;
        while let Some(Key(column)) = map.next_key()? {
            let Some(column) = column else {
                self.0.unknown = true;
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // Other kinds of JSON have a status or a priority too.
            self.0.known |= matches!(column, Column::ReferralId | Column::Pathway | Column::ReferralReceivedDate);
            let value = map.next_value_seed(Value { list: matches!(column, Column::Pathway) })?;
            let bit = 1 << column as u32;
            if met & bit != 0 {
                self.0.values.fault(column, IssueCode::KeyTwice);
                continue;
            }
            met |= bit;
            match value {
                Ok(text) => self.0.values.set(column, text),
                Err(code) => self.0.values.fault(column, code),
            }
        }
        Ok(())
    }
}

/// A key, read as the column that it names.
struct Key(Option<Column>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                Ok(Key(Column::named(name)))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// Reads a value of a column as text.
struct Value {
    /// Whether the value may be a list.
    list: bool,
}

type Text<'de> = Result<Cow<'de, str>, IssueCode>;

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Ok(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Ok(text.to_owned().into()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text<'de>, E> {
        Ok(Ok(if value { "1" } else { "0" }.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text<'de>, E> {
        Ok(Ok(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text<'de>, E> {
        Ok(Ok(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text<'de>, E> {
        Ok(number(value).map(Cow::Owned))
    }

    fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
        Ok(Ok("".into()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Text<'de>, S::Error> {
        let mut text = Ok(String::new());
        while let Some(item) = list.next_element_seed(Value { list: false })? {
            text = text.and_then(|text| item.map(|item| if text.is_empty() { item.into_owned() } else { text + "|" + &item }));
        }
        Ok(if self.list { text.map(Cow::Owned) } else { Err(IssueCode::ValueShape) })
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Text<'de>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(IssueCode::ValueShape))
    }
}
