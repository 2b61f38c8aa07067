//! A sheet as it is: row by row, each cell with its kind.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};

use super::book::CELL_BYTES;
use super::parts::{EVENT_BYTES, PartWire, attribute, is_true, text};
use crate::contract::Unreadable;

/// The most bytes of one row, with its empty but styled cells.
const ROW_BYTES: usize = 1024 * 1024;
/// Excel's last column is XFD.
const COLUMNS: usize = 16_384;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum CellWire {
    Text(String),
    /// A shared text, by its place in the list of them.
    Shared(usize),
    Number {
        number: f64,
        style: usize,
    },
    Boolean(bool),
    /// An ISO 8601 day or instant.
    Instant(String),
    /// An error, such as `#N/A`.
    Error,
}

/// One cell that is not blank.
#[derive(Debug)]
pub(super) struct PlacedWire {
    pub(super) column: usize,
    pub(super) value: CellWire,
    pub(super) formula: bool,
}

pub(super) struct SheetWire<R> {
    part: PartWire<R>,
    /// The number of the last row that was read.
    row: u64,
    in_data: bool,
    pub(super) has_hidden_rows: bool,
    /// The last row with merged cells, known at the end of the sheet.
    pub(super) merged_down_to: u64,
}

impl<R: Read> SheetWire<R> {
    pub(super) fn new(part: R) -> Self {
        Self { part: PartWire::new(part), row: 0, in_data: false, has_hidden_rows: false, merged_down_to: 0 }
    }

    /// Reads the next row into `cells` and gives its number; `None` at the end of the sheet.
    pub(super) fn next(&mut self, cells: &mut Vec<PlacedWire>) -> Result<Option<u64>, Unreadable> {
        cells.clear();
        let malformed = Unreadable::Malformed { row: self.row + 1 };
        loop {
            self.part.allow(EVENT_BYTES);
            match self.part.next(self.row + 1)? {
                Event::Eof => return Ok(None),
                Event::End(element) if element.local_name().into_inner() == "sheetData" => self.in_data = false,
                Event::Start(element) => match element.local_name().into_inner() {
                    "sheetData" => self.in_data = true,
                    "row" if self.in_data => {
                        let number = attribute(&element, "r", self.row + 1)?.map(|number| number.parse::<u32>().map(u64::from));
                        let number = match number {
                            None => self.row + 1,
                            Some(Ok(number)) if number > self.row => number,
                            Some(_) => return Err(malformed),
                        };
                        self.has_hidden_rows |= is_true(attribute(&element, "hidden", number)?);
                        self.row = number;
                        self.cells(cells)?;
                        return Ok(Some(number));
                    }
                    "mergeCell" => {
                        let range = attribute(&element, "ref", self.row)?.unwrap_or_default();
                        let last = range.rsplit(':').next().unwrap_or_default().trim_start_matches(|letter: char| !letter.is_ascii_digit());
                        self.merged_down_to = self.merged_down_to.max(last.parse().unwrap_or_default());
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn cells(&mut self, cells: &mut Vec<PlacedWire>) -> Result<(), Unreadable> {
        let row = self.row;
        self.part.allow(ROW_BYTES);
        let mut next = 0;
        let mut open: Option<OpenWire> = None;
        let (mut taking, mut phonetic) = (false, false);
        loop {
            let event = self.part.next(row)?;
            match &event {
                Event::Eof => return Err(Unreadable::Truncated { row }),
                Event::Start(element) => match (element.local_name().into_inner(), &mut open) {
                    ("c", None) => {
                        let cell = OpenWire::start(element, next, row)?;
                        next = cell.column + 1;
                        open = Some(cell);
                    }
                    ("c" | "row", _) => return Err(Unreadable::Malformed { row }),
                    ("v", Some(_)) => taking = true,
                    ("t", Some(_)) => taking = !phonetic,
                    ("rPh", _) => phonetic = true,
                    ("f", Some(cell)) => cell.formula = true,
                    _ => {}
                },
                Event::End(element) => match element.local_name().into_inner() {
                    "c" => cells.extend(open.take().map(|cell| cell.end(row)).transpose()?.flatten()),
                    "row" => return Ok(()),
                    "v" | "t" => taking = false,
                    "rPh" => phonetic = false,
                    _ => {}
                },
                _ => {
                    if let (true, Some(cell)) = (taking, &mut open) {
                        cell.text.push_str(&text(&event, row)?);
                        if cell.text.len() > CELL_BYTES {
                            return Err(Unreadable::TooLarge { row });
                        }
                    }
                }
            }
        }
    }
}

/// A cell while it is read.
struct OpenWire {
    column: usize,
    kind: Kind,
    style: usize,
    formula: bool,
    text: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Shared,
    Boolean,
    Instant,
    Error,
}

impl OpenWire {
    fn start(element: &BytesStart<'_>, next: usize, row: u64) -> Result<Self, Unreadable> {
        let malformed = || Unreadable::Malformed { row };
        let column = match attribute(element, "r", row)? {
            None => next,
            Some(place) => column(&place).filter(|column| *column >= next).ok_or_else(malformed)?,
        };
        if column >= COLUMNS {
            return Err(malformed());
        }
        let kind = match attribute(element, "t", row)?.as_deref() {
            None | Some("n") => Kind::Number,
            Some("s") => Kind::Shared,
            Some("str" | "inlineStr") => Kind::Text,
            Some("b") => Kind::Boolean,
            Some("d") => Kind::Instant,
            Some("e") => Kind::Error,
            Some(_) => return Err(malformed()),
        };
        let style = attribute(element, "s", row)?.map_or(Ok(0), |style| style.parse()).map_err(|_| malformed())?;
        Ok(Self { column, kind, style, formula: false, text: String::new() })
    }

    fn end(self, row: u64) -> Result<Option<PlacedWire>, Unreadable> {
        let malformed = |_| Unreadable::Malformed { row };
        let text = self.text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            Kind::Number => CellWire::Number { number: text.parse::<f64>().map_err(|_| Unreadable::Malformed { row })?, style: self.style },
            Kind::Shared => CellWire::Shared(text.parse().map_err(malformed)?),
            Kind::Boolean => CellWire::Boolean(text == "1" || text == "true"),
            Kind::Text => CellWire::Text(self.text),
            Kind::Instant => CellWire::Instant(self.text),
            Kind::Error => CellWire::Error,
        };
        Ok(Some(PlacedWire { column: self.column, value, formula: self.formula }))
    }
}

/// The column, from 0, in a reference like `BC17`.
fn column(place: &str) -> Option<usize> {
    let letters = place.trim_end_matches(|digit: char| digit.is_ascii_digit());
    if !(1..=3).contains(&letters.len()) || letters.len() == place.len() {
        return None;
    }
    let letter = |letter: u8| letter.is_ascii_uppercase().then(|| usize::from(letter - b'A') + 1);
    let count = letters.bytes().try_fold(0, |sum, byte| letter(byte).map(|value| sum * 26 + value))?;
    Some(count - 1)
}
