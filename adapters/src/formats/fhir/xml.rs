//! Reads a bundle in XML. Each entry is turned into JSON, so that there is only one reader of resources.

use std::io::{BufReader, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};
use serde_json::{Map, Value};

use super::ENTRY_BYTES;
use super::reading::Reading;
use crate::bytes::sources::Bounded;
use crate::contract::Unreadable;

const PART_BYTES: usize = 64 * 1024;
/// The deepest nesting: a contained resource's coding is ten below its entry.
const DEPTH: usize = 32;
const OTHER: &str = "XML of another kind";

pub(crate) fn read<R: Read>(source: R, reading: &mut Reading<'_, '_, '_>) -> Result<(), Unreadable> {
    let mut xml = Xml::new(source);
    xml.allow(PART_BYTES);
    let root = xml.root()?;
    if root.name != "Bundle" || !root.is_fhir {
        let is_resource = root.name.starts_with(char::is_uppercase) && root.is_fhir;
        return Err(Unreadable::NotThisFormat(if is_resource { "a FHIR resource that is no Bundle" } else { OTHER }));
    }
    let mut kind = None;
    loop {
        let row = reading.next_row();
        xml.allow(PART_BYTES);
        match xml.next(row)? {
            Token::Start(start) if start.name == "entry" => {
                xml.allow(ENTRY_BYTES);
                let entry = xml.element(start, DEPTH, row)?;
                reading.entry(serde_json::from_value(entry).map_err(|_| Unreadable::Malformed { row })?)?;
            }
            Token::Start(start) => {
                let is_kind = start.name == "type";
                let value = xml.element(start, DEPTH, row)?;
                if is_kind && kind.replace(value.as_str().unwrap_or_default().to_owned()).is_some() {
                    return Err(Unreadable::Malformed { row });
                }
            }
            Token::Text => return Err(Unreadable::Malformed { row }),
            Token::End => break,
            Token::Eof => return Err(Unreadable::Truncated { row }),
        }
    }
    reading.be_bundle(Some("Bundle"), kind.as_deref());
    reading.check_bundle()?;
    xml.allow(PART_BYTES);
    xml.end(reading.next_row())
}

/// Reads one resource of at most `most` bytes.
pub(crate) fn resource<R: Read>(source: R, most: usize) -> Result<Value, Unreadable> {
    let mut xml = Xml::new(source);
    xml.allow(most);
    let root = xml.root()?;
    if !root.is_fhir {
        return Err(Unreadable::NotThisFormat(OTHER));
    }
    let kind = root.name.clone();
    // One more, as a bundle begins one level above its entries.
    match xml.element(root, DEPTH + 1, 0)? {
        Value::Object(mut resource) if kind.starts_with(char::is_uppercase) => {
            xml.end(0)?;
            resource.insert("resourceType".to_owned(), Value::String(kind));
            Ok(Value::Object(resource))
        }
        _ => Err(Unreadable::NotThisFormat(OTHER)),
    }
}

struct Start {
    name: String,
    value: Option<String>,
    url: Option<String>,
    is_fhir: bool,
}

enum Token {
    Start(Start),
    /// Text that is not white space. FHIR allows it in narratives only.
    Text,
    End,
    Eof,
}

struct Xml<R> {
    reader: Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
}

