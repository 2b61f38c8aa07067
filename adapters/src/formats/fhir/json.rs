//! Reads a bundle in JSON, one entry at a time, whatever comes before, between and after the entries.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::ENTRY_BYTES;
use super::reading::Reading;
use super::wire::EntryWire;
use crate::bytes::sources::Bounded;
use crate::contract::Unreadable;

/// The most bytes of anything but an entry.
const PART_BYTES: usize = 64 * 1024;

/// The source, shared so that its limit can be changed while the JSON reader has it.
struct Shared<'a, R>(&'a RefCell<Bounded<R>>);

impl<R: Read> Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

/// Reads the whole bundle. Only at its end is it certain that it is one, and of which type.
pub(crate) fn read<R: Read>(source: R, reading: &mut Reading<'_, '_, '_>) -> Result<(), Unreadable> {
    let source = RefCell::new(Bounded::new(source));
    source.borrow_mut().allow(PART_BYTES);
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(Shared(&source)));
    let mut bundle = Bundle { source: &source, reading, said: Said::default(), refusal: None };
    let end = deserializer.deserialize_map(&mut bundle);
    let Bundle { said, refusal, .. } = bundle;
    let row = reading.next_row();
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let end = end.and_then(|()| {
        reading.be_bundle(said.resource_type.as_deref(), said.kind.as_deref());
        deserializer.end()
    });
    // Another kind of resource is refused as such, whatever comes after it.
    reading.check_bundle()?;
    end.map_err(|error| refusal_of(error, &source.borrow(), row))
}

fn refusal_of<R>(error: serde_json::Error, source: &Bounded<R>, row: u64) -> Unreadable {
    match error.classify() {
        Category::Io => source.refusal(row, error.into()),
        Category::Eof => Unreadable::Truncated { row },
        Category::Syntax | Category::Data => Unreadable::Malformed { row },
    }
}

/// What the bundle says about itself.
#[derive(Default)]
struct Said {
    resource_type: Option<String>,
    kind: Option<String>,
    entries: bool,
}

struct Bundle<'a, 'r, 'c, 's, 'k, R> {
    source: &'a RefCell<Bounded<R>>,
    reading: &'r mut Reading<'c, 's, 'k>,
    said: Said,
    /// Why reading stopped, where the JSON is not at fault.
    refusal: Option<Unreadable>,
}

impl<R> Bundle<'_, '_, '_, '_, '_, R> {
    fn allow(&self, bytes: usize) {
        self.source.borrow_mut().allow(bytes);
    }

    fn refuse<E: serde::de::Error>(&mut self, refusal: Unreadable) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }
}

impl<'de, R> Visitor<'de> for &mut Bundle<'_, '_, '_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.allow(PART_BYTES);
            let twice = match name.as_str() {
                "resourceType" => {
                    let said: String = map.next_value()?;
                    if said != "Bundle" {
                        return Err(self.refuse(Unreadable::NotThisFormat("a FHIR resource that is no Bundle")));
                    }
                    self.said.resource_type.replace(said).is_some()
                }
                "type" => self.said.kind.replace(map.next_value()?).is_some(),
                "entry" => {
                    map.next_value_seed(Entries(self))?;
                    std::mem::replace(&mut self.said.entries, true)
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if twice {
                return Err(A::Error::custom("a member twice"));
            }
            self.allow(PART_BYTES);
        }
        Ok(())
    }
}

struct Entries<'b, 'a, 'r, 'c, 's, 'k, R>(&'b mut Bundle<'a, 'r, 'c, 's, 'k, R>);

impl<'de, R> DeserializeSeed<'de> for Entries<'_, '_, '_, '_, '_, '_, R> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R> Visitor<'de> for Entries<'_, '_, '_, '_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        loop {
            self.0.allow(ENTRY_BYTES);
            let Some(entry) = entries.next_element::<EntryWire>()? else { return Ok(()) };
            if let Err(refusal) = self.0.reading.entry(entry) {
                return Err(self.0.refuse(refusal));
            }
        }
    }
}
