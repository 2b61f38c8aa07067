//! What both national data sets say of a referral by its teams and contacts.

use chrono::NaiveDate;
use domain::{Pathway, PathwaySet, ReferralStatus};

use super::values::{dated, day, first};
use crate::columns::{Column, Filled};

/// How a referral ended with one team.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct End<'a> {
    pub(crate) closed: &'a str,
    pub(crate) closure_reason: &'a str,
    pub(crate) rejected: &'a str,
    pub(crate) rejection_reason: &'a str,
}

/// A summary of a referral's contacts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contacts {
    pub(crate) first: Option<NaiveDate>,
    pub(crate) last: Option<NaiveDate>,
    pub(crate) next: Option<NaiveDate>,
    pub(crate) not_brought: u16,
}

impl Contacts {
    /// Counts one contact: its day, the attendance code (one list for both data sets), whether its kind can be
    /// a first contact, and whether it was cancelled.
    pub(crate) fn count(&mut self, on: &str, attendance: &str, can_be_first: bool, cancelled: bool, today: NaiveDate) {
        let Some(on) = day(on) else { return };
        match attendance {
            "5" | "6" => {
                if can_be_first {
                    self.first = Some(self.first.map_or(on, |first| first.min(on)));
                }
                self.last = self.last.max(Some(on));
            }
            "3" => self.not_brought = self.not_brought.saturating_add(1),
            "" | "0" if on > today && !cancelled => self.next = Some(self.next.map_or(on, |next| next.min(on))),
            _ => {}
        }
    }

    pub(crate) fn fill(&self, filled: &mut Filled<'_>) {
        let days = [(Column::FirstContactDate, self.first), (Column::LastContactDate, self.last), (Column::NextAppointmentDate, self.next)];
        for (column, day) in days {
            if let Some(day) = day {
                filled.set(column, day.to_string());
            }
        }
        if self.not_brought > 0 {
            filled.set(Column::NotBroughtCount, self.not_brought.to_string());
        }
    }
}

/// Fills in the referral's status, and how it ended.
///
/// It is rejected where every team rejected it. It is closed where it was discharged, or where every team has
/// closed or rejected it. While one team still has it, it is open. An open referral whose child was seen is `seen`
/// for therapy, audiology and mental health, where the national wait ends with the first contact. An assessment
/// for autism or ADHD is not over after one appointment, so those children stay on the list.
pub(crate) fn fill_status<'a>(
    filled: &mut Filled<'a>,
    (discharged, reason): (&'a str, &'a str),
    teams: &[End<'a>],
    contacts: &Contacts,
    today: NaiveDate,
) {
    let pathways = filled.pathways();
    let every = |ended: fn(&End<'_>) -> bool| !teams.is_empty() && teams.iter().all(ended);
    let is_rejected = every(|team| !team.rejected.is_empty());
    let is_closed = !discharged.is_empty() || every(|team| !team.rejected.is_empty() || !team.closed.is_empty());
    let latest = |date: fn(&End<'a>) -> &'a str| teams.iter().copied().max_by_key(|team| day(date(team))).unwrap_or_default();
    let status = if is_rejected {
        let team = latest(|team| team.rejected);
        filled.set(Column::RejectedDate, dated(team.rejected));
        filled.set(Column::RejectionReason, team.rejection_reason);
        ReferralStatus::Rejected
    } else if is_closed {
        let team = latest(|team| team.closed);
        filled.set(Column::ClosedDate, dated(first(discharged, team.closed)));
        filled.set(Column::ClosureReason, first(reason, team.closure_reason));
        ReferralStatus::Closed
    } else if contacts.first.is_some_and(|first| first <= today) && !is_assessed(pathways) {
        ReferralStatus::Seen
    } else {
        ReferralStatus::Waiting
    };
    filled.set(Column::Status, status.as_str());
}

fn is_assessed(pathways: PathwaySet) -> bool {
    [Pathway::Autism, Pathway::Adhd].iter().any(|pathway| pathways.contains(*pathway))
}
