//! What a workbook says of its sheets: which there are, where their texts are, and how to read their
//! numbers.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use quick_xml::events::Event;

use super::parts::{PartWire, attribute, is_true, text};
use super::{NAME, styles};
use crate::bytes::spooled_zip::SpooledZip;
use crate::contract::Unreadable;

/// The most bytes of all shared texts together. Real lists have one or two mebibytes.
const TEXT_BYTES: usize = 32 * 1024 * 1024;
const TEXTS: usize = 4_000_000;
/// The most bytes that a cell can hold.
pub(super) const CELL_BYTES: usize = 4 * 32_767;

/// The most sheets, and relations of one part; and the most bytes of the names in a relation.
const RELATIONS: usize = 2_000;
const NAME_BYTES: usize = 1_024;

pub(super) struct BookWire {
    /// The parts of the visible sheets.
    pub(super) sheets: Vec<String>,
    pub(super) has_hidden_sheets: bool,
    pub(super) texts: Texts,
    dates: Vec<bool>,
    from_1904: bool,
}

impl BookWire {
    pub(super) fn read(archive: &mut SpooledZip) -> Result<Self, Unreadable> {
        let main = relations(archive, "_rels/.rels", "")?.into_iter().find(|relation| relation.is("officeDocument"));
        let main = main.map(|relation| relation.part).filter(|part| archive.has(part)).ok_or_else(|| other(archive))?;
        if main.ends_with(".bin") {
            return Err(Unreadable::NotThisFormat("an Excel binary workbook (.xlsb)"));
        }
        let (folder, file) = main.rsplit_once('/').unwrap_or(("", &main));
        let relations = relations(archive, &join(folder, &format!("_rels/{file}.rels")), folder)?;
        let part = |kind: &str| relations.iter().find(|relation| relation.is(kind)).map(|relation| relation.part.as_str());
        let texts = part("sharedStrings").map(|part| Texts::read(archive, part)).transpose()?.unwrap_or_default();
        let dates = part("styles").map(|part| styles::dates(archive, part)).transpose()?.unwrap_or_default();
        let mut book = Self { sheets: Vec::new(), has_hidden_sheets: false, texts, dates, from_1904: false };
        let by_id: HashMap<_, _> = relations
            .iter()
            .filter(|relation| relation.is("worksheet"))
            .map(|relation| (relation.id.as_str(), relation.part.as_str()))
            .collect();
        let mut wire = PartWire::new(archive.part(&main)?);
        let mut is_book = false;
        loop {
            match wire.step()? {
                Event::Eof => break,
                Event::Start(element) => match element.local_name().into_inner() {
                    "workbook" => is_book = true,
                    "workbookPr" => book.from_1904 = is_true(attribute(&element, "date1904", 0)?),
                    "sheet" => {
                        let hidden = attribute(&element, "state", 0)?.is_some_and(|state| state != "visible");
                        let part = attribute(&element, "id", 0)?.and_then(|id| by_id.get(&*id).copied());
                        match part {
                            Some(_) if hidden => book.has_hidden_sheets = true,
                            Some(_) if book.sheets.len() == RELATIONS => return Err(Unreadable::Oversized(NAME)),
                            Some(part) => book.sheets.push(part.to_owned()),
                            // A chart, or a sheet of macros, is not read.
                            None => {}
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        if is_book { Ok(book) } else { Err(Unreadable::NotThisFormat("a document of another kind")) }
    }

    /// Whether cells with this style show their number as a date.
    pub(super) fn shows_dates(&self, style: usize) -> bool {
        self.dates.get(style).copied().unwrap_or_default()
    }

    /// The day that a cell's number stands for, without the time of day.
    pub(super) fn day(&self, number: f64) -> Option<NaiveDate> {
        // Excel counts a 29 February 1900 that never was, so earlier days are not certain.
        let (start, first) = if self.from_1904 { ((1904, 1, 1), 0.0) } else { ((1899, 12, 30), 61.0) };
        let days = number.floor();
        if !(first..3_000_000.0).contains(&days) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bounds just above")]
        NaiveDate::from_ymd_opt(start.0, start.1, start.2)?.checked_add_days(Days::new(days as u64))
    }
}

/// Refuses an archive that is no workbook: a part in it may tell what it is.
fn other(archive: &SpooledZip) -> Unreadable {
    let known = archive.names().find_map(|name| match name {
        "xl/workbook.bin" => Some("an Excel binary workbook (.xlsb)"),
        "content.xml" => Some("an OpenDocument file (.ods)"),
        _ => None,
    });
    Unreadable::NotThisFormat(known.unwrap_or("a ZIP archive that is no Excel workbook"))
}

struct Relation {
    id: String,
    kind: String,
    part: String,
}

impl Relation {
    /// The two families of names, transitional and strict, have the same endings.
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// The relations in a part, whose names are relative to `folder`. Empty where there is no such part.
fn relations(archive: &mut SpooledZip, part: &str, folder: &str) -> Result<Vec<Relation>, Unreadable> {
    let mut relations = Vec::new();
    if !archive.has(part) {
        return Ok(relations);
    }
    let mut wire = PartWire::new(archive.part(part)?);
    loop {
        match wire.step()? {
            Event::Eof => return Ok(relations),
            Event::Start(element) if element.local_name().into_inner() == "Relationship" => {
                let value = |name| attribute(&element, name, 0).map(|value| value.unwrap_or_default().into_owned());
                let (id, kind, target) = (value("Id")?, value("Type")?, value("Target")?);
                if value("TargetMode")? == "External" {
                    continue;
                }
                if relations.len() == RELATIONS || id.len() + kind.len() + target.len() > NAME_BYTES {
                    return Err(Unreadable::Oversized(NAME));
                }
                relations.push(Relation { id, kind, part: join(folder, &target) });
            }
            _ => {}
        }
    }
}

/// A name within a folder. A name that leads out of the folder matches no part.
fn join(folder: &str, name: &str) -> String {
    match name.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None if folder.is_empty() => name.to_owned(),
        None => format!("{folder}/{name}"),
    }
}

/// The texts that cells share, one after the other.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    fn read(archive: &mut SpooledZip, part: &str) -> Result<Self, Unreadable> {
        let mut wire = PartWire::new(archive.part(part)?);
        let mut texts = Self::default();
        let (mut taking, mut phonetic) = (false, false);
        loop {
            let event = wire.step()?;
            match &event {
                Event::Eof => return Ok(texts),
                Event::Start(element) => match element.local_name().into_inner() {
                    "t" => taking = !phonetic,
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Event::End(element) => match element.local_name().into_inner() {
                    "t" => taking = false,
                    "rPh" => phonetic = false,
                    "si" => {
                        let start = texts.ends.last().copied().unwrap_or_default() as usize;
                        let end = u32::try_from(texts.all.len()).map_err(|_| Unreadable::Oversized(NAME))?;
                        if texts.ends.len() == TEXTS || texts.all.len() - start > CELL_BYTES {
                            return Err(Unreadable::Oversized(NAME));
                        }
                        texts.ends.push(end);
                    }
                    _ => {}
                },
                _ if taking => {
                    texts.all.push_str(&text(&event, 0)?);
                    if texts.all.len() > TEXT_BYTES {
                        return Err(Unreadable::Oversized(NAME));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        self.all.get(start..end)
    }
}
