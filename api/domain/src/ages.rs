//! The ages at which who decides for a child changes.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The day on which somebody reaches an age (Family Law Reform Act 1969, s.9: at its first moment). For somebody born
/// on 29 February, it is 1 March in a year without that day.
pub(crate) fn birthday(born: NaiveDate, age: u8) -> NaiveDate {
    let year = born.year() + i32::from(age);
    NaiveDate::from_ymd_opt(year, born.month(), born.day()).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1)).unwrap_or(NaiveDate::MAX)
}

/// Whether somebody has reached an age on a day.
pub fn has_reached_age(born: NaiveDate, age: u8, on: NaiveDate) -> bool {
    birthday(born, age) <= on
}

/// The last day of compulsory school age: the last Friday in June of the school year, from September to
/// August, in which the child turns 16 (Education Act 1996, s.8; SI 1997/1970).
pub(crate) fn last_day_of_compulsory_school_age(born: NaiveDate) -> NaiveDate {
    let sixteen = birthday(born, 16);
    let year = sixteen.year() + i32::from(sixteen.month() >= 9);
    let end_of_june = NaiveDate::from_ymd_opt(year, 6, 30).unwrap_or(NaiveDate::MAX);
    let since_friday = end_of_june.weekday().days_since(Weekday::Fri);
    end_of_june.checked_sub_days(Days::new(u64::from(since_friday))).unwrap_or(NaiveDate::MAX)
}

/// The days from which an earlier decision that somebody made for the child permits nothing until it is reviewed: the
/// sixteenth birthday, and the day after compulsory school age.
pub(crate) fn review_days(born: NaiveDate) -> [NaiveDate; 2] {
    let after = last_day_of_compulsory_school_age(born).succ_opt().unwrap_or(NaiveDate::MAX);
    [birthday(born, 16), after]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn compulsory_school_age_ends_on_a_friday_of_the_right_june() {
        for (born, last) in
            [("2010-08-31", "2026-06-26"), ("2010-09-01", "2027-06-25"), ("2011-01-15", "2027-06-25"), ("2012-06-30", "2028-06-30")]
        {
            assert_eq!(last_day_of_compulsory_school_age(day(born)), day(last), "{born}");
        }
    }

    #[test]
    fn somebody_born_on_a_leap_day_reaches_an_age_on_the_first_of_march() {
        assert_eq!(birthday(day("2008-02-29"), 16), day("2024-02-29"));
        assert_eq!(birthday(day("2008-02-29"), 18), day("2026-03-01"));
        assert!(!has_reached_age(day("2010-11-22"), 16, day("2026-11-21")));
        assert!(has_reached_age(day("2010-11-21"), 16, day("2026-11-21")));
    }

    proptest! {
        #[test]
        fn school_age_ends_within_a_year_of_turning_sixteen(days in 0_u64..40_000) {
            let born = day("1990-01-01") + Days::new(days);
            let last = last_day_of_compulsory_school_age(born);
            prop_assert_eq!((last.weekday(), last.month()), (Weekday::Fri, 6));
            prop_assert!(last.day() > 23);
            // A child born in summer reaches that day before the birthday.
            let distance = crate::dates::days_between(birthday(born, 16), last);
            prop_assert!((-70..=303).contains(&distance), "{}", distance);
        }
    }
}
