//! The statutory clocks of the SEND Regulations 2014 (SI 2014/1530), in one table. Days are
//! calendar days; holidays do not pause them, and no waiting list touches them.

use chrono::{Days, NaiveDate};

use crate::dates::days_between;

closed! {
    /// Something a body must do within a number of weeks.
    pub enum Duty {
        /// The authority says whether it will assess.
        DecideToAssess = "decide-to-assess",
        /// A body that was asked for advice answers; from the day that body received the request.
        GiveAdvice = "give-advice",
        /// The authority says that it will not issue a plan.
        RefusePlan = "refuse-plan",
        /// The authority sends the final plan.
        IssuePlan = "issue-plan",
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub weeks: u8,
    pub regulation: &'static str,
}

impl Duty {
    /// The limit and the regulation that sets it.
    pub const fn limit(self) -> Limit {
        match self {
            Self::DecideToAssess => Limit { weeks: 6, regulation: "SEND Regulations 2014, reg 5(1)" },
            Self::GiveAdvice => Limit { weeks: 6, regulation: "SEND Regulations 2014, reg 8(1)" },
            Self::RefusePlan => Limit { weeks: 16, regulation: "SEND Regulations 2014, reg 10(1)" },
            Self::IssuePlan => Limit { weeks: 20, regulation: "SEND Regulations 2014, reg 13(2)" },
        }
    }

    /// The last day on which the duty is met in time: N × 7 days after the day that starts it. The
    /// sources do not settle whether that day counts; this is the one place that decides it.
    pub fn due_on(self, starts: NaiveDate) -> NaiveDate {
        starts.checked_add_days(Days::new(u64::from(self.limit().weeks) * 7)).unwrap_or(NaiveDate::MAX)
    }

    /// The state of the clock on a day.
    pub fn clock(self, starts: NaiveDate, done: Option<NaiveDate>, today: NaiveDate) -> StatutoryClock {
        let due_on = self.due_on(starts);
        let state = match done {
            Some(done) if done <= due_on => ClockState::Met,
            Some(_) => ClockState::MetLate,
            None if today <= due_on => ClockState::Running,
            None => ClockState::Breached,
        };
        StatutoryClock { duty: self, starts_on: starts, due_on, done_on: done, days_left: days_between(today, due_on), state }
    }
}

closed! {
    /// The state of a clock.
    pub enum ClockState {
        Running = "running",
        Met = "met",
        MetLate = "met-late",
        Breached = "breached",
    }
}

/// One clock on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatutoryClock {
    pub duty: Duty,
    pub starts_on: NaiveDate,
    pub due_on: NaiveDate,
    pub done_on: Option<NaiveDate>,
    /// Negative once the due day is past.
    pub days_left: i64,
    pub state: ClockState,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn advice_received_on_2_november_is_due_on_14_december() {
        assert_eq!(Duty::GiveAdvice.due_on(day("2026-11-02")), day("2026-12-14"));
    }

    #[test]
    fn six_sixteen_and_twenty_weeks_are_42_112_and_140_days() {
        let start = day("2026-01-01");
        let days = |duty: Duty| days_between(start, duty.due_on(start));
        assert_eq!([days(Duty::DecideToAssess), days(Duty::GiveAdvice), days(Duty::RefusePlan), days(Duty::IssuePlan)], [42, 42, 112, 140]);
    }

    #[test]
    fn the_due_day_itself_is_on_time_and_the_next_is_not() {
        let start = day("2026-11-02");
        assert_eq!(Duty::GiveAdvice.clock(start, Some(day("2026-12-14")), day("2027-01-01")).state, ClockState::Met);
        assert_eq!(Duty::GiveAdvice.clock(start, Some(day("2026-12-15")), day("2027-01-01")).state, ClockState::MetLate);
        assert_eq!(Duty::GiveAdvice.clock(start, None, day("2026-12-14")).state, ClockState::Running);
        assert_eq!(Duty::GiveAdvice.clock(start, None, day("2026-12-15")).state, ClockState::Breached);
    }

    proptest! {
        #[test]
        fn a_clock_only_ever_runs_down(start in 0_i64..40_000, today in 0_i64..40_000, at in 0..Duty::ALL.len()) {
            let epoch = day("1970-01-01");
            let on = |days| epoch + chrono::Duration::days(days);
            let duty = Duty::ALL[at];
            let now = duty.clock(on(start), None, on(today));
            let tomorrow = duty.clock(on(start), None, on(today + 1));
            prop_assert_eq!(now.days_left - 1, tomorrow.days_left);
            prop_assert!(!(now.state == ClockState::Breached && tomorrow.state == ClockState::Running));
            prop_assert_eq!(now.state == ClockState::Breached, now.days_left < 0);
        }
    }
}