impl<R: Read> Xml<R> {
    fn new(source: R) -> Self {
        let mut reader = Reader::from_reader(BufReader::new(Bounded::new(source)));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new() }
    }

    fn root(&mut self) -> Result<Start, Unreadable> {
        match self.next(0)? {
            Token::Start(start) => Ok(start),
            Token::End | Token::Text => Err(Unreadable::Malformed { row: 0 }),
            Token::Eof => Err(Unreadable::Truncated { row: 0 }),
        }
    }

    /// Checks that nothing comes after the root.
    fn end(&mut self, row: u64) -> Result<(), Unreadable> {
        match self.next(row)? {
            Token::Eof => Ok(()),
            _ => Err(Unreadable::Malformed { row }),
        }
    }

    fn allow(&mut self, bytes: usize) {
        self.reader.get_mut().get_mut().allow(bytes);
    }

    /// Reads the rest of an element: as the text of a primitive, or as an object. An element that is repeated
    /// becomes a list. A resource inside an element replaces it, with its own name as the type.
    fn element(&mut self, start: Start, depth: usize, row: u64) -> Result<Value, Unreadable> {
        if start.name == "div" {
            return self.skip(depth, row).map(|()| Value::Null);
        }
        let mut object = Map::new();
        if let Some(url) = start.url {
            object.insert("url".to_owned(), Value::String(url));
        }
        let mut resource = None;
        loop {
            match self.next(row)? {
                Token::Start(_) if depth == 0 => return Err(Unreadable::TooLarge { row }),
                Token::Start(child) => {
                    let name = child.name.clone();
                    let value = self.element(child, depth - 1, row)?;
                    match value {
                        Value::Object(mut inner) if name.starts_with(char::is_uppercase) => {
                            inner.insert("resourceType".to_owned(), Value::String(name));
                            if resource.replace(inner).is_some() {
                                return Err(Unreadable::Malformed { row });
                            }
                        }
                        value => put(&mut object, name, value),
                    }
                }
                Token::Text => return Err(Unreadable::Malformed { row }),
                Token::Eof => return Err(Unreadable::Truncated { row }),
                Token::End => break,
            }
        }
        Ok(match (resource, start.value) {
            (Some(resource), _) => Value::Object(resource),
            // The extensions of a primitive are ignored, as they are in JSON.
            (None, Some(value)) => Value::String(value),
            (None, None) => Value::Object(object),
        })
    }

    /// Skips the rest of a narrative, which is XHTML for people.
    fn skip(&mut self, depth: usize, row: u64) -> Result<(), Unreadable> {
        let mut within = 0;
        loop {
            match self.next(row)? {
                Token::Start(_) if within == depth => return Err(Unreadable::TooLarge { row }),
                Token::Start(_) => within += 1,
                Token::End if within == 0 => return Ok(()),
                Token::End => within -= 1,
                Token::Text => {}
                Token::Eof => return Err(Unreadable::Truncated { row }),
            }
        }
    }

    fn next(&mut self, row: u64) -> Result<Token, Unreadable> {
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(refusal(error, self.reader.get_ref().get_ref(), row)),
            };
            return Ok(match event {
                Event::Start(start) | Event::Empty(start) => Token::Start(read_start(&start, row)?),
                Event::End(_) => Token::End,
                Event::Text(text) if text.xml10_content().trim().is_empty() => continue,
                Event::Text(_) | Event::CData(_) => Token::Text,
                Event::GeneralRef(reference) => {
                    let known = reference.resolve_char_ref().ok().flatten().is_some() || resolve_xml_entity(&reference).is_some();
                    if known { Token::Text } else { return Err(Unreadable::Malformed { row }) }
                }
                Event::DocType(_) => return Err(Unreadable::Doctype),
                Event::Decl(declaration) => match declaration.encoding() {
                    None => continue,
                    Some(Ok(name)) if ["UTF-8", "US-ASCII", "ASCII"].iter().any(|known| name.eq_ignore_ascii_case(known)) => continue,
                    Some(_) => return Err(Unreadable::Encoding),
                },
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => Token::Eof,
            });
        }
    }
}

fn read_start(start: &BytesStart<'_>, row: u64) -> Result<Start, Unreadable> {
    let mut read = Start { name: start.local_name().into_inner().to_owned(), value: None, url: None, is_fhir: false };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Unreadable::Malformed { row })?;
        let text = || {
            attribute.normalized_value(XmlVersion::Implicit1_0).map(std::borrow::Cow::into_owned).map_err(|_| Unreadable::Malformed { row })
        };
        match attribute.key.into_inner() {
            name if name == "xmlns" || name.starts_with("xmlns:") => read.is_fhir |= &*attribute.value == "http://hl7.org/fhir",
            "value" => read.value = Some(text()?),
            "url" => read.url = Some(text()?),
            _ => {}
        }
    }
    Ok(read)
}

fn put(object: &mut Map<String, Value>, name: String, value: Value) {
    // These are always lists in JSON. For other names, a single element may be a list or not.
    let always = ["coding", "contained", "entry", "extension"].contains(&name.as_str());
    match object.get_mut(&name) {
        Some(Value::Array(all)) => all.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            object.insert(name, if always { Value::Array(vec![value]) } else { value });
        }
    }
}

fn refusal<R>(error: Error, source: &Bounded<R>, row: u64) -> Unreadable {
    match error {
        Error::Io(error) => source.refusal(row, std::io::Error::new(error.kind(), error)),
        Error::Encoding(_) => Unreadable::Encoding,
        _ if source.ended() => Unreadable::Truncated { row },
        _ => Unreadable::Malformed { row },
    }
}
