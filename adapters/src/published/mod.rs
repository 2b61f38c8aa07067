//! What published returns share as CSV: title lines before the header, months, counts with commas in them,
//! and names that vary in dashes and capitals.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

use chrono::{Datelike, NaiveDate};
use domain::{IssueCode, OrganisationCode, ServiceLine};

use crate::bytes::encodings::Encodings;
use crate::bytes::records::Records;
use crate::bytes::sources::Looks;
use crate::contract::Unreadable;

/// Rows to search for the header: it is below a title, at about the fourteenth row.
const TITLE_ROWS: u64 = 30;

/// A file whose header was found.
pub(crate) struct ReturnWire<R> {
    records: Records<R>,
    /// The header's cells.
    pub(crate) header: Vec<String>,
    /// The month in the title.
    pub(crate) period: Option<NaiveDate>,
    number: u64,
    seen: HashSet<(ServiceLine, NaiveDate)>,
}

impl<R: Read> ReturnWire<R> {
    /// Looks for the first row that has all the columns: `required` has their [`folded`] names, `named` their published ones.
    pub(crate) fn open(looks: Looks, source: R, required: &[&str], named: &[&'static str]) -> Result<Self, Unreadable> {
        match looks {
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
            Looks::Text => {}
        }
        let mut file = Self { records: Records::new(source), header: Vec::new(), period: None, number: 0, seen: HashSet::new() };
        let mut any = false;
        for _ in 0..TITLE_ROWS {
            if !file.records.advance(0)? {
                break;
            }
            any |= !file.records.is_blank();
            let cells: Vec<_> = (0..file.records.record().len()).map(|at| file.cell(Some(at)).into_owned()).collect();
            let names: Vec<_> = cells.iter().map(|cell| folded(cell)).collect();
            if required.iter().all(|name| names.iter().any(|found| found == name)) {
                file.header = cells;
                return Ok(file);
            }
            file.note_period(&cells);
        }
        Err(if any { Unreadable::HeaderMissing(named.to_vec()) } else { Unreadable::Empty })
    }

    fn note_period(&mut self, cells: &[String]) {
        let mut filled = cells.iter().filter(|cell| !cell.is_empty());
        let Some(rest) = filled.next().and_then(|cell| cell.strip_prefix("Period").or(cell.strip_prefix("PERIOD"))) else { return };
        self.period = self.period.or_else(|| month(rest)).or_else(|| filled.next().and_then(|cell| month(cell)));
    }

    /// Reads the next row that is not blank. Gives its number after the header, or `None` at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, Unreadable> {
        loop {
            if !self.records.advance(self.number + 1)? {
                return Ok(None);
            }
            self.number += 1;
            if !self.records.is_blank() {
                return Ok(Some(self.number));
            }
        }
    }

    /// The position of the column with this [`folded`] name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| folded(cell) == name)
    }

    /// A cell of the row, or blank where there is none.
    pub(crate) fn cell(&self, position: Option<usize>) -> Cow<'_, str> {
        String::from_utf8_lossy(position.and_then(|at| self.records.record().get(at)).unwrap_or_default().trim_ascii())
    }

    pub(crate) fn encodings(&self) -> Encodings {
        self.records.encodings()
    }

    pub(crate) fn count(&mut self, position: Option<usize>) -> Result<u64, IssueCode> {
        match &*self.cell(position) {
            "" | "-" | "*" => Err(IssueCode::CountMissing),
            text => text.replace(',', "").parse().map_err(|_| IssueCode::CountFormat),
        }
    }

    /// Whether the row has as many cells as the header. If not, a cell may be under the wrong column.
    pub(crate) fn has_shape(&self) -> bool {
        self.records.record().len() == self.header.len()
    }

    /// Whether the row is this organisation's; `None` for a note below the table.
    pub(crate) fn owner(&mut self, position: Option<usize>, own: OrganisationCode) -> Option<bool> {
        let code: OrganisationCode = self.cell(position).parse().ok()?;
        Some(code == own)
    }

    /// The month of the row, or else of the title.
    pub(crate) fn month(&mut self, position: Option<usize>) -> Result<NaiveDate, IssueCode> {
        let title = self.period;
        let text = self.cell(position);
        if text.is_empty() { title } else { month(&text) }.ok_or(IssueCode::PeriodFormat)
    }

    /// Whether this line for this month came before.
    pub(crate) fn is_repeated(&mut self, line: ServiceLine, period: NaiveDate) -> bool {
        !self.seen.insert((line, period))
    }
}

/// A name without its capitals, spaces, dashes and brackets.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric() || *character == '+').flat_map(char::to_lowercase).collect()
}

pub(crate) fn numbers(name: &str) -> Vec<u32> {
    name.split(|character: char| !character.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// The first day of a month: 2026-09, 2026-09-30, September 2026, Sep-26, DM01-SEPTEMBER-2026.
pub(crate) fn month(text: &str) -> Option<NaiveDate> {
    const MONTHS: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let text = text.to_lowercase();
    let words: Vec<_> = text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = words.iter().enumerate().find_map(|(at, word)| {
        let month = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word))?;
        Some((u32::try_from(month + 1).ok()?, *words.get(at + 1)?))
    });
    let (month, year) = match (named, words.as_slice()) {
        (Some(named), _) => named,
        (None, [year, month] | [year, month, _]) if year.len() == 4 => (month.parse().ok()?, *year),
        _ => return None,
    };
    let year: i32 = year.parse().ok().filter(|_| matches!(year.len(), 2 | 4))?;
    let day = NaiveDate::from_ymd_opt(if year < 100 { year + 2000 } else { year }, month, 1)?;
    ((2000..2200).contains(&day.year())).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_as_they_are_written() {
        for text in ["2026-09", "2026-09-30", "September 2026", ": September 2026", "Sep-26", "DM01-SEPTEMBER-2026", "sept 2026"] {
            assert_eq!(month(text).map(|day| day.to_string()).as_deref(), Some("2026-09-01"), "{text}");
        }
        for text in ["", "2026", "September", "2026-13", "13/09/2026", "Se 2026", "September 206", "September 1926", "12-09"] {
            assert_eq!(month(text), None, "{text}");
        }
    }
}
