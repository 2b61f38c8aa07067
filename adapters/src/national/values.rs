//! Values of the national data sets, as exports and spreadsheets write them.

use std::borrow::Cow;

use chrono::NaiveDate;
use domain::parse_day;

/// The first of two values that is not blank.
pub(crate) fn first<'a>(value: &'a str, other: &'a str) -> &'a str {
    if value.is_empty() { other } else { value }
}

/// A code with the leading zeros that a spreadsheet dropped.
pub(crate) fn padded(code: &str, width: usize) -> Cow<'_, str> {
    if code.len() < width && !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{code:0>width$}").into()
    } else {
        code.into()
    }
}

/// A date without the time after it, where there is one.
pub(crate) fn dated(text: &str) -> &str {
    match text.as_bytes().get(10) {
        Some(b'T' | b' ') => &text[..10],
        _ => text,
    }
}

/// A value as a day, where it is one.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    parse_day(dated(text))
}
