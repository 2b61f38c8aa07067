//! Reads cells as the values of a row, though Excel may have changed them.

use std::borrow::Cow;

use domain::{CodeList, IssueCode};

use super::book::BookWire;
use super::wire::{CellWire, PlacedWire};
use crate::columns::{self, Column, Filled, number};
use crate::contract::{Rows, Unreadable};

/// The column at each place of a sheet's rows.
pub(super) struct Places(Vec<Option<Column>>);

impl Places {
    /// Reads a header row. People may spell the names their own way: `NHS Number`.
    pub(super) fn of(cells: &[PlacedWire], book: &BookWire) -> Self {
        let mut places = Vec::new();
        for cell in cells {
            let name = match &cell.value {
                CellWire::Text(text) => text,
                CellWire::Shared(at) => book.texts.get(*at).unwrap_or_default(),
                _ => "",
            };
            if !name.trim().is_empty() {
                places.resize(cell.column, None);
                places.push(Column::named(&spelled(name)));
            }
        }
        Self(places)
    }

    /// How many places name a column.
    pub(super) fn named(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Option<Column>> {
        self.0.iter().copied()
    }
}

/// The name in lower case, with one underscore between words.
fn spelled(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// Issues that are reported once for a column, not for each row.
#[derive(Default)]
pub(super) struct Remarks(Vec<(Column, IssueCode)>);

impl Remarks {
    fn add(&mut self, column: Column, code: IssueCode) {
        if !self.0.contains(&(column, code)) {
            self.0.push((column, code));
        }
    }

    pub(super) fn report(mut self, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        self.0.sort_by_key(|(column, code)| (*column as usize, code.as_str()));
        self.0.into_iter().try_for_each(|(column, code)| rows.file_issue(column.name(), code))
    }
}

/// The row's values; `None` where no column has a value.
pub(super) fn fill<'a>(
    cells: &'a [PlacedWire],
    places: &Places,
    book: &'a BookWire,
    remarks: &mut Remarks,
    row: u64,
) -> Result<Option<Filled<'a>>, Unreadable> {
    let mut filled = None;
    for cell in cells {
        let Some(column) = places.0.get(cell.column).copied().flatten() else { continue };
        let value = read(column, &cell.value, book, remarks).ok_or(Unreadable::Malformed { row })?;
        if matches!(&value, Ok(text) if text.trim().is_empty()) {
            continue;
        }
        if cell.formula {
            remarks.add(column, IssueCode::FormulaRead);
        }
        let filled = filled.get_or_insert_with(|| Filled::new(columns::native));
        match value {
            Ok(text) => filled.set(column, text),
            Err(code) => filled.fault(column, code),
        }
    }
    Ok(filled)
}

/// A cell's value as text; `None` where it refers to a text that the workbook does not have.
fn read<'a>(column: Column, cell: &'a CellWire, book: &'a BookWire, remarks: &mut Remarks) -> Option<Result<Cow<'a, str>, IssueCode>> {
    Some(match cell {
        CellWire::Text(text) => Ok(text.into()),
        CellWire::Shared(at) => Ok(book.texts.get(*at)?.into()),
        CellWire::Boolean(value) => Ok(if *value { "1" } else { "0" }.into()),
        CellWire::Instant(text) => Ok(text.get(..10).unwrap_or(text).into()),
        CellWire::Error => Err(IssueCode::CellError),
        CellWire::Number { number, style } if book.shows_dates(*style) => {
            if column.is_date() {
                book.day(*number).map(|day| day.to_string().into()).ok_or(IssueCode::DateFormat)
            } else {
                Err(IssueCode::CellDate)
            }
        }
        // A number that is not shown as a date is never read as one: it may be a year, or 20160504.
        CellWire::Number { number: value, .. } => number(*value).map(|text| restored(column, text, remarks).into()),
    })
}

/// Puts back the leading zeros that a code lost as a number, where the code list leaves no doubt.
fn restored(column: Column, text: String, remarks: &mut Remarks) -> String {
    let padded = match column {
        // A UBRN always has twelve digits.
        Column::Ubrn if text.bytes().all(|byte| byte.is_ascii_digit()) => format!("{text:0>12}"),
        _ => match list(column) {
            Some(list) if !list.contains(&text) && list.contains(&format!("0{text}")) => format!("0{text}"),
            _ => return text,
        },
    };
    if padded.len() > text.len() {
        remarks.add(column, IssueCode::LeadingZeros);
    }
    padded
}

fn list(column: Column) -> Option<&'static CodeList> {
    match column {
        Column::NhsNumberStatus => Some(CodeList::NHS_NUMBER_STATUS),
        Column::SourceOfReferral => Some(CodeList::SOURCE_OF_REFERRAL),
        Column::WaitingTimeMeasurementType => Some(CodeList::MEASUREMENT_TYPE),
        Column::RttStatus => Some(CodeList::RTT_STATUS),
        Column::ClosureReason => Some(CodeList::CLOSURE_REASON),
        Column::RejectionReason => Some(CodeList::REJECTION_REASON),
        _ => None,
    }
}
