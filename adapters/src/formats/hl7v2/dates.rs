//! HL7's dates and times: CCYYMMDD[HHMM[SS[.S…]]][+ZZZZ].

use chrono::{Duration, NaiveDate, NaiveDateTime};
use domain::london_day;

/// The day of a date and time in Europe/London. Without an offset it is taken as London time.
/// `None` where it is not valid, or is shorter than a whole date.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let (local, offset) = match text.find(['+', '-']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let whole = local.split('.').next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !matches!(whole.len(), 8 | 10 | 12 | 14) || !local[whole.len()..].chars().all(|c| c == '.' || c.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to).map_or(Some(0), |part| part.parse::<u32>().ok());
    let date = NaiveDate::from_ymd_opt(whole.get(..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?)?;
    let time: NaiveDateTime = date.and_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?;
    let Some(offset) = offset else { return Some(date) };
    let minutes = offset.get(1..).filter(|text| text.len() == 4 && digits(text))?;
    let (hours, minutes) = (minutes.get(..2)?.parse::<i64>().ok()?, minutes.get(2..)?.parse::<i64>().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    if whole.len() == 8 {
        // A date without a time does not move with the offset.
        return Some(date);
    }
    let ahead = Duration::minutes(hours * 60 + minutes) * if offset.starts_with('-') { -1 } else { 1 };
    Some(london_day(time.checked_sub_signed(ahead)?.and_utc()))
}

/// The day as it is written, whatever the time: a birthday does not move with the time zone.
pub(super) fn written_day(text: &str) -> Option<NaiveDate> {
    day(text)?;
    day(text.get(..8)?)
}
