//! Checks each line of a published return by the rules of a published count, and hands it to the sink. Only
//! this file asks those rules.

use chrono::NaiveDate;
use domain::{Issue, IssueCode, PublishedCount, Severity};

use super::rows::Fault;
use super::sinks::{PublishedRow, Sink, Stop};
use super::unreadable::Unreadable;

/// Takes the lines that a published return's reader reads.
pub struct Lines<'a> {
    today: NaiveDate,
    sink: &'a mut dyn Sink,
}

impl<'a> Lines<'a> {
    pub(super) fn new(today: NaiveDate, sink: &'a mut dyn Sink) -> Self {
        Self { today, sink }
    }

    /// Checks a count by its own rules and hands it on. Where it is `None`, the faults say why.
    pub fn line(&mut self, number: u64, count: Option<PublishedCount>, mut faults: Vec<Fault>) -> Result<(), Unreadable> {
        if let Some(count) = &count {
            if count.period > self.today {
                faults.push(("period", IssueCode::PeriodInFuture));
            }
            if !count.adds_up() {
                faults.push(("total", IssueCode::BandsNotTotal));
            }
        }
        let rejected = faults.iter().any(|(_, code)| code.severity() == Severity::Error);
        debug_assert!(count.is_some() || rejected, "a count is missing without an error");
        let issues = faults.into_iter().map(|(field, code)| Issue { row: number, referral_id: None, field, code }).collect();
        let row = PublishedRow { number, count: count.filter(|_| !rejected), issues };
        self.sink.published(row).map_err(|Stop| Unreadable::Stopped)
    }

    /// Counts a line about another provider, or about a service that is not compared.
    pub fn out_of_scope(&mut self) -> Result<(), Unreadable> {
        self.sink.out_of_scope().map_err(|Stop| Unreadable::Stopped)
    }

    /// Reports something about the file as a whole.
    pub fn file_issue(&mut self, field: &'static str, code: IssueCode) -> Result<(), Unreadable> {
        self.sink.file_issue(Issue { row: 0, referral_id: None, field, code }).map_err(|Stop| Unreadable::Stopped)
    }
}
