//! Days. Every statutory and waiting-time day is a calendar day in Europe/London.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// The day it is in Hertfordshire at an instant.
pub fn london_day(at: DateTime<Utc>) -> NaiveDate {
    london_time(at).date()
}

/// What the clocks of Hertfordshire show at an instant.
pub fn london_time(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&chrono_tz::Europe::London).naive_local()
}

/// Whole days from one day to another: the same day is 0, an earlier one is negative.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

/// Completed years from one day to another, as an age is counted; 0 where `to` comes first.
pub fn years_between(from: NaiveDate, to: NaiveDate) -> u32 {
    to.years_since(from).unwrap_or(0)
}

/// Whether a day is plausible for somebody alive, or for what is arranged for them.
pub fn is_plausible_day(day: NaiveDate) -> bool {
    (1900..2200).contains(&chrono::Datelike::year(&day))
}

/// A day written CCYY-MM-DD and nothing else.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !shaped {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let year = i32::try_from(number(&bytes[..4])).ok()?;
    NaiveDate::from_ymd_opt(year, number(&bytes[5..7]), number(&bytes[8..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summer_evening_in_utc_is_the_next_day_in_london() {
        let at = "2026-07-01T23:30:00Z".parse().unwrap();
        assert_eq!(london_day(at).to_string(), "2026-07-02");
        let at = "2026-12-01T23:30:00Z".parse().unwrap();
        assert_eq!(london_day(at).to_string(), "2026-12-01");
    }

    #[test]
    fn only_ccyy_mm_dd_is_a_day() {
        assert_eq!(parse_day("2024-02-29"), NaiveDate::from_ymd_opt(2024, 2, 29));
        for wrong in ["2023-02-29", "29/02/2024", "2024-2-9", "2024-02-29T00:00:00", "+024-02-29", "", "２０２４-02-29"] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }
}
