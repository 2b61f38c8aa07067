//! Writes referrals as an Excel workbook: days as Excel's own days, and every code as text.

use std::io::{self, Write};

use chrono::{Datelike, NaiveDate};
use domain::SubmittedRecord;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::columns::{Cell, FIELDS, cells};

/// Writes the header and a row for each referral. Records of other kinds are left out.
pub fn write_xlsx(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    let bytes = workbook(records).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn workbook(records: &[SubmittedRecord]) -> Result<Vec<u8>, XlsxError> {
    let mut sheet = Worksheet::new();
    write_header(&mut sheet)?;
    let (day, text) = (day_format(), text_format());
    for (row, cells) in (1..).zip(records.iter().filter_map(cells)) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Blank => continue,
                Cell::Count(count) => sheet.write_number(row, column, count)?,
                Cell::Flag(flag) => sheet.write_boolean(row, column, flag)?,
                Cell::Day(at) if is_counted(at) => sheet.write_datetime_with_format(row, column, date_time(at)?, &day)?,
                Cell::Day(at) => sheet.write_string_with_format(row, column, at.to_string(), &text)?,
                Cell::Text(value) => sheet.write_string_with_format(row, column, value, &text)?,
            };
        }
    }
    sheet.set_name("Waiting list")?;
    save(vec![sheet])
}

/// Writes the native column names as the first row.
pub(super) fn write_header(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (column, field) in (0..).zip(FIELDS) {
        sheet.write_string_with_format(0, column, field.name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

pub(super) fn day_format() -> Format {
    Format::new().set_num_format("yyyy-mm-dd")
}

/// Keeps Excel from taking a code for a number or a day.
pub(super) fn text_format() -> Format {
    Format::new().set_num_format("@")
}

/// Excel counts a 29 February 1900 that never was, so earlier days are not certain.
fn is_counted(day: NaiveDate) -> bool {
    NaiveDate::from_ymd_opt(1900, 3, 1).is_some_and(|first| day >= first) && day.year() < 9999
}

fn date_time(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::parse_from_str(&day.to_string())
}

/// The workbook of these sheets. Its creation date is fixed, so that the same records give the same
/// bytes.
pub(super) fn save(sheets: Vec<Worksheet>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    for sheet in sheets {
        book.push_worksheet(sheet);
    }
    book.save_to_buffer()
}
