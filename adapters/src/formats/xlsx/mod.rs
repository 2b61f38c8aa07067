//! The waiting list as an Excel workbook. `README.md` describes the format and its quirks.

mod book;
mod map;
mod parts;
mod styles;
mod template;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::io::Read;

use domain::{Dataset, IssueCode};
use memchr::memmem;

use crate::bytes::sources::{COMPOUND, Looks, ZIP};
use crate::bytes::spooled_zip::{Bounds, SpooledZip};
use crate::columns::{self, Column, FIELDS, Header};
use crate::contract::{About, Adapter, Context, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use book::BookWire;
use map::{Places, Remarks};
pub use template::write_xlsx_template;
use wire::SheetWire;
pub use write::write_xlsx;

const NAME: &str = "The workbook";
/// Fifty thousand rows of every column take some ten mebibytes.
const BOUNDS: Bounds = Bounds { packed: 64 * 1024 * 1024, unpacked: 1024 * 1024 * 1024, name: NAME };
/// The last row that may be the header: titles may come before it.
const HEADER_WITHIN: u64 = 20;
/// A row with this many of the format's column names is taken for the header.
const HEADER_NAMES: usize = 3;

pub(crate) struct Xlsx;

impl Adapter for Xlsx {
    fn about(&self) -> &'static About {
        &About {
            format: "xlsx",
            dataset: Dataset::WaitingList,
            title: "Waiting list, Excel workbook",
            media_types: &[
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.ms-excel.sheet.macroEnabled.12",
            ],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-column.xlsx" = 3, "as-people-keep-them.xlsx" = 3],
            bad_samples: bad_samples![
                "ofsted-annex-a.xlsx" = "header-missing",
                "no-status-column.xlsx" = "header-missing",
                "column-twice.xlsx" = "header-twice",
                "two-lists.xlsx" = "sheets-several",
                "protected.xlsx" = "protected",
                "encrypted-part.xlsx" = "protected",
                "old-kind.xls" = "not-this-format",
                "binary.xlsb" = "not-this-format",
                "open-document.ods" = "not-this-format",
                "tables.zip" = "not-this-format",
                "cut-short.xlsx" = "archive",
                "climbing-path.xlsx" = "archive",
                "overlapping-parts.xlsx" = "archive",
                "bomb.xlsx" = "too-large",
                "entities.xlsx" = "doctype",
                "no-such-text.xlsx" = "malformed",
                "scientific-text.xlsx" = "digits-lost",
                "rounded-id.xlsx" = "digits-lost",
                "not-available.xlsx" = "cell-error",
                "id-became-date.xlsx" = "cell-became-date",
                "british-date.xlsx" = "date-format",
                "bare-serial.xlsx" = "date-format",
                "day-nought.xlsx" = "date-format",
                "formulas.xlsx" = "formula-read",
                "leading-zeros.xlsx" = "leading-zeros-restored",
                "hidden-sheet.xlsx" = "sheets-hidden",
                "filtered.xlsx" = "rows-hidden",
                "merged-rows.xlsx" = "cells-merged",
                "unknown-column.xlsx" = "column-unknown",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut archive = match looks {
            Looks::Other(ZIP) => SpooledZip::open(source, scratch, BOUNDS)?,
            Looks::Other(COMPOUND) => return Err(compound(source)),
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Text => return Err(Unreadable::NotThisFormat("text")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
        };
        let book = BookWire::read(&mut archive)?;
        let Found { sheet, row: header_row, places } = find(&mut archive, &book)?;
        let header = Header::read(places.iter())?;
        if header.has_unknown_columns() {
            rows.file_issue("header", IssueCode::ColumnUnknown)?;
        }
        if book.has_hidden_sheets {
            rows.file_issue("workbook", IssueCode::SheetsHidden)?;
        }
        let mut remarks = Remarks::default();
        let mut cells = Vec::new();
        let mut sheet = SheetWire::new(archive.part(sheet)?);
        while let Some(row) = sheet.next(&mut cells)? {
            if row > header_row
                && let Some(filled) = map::fill(&cells, &places, &book, &mut remarks, row)?
            {
                rows.draft(columns::draft(row, &filled, context))?;
            }
        }
        if sheet.has_hidden_rows {
            rows.file_issue("sheet", IssueCode::RowsHidden)?;
        }
        if sheet.merged_down_to > header_row {
            rows.file_issue("sheet", IssueCode::CellsMerged)?;
        }
        remarks.report(rows)
    }

    fn starters(&self) -> Starters {
        Starters { template: starter!("waiting-list-template.xlsx" = 0), examples: starter!("waiting-list-examples.xlsx" = 10) }
    }
}

/// The sheet that holds the list.
struct Found<'a> {
    sheet: &'a str,
    row: u64,
    places: Places,
}

/// Looks for the header in each visible sheet.
fn find<'a>(archive: &mut SpooledZip, book: &'a BookWire) -> Result<Found<'a>, Unreadable> {
    let mut found = None;
    let mut cells = Vec::new();
    for sheet in &book.sheets {
        let mut wire = SheetWire::new(archive.part(sheet)?);
        while let Some(row) = wire.next(&mut cells)?
            && row <= HEADER_WITHIN
        {
            let places = Places::of(&cells, book);
            if places.named() >= HEADER_NAMES {
                if found.replace(Found { sheet, row, places }).is_some() {
                    return Err(Unreadable::SheetsSeveral);
                }
                break;
            }
        }
    }
    found.ok_or_else(|| Unreadable::HeaderMissing(Column::missing(|_| false)))
}

/// How to refuse a compound file: it is an encrypted workbook, or one of the old kind.
fn compound(mut source: impl Read) -> Unreadable {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut window = Vec::new();
    let mut taken = 0;
    loop {
        match (&mut source).take(64 * 1024).read_to_end(&mut window) {
            Err(error) => return Unreadable::Source(error),
            Ok(_) if memmem::find(&window, &name).is_some() => return Unreadable::Protected,
            Ok(0) => return Unreadable::NotThisFormat("an Excel workbook of the old kind (.xls)"),
            Ok(count) => taken += count as u64,
        }
        if taken > BOUNDS.packed {
            return Unreadable::Oversized(NAME);
        }
        window.drain(..window.len().saturating_sub(name.len()));
    }
}
