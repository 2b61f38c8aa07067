//! Reads the XML of a workbook's parts event by event, each of limited size.

use std::borrow::Cow;
use std::io::{BufReader, ErrorKind, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::NAME;
use crate::bytes::sources::Bounded;
use crate::bytes::spooled_zip::SpooledZip;
use crate::contract::Unreadable;

/// The most bytes of one event, such as a tag or a text. A cell holds 32,767 characters at most.
pub(super) const EVENT_BYTES: usize = 256 * 1024;

/// Worksheets nest some ten deep.
const DEPTH: usize = 100;

/// One part while it is read. An error names the `row` of a sheet, or 0 in other parts.
pub(super) struct PartWire<R> {
    reader: Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<R: Read> PartWire<R> {
    pub(super) fn new(part: R) -> Self {
        let mut reader = Reader::from_reader(BufReader::new(Bounded::new(part)));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    pub(super) fn allow(&mut self, bytes: usize) {
        self.reader.get_mut().get_mut().allow(bytes);
    }

    /// The next event, within the bytes allowed. Comments and the like are returned too.
    pub(super) fn next(&mut self, row: u64) -> Result<Event<'_>, Unreadable> {
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::DocType(_)) => Err(Unreadable::Doctype),
            Ok(Event::Decl(declaration)) => match declaration.encoding() {
                None => Ok(Event::Decl(declaration)),
                Some(Ok(name)) if ["UTF-8", "US-ASCII"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
                    Ok(Event::Decl(declaration))
                }
                Some(_) => Err(Unreadable::Encoding),
            },
            // The reader remembers every open element.
            Ok(Event::Start(_)) if self.depth == DEPTH => Err(Unreadable::Malformed { row }),
            Ok(event) => {
                match event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                Ok(event)
            }
            Err(Error::Io(error)) => Err(match self.reader.get_ref().get_ref().refusal(row, ErrorKind::Other.into()) {
                Unreadable::Source(_) => SpooledZip::failure(std::io::Error::new(error.kind(), error), NAME),
                bound => bound,
            }),
            Err(Error::Encoding(_)) => Err(Unreadable::Encoding),
            Err(_) => Err(Unreadable::Malformed { row }),
        }
    }

    /// The next event, with the most bytes that one may take.
    pub(super) fn step(&mut self) -> Result<Event<'_>, Unreadable> {
        self.allow(EVENT_BYTES);
        self.next(0)
    }
}

/// The text in an event. A reference to anything but a character or one of the five entities is refused.
pub(super) fn text<'a>(event: &Event<'a>, row: u64) -> Result<Cow<'a, str>, Unreadable> {
    Ok(match event {
        Event::Text(text) => text.xml10_content(),
        Event::CData(text) => text.xml10_content(),
        Event::GeneralRef(reference) => {
            let malformed = || Unreadable::Malformed { row };
            match reference.resolve_char_ref().map_err(|_| malformed())? {
                Some(character) => character.to_string().into(),
                None => resolve_xml_entity(reference).ok_or_else(malformed)?.into(),
            }
        }
        _ => Cow::Borrowed(""),
    })
}

/// An attribute by its local name.
pub(super) fn attribute<'a>(element: &'a BytesStart<'_>, name: &str, row: u64) -> Result<Option<Cow<'a, str>>, Unreadable> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unreadable::Malformed { row })?;
        if attribute.key.local_name().into_inner() == name {
            return attribute.normalized_value(XmlVersion::Implicit1_0).map(Some).map_err(|_| Unreadable::Malformed { row });
        }
    }
    Ok(None)
}

pub(super) fn is_true(value: Option<Cow<'_, str>>) -> bool {
    value.is_some_and(|value| value == "1" || value == "true")
}
