//! The return as it is: one person at a time, as a small tree of elements by their local names.
//! Nothing here depends on the order or the capitals of the elements.

use std::io::{BufReader, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, Event};
use quick_xml::{Error, Reader};

use crate::bytes::sources::{Bounded, Looks};
use crate::contract::Unreadable;

/// The most bytes of one person. Real ones are a few thousand.
const PERSON_BYTES: usize = 256 * 1024;
/// The most bytes of anything else: the header, a comment, the white space between two people.
const PART_BYTES: usize = 64 * 1024;
/// The deepest nesting: an item is six below its person.
const DEPTH: usize = 16;

/// An element with everything in it.
#[derive(Debug, Default)]
pub(super) struct ElementWire {
    /// The local name, as it is spelled.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<ElementWire>,
}

impl ElementWire {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }
}

pub(super) enum PartWire {
    Person(ElementWire),
    /// An element that is not part of a SEN2 return, and the block that it is in.
    Unknown {
        block: &'static str,
        element: ElementWire,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Before,
    Message,
    Persons,
    After,
}

pub(super) struct ReturnWire<R> {
    reader: Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
    level: Level,
    is_sen2: bool,
}

impl<R: Read> ReturnWire<R> {
    pub(super) fn open(looks: Looks, source: R) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => {}
            Looks::Text => return Err(Unreadable::NotThisFormat("text that is not XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
        }
        let mut reader = Reader::from_reader(BufReader::new(Bounded::new(source)));
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { reader, buffer: Vec::new(), level: Level::Before, is_sen2: false })
    }

    /// Reads the next part; a person's first row is `row`. `None` at the end of a complete return.
    pub(super) fn next(&mut self, row: u64) -> Result<Option<PartWire>, Unreadable> {
        loop {
            self.allow(PART_BYTES);
            let name = match self.token(row)? {
                Token::Start(name) => name,
                Token::Text(text) if self.is_outside() && !text.trim().is_empty() => return Err(Unreadable::Malformed { row }),
                Token::Text(_) => continue,
                Token::End => {
                    self.level = if self.level == Level::Persons { Level::Message } else { Level::After };
                    continue;
                }
                Token::Eof if self.level != Level::After => return Err(Unreadable::Truncated { row }),
                Token::Eof if !self.is_sen2 => return Err(Unreadable::NotThisFormat("a message that does not say it is SEN2")),
                Token::Eof => return Ok(None),
            };
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            match self.level {
                Level::Before if is("Message") => self.level = Level::Message,
                Level::Before => return Err(Unreadable::NotThisFormat("XML of another kind")),
                Level::After => return Err(Unreadable::Malformed { row }),
                Level::Message if is("Persons") => self.level = Level::Persons,
                Level::Message if is("Header") => {
                    let header = self.element(name, DEPTH, row)?;
                    self.note_collection(&header)?;
                }
                Level::Message => {
                    let element = self.element(name, DEPTH, row)?;
                    if !is_officer(&element) {
                        return Ok(Some(PartWire::Unknown { block: "Message", element }));
                    }
                }
                Level::Persons if is("Person") => {
                    self.allow(PERSON_BYTES);
                    return self.element(name, DEPTH, row).map(PartWire::Person).map(Some);
                }
                Level::Persons => {
                    let element = self.element(name, DEPTH, row)?;
                    return Ok(Some(PartWire::Unknown { block: "Persons", element }));
                }
            }
        }
    }

    fn is_outside(&self) -> bool {
        matches!(self.level, Level::Before | Level::After)
    }

    fn note_collection(&mut self, header: &ElementWire) -> Result<(), Unreadable> {
        let collection = header.child("CollectionDetails").and_then(|details| details.child("Collection"));
        match collection.map(|collection| collection.text.trim()) {
            Some(name) if name.eq_ignore_ascii_case("SEN2") => self.is_sen2 = true,
            Some(_) => return Err(Unreadable::NotThisFormat("another collection's return")),
            None => {}
        }
        Ok(())
    }

    /// Reads the rest of an element, after its start tag.
    fn element(&mut self, name: String, depth: usize, row: u64) -> Result<ElementWire, Unreadable> {
        let mut element = ElementWire { name, ..ElementWire::default() };
        loop {
            match self.token(row)? {
                Token::Start(_) if depth == 0 => return Err(Unreadable::TooLarge { row }),
                Token::Start(name) => {
                    let child = self.element(name, depth - 1, row)?;
                    element.children.push(child);
                }
                Token::Text(text) => element.text.push_str(&text),
                Token::End => return Ok(element),
                Token::Eof => return Err(Unreadable::Truncated { row }),
            }
        }
    }

    fn allow(&mut self, bytes: usize) {
        self.reader.get_mut().get_mut().allow(bytes);
    }

    fn token(&mut self, row: u64) -> Result<Token, Unreadable> {
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(refusal(error, self.reader.get_ref().get_ref(), row)),
            };
            return Ok(match event {
                Event::Start(start) | Event::Empty(start) => Token::Start(start.local_name().into_inner().to_owned()),
                Event::End(_) => Token::End,
                Event::Text(text) => Token::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Token::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Token::Text(resolve(&reference).ok_or(Unreadable::Malformed { row })?),
                Event::DocType(_) => return Err(Unreadable::Doctype),
                Event::Decl(declaration) => {
                    check_encoding(&declaration)?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => Token::Eof,
            });
        }
    }
}

enum Token {
    Start(String),
    Text(String),
    End,
    Eof,
}

/// The authority's designated officers: their place in the message is not published.
fn is_officer(element: &ElementWire) -> bool {
    ["SEN2", "DMO", "DCO", "DSCO"].iter().any(|name| element.is(name))
}

/// One of the five predefined entities, or a character by its number.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_xml_entity(reference).map(str::to_owned),
    }
}

fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), Unreadable> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["UTF-8", "US-ASCII", "ASCII"].iter().any(|known| name.eq_ignore_ascii_case(known)) => Ok(()),
        Some(_) => Err(Unreadable::Encoding),
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
