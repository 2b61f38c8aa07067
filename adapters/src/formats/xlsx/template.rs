//! Writes an empty list as a workbook: codes are in drop-downs, days are days, and ids are text.

use std::io::{self, Write};

use domain::{CodeList, Pathway, ReferralStage, ReferralStatus};
use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, DataValidationRule, ExcelDateTime, Format, Worksheet, XlsxError};

use super::write::{day_format, save, text_format, write_header};
use crate::columns::FIELDS;
use crate::contract::Field;

/// The last row that has drop-downs.
const ROWS: u32 = 10_000;
/// How many characters Excel shows beside a cell.
const HINT: usize = 255;

/// What a column takes.
enum Takes {
    /// One of these, and nothing else.
    Closed(Vec<String>),
    /// One of these, or a code that the list does not know yet.
    Open(Vec<String>),
    Day,
    Count,
    Text,
}

/// Writes an empty list, for people to fill in.
pub fn write_xlsx_template(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&drawn().map_err(io::Error::other)?)
}

fn drawn() -> Result<Vec<u8>, XlsxError> {
    let mut list = Worksheet::new();
    list.set_name("Waiting list")?;
    write_header(&mut list)?;
    let mut described = Worksheet::new();
    described.set_name("What goes where")?;
    let bold = Format::new().set_bold();
    for (at, title) in (0..).zip(["Column", "Every row needs it", "Holds", "Codes"]) {
        described.write_string_with_format(0, at, title, &bold)?;
    }
    for (at, column) in (0_u16..).zip(FIELDS) {
        let takes = takes(column);
        let format = if matches!(takes, Takes::Day) { day_format() } else { text_format() };
        list.set_column_format(at, &format)?;
        list.set_column_width(at, 20)?;
        if let Some(rule) = rule(column, &takes)? {
            list.add_data_validation(1, at, ROWS, at, &rule)?;
        }
        let row = u32::from(at) + 1;
        described.write_string(row, 0, column.name)?;
        described.write_string(row, 1, if column.required { "yes" } else { "" })?;
        described.write_string(row, 2, column.meaning)?;
        if let Takes::Closed(codes) | Takes::Open(codes) = &takes {
            described.write_string(row, 3, codes.join(" "))?;
        }
    }
    for (at, width) in (0..).zip([32, 20, 80, 60]) {
        described.set_column_width(at, width)?;
    }
    save(vec![list, described])
}

fn takes(column: &Field) -> Takes {
    fn all<T: ToString>(values: &[T]) -> Vec<String> {
        values.iter().map(T::to_string).collect()
    }
    let list = match column.name {
        "status" => return Takes::Closed(all(ReferralStatus::ALL)),
        "stage" => return Takes::Closed(all(ReferralStage::ALL)),
        "right_to_choose" => return Takes::Closed(all(&["1", "0"])),
        // Several may be joined by `|`.
        "pathway" => return Takes::Open(all(Pathway::ALL)),
        "not_brought_count" => return Takes::Count,
        "nhs_number_status" => CodeList::NHS_NUMBER_STATUS,
        "sex" => CodeList::SEX,
        "ethnic_category" => CodeList::ETHNIC_CATEGORY,
        "priority" => CodeList::PRIORITY,
        "source_of_referral" => CodeList::SOURCE_OF_REFERRAL,
        "waiting_time_measurement_type" => CodeList::MEASUREMENT_TYPE,
        "rtt_status" => CodeList::RTT_STATUS,
        "closure_reason" => CodeList::CLOSURE_REASON,
        "rejection_reason" => CodeList::REJECTION_REASON,
        _ if column.meaning.starts_with("CCYY-MM-DD") => return Takes::Day,
        _ => return Takes::Text,
    };
    Takes::Open(codes(list))
}

/// The codes of a list. Each is one or two letters or digits.
fn codes(list: &CodeList) -> Vec<String> {
    let letters = || ('0'..='9').chain('A'..='Z');
    let two = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    letters().map(String::from).chain(two).filter(|code| list.contains(code)).collect()
}

fn rule(column: &Field, takes: &Takes) -> Result<Option<DataValidation>, XlsxError> {
    let rule = DataValidation::new();
    let rule = match takes {
        Takes::Text => return Ok(None),
        Takes::Closed(codes) => rule.allow_list_strings(codes)?,
        Takes::Open(codes) => rule.allow_list_strings(codes)?.set_error_style(DataValidationErrorStyle::Warning),
        Takes::Day => rule.allow_date(DataValidationRule::GreaterThan(ExcelDateTime::from_ymd(1900, 3, 1)?)),
        Takes::Count => rule.allow_whole_number(DataValidationRule::Between(0, i32::from(u16::MAX))),
    };
    let hint: String = column.meaning.chars().take(HINT).collect();
    Ok(Some(rule.ignore_blank(!column.required).set_input_message(hint)?))
}
