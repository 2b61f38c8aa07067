//! From what a published return says in one line to the line that its reader gets: the one place where a
//! count's own rules are asked.

use chrono::NaiveDate;
use domain::{Issue, IssueCode, PublishedCount, Severity};

use super::rows::Fault;
use super::sinks::{PublishedRow, Sink, Stop};
use super::unreadable::Unreadable;

/// Where the readers of published returns put what they read.
pub struct Lines<'a> {
    today: NaiveDate,
    sink: &'a mut dyn Sink,
}

impl<'a> Lines<'a> {
    pub(super) fn new(today: NaiveDate, sink: &'a mut dyn Sink) -> Self {
        Self { today, sink }
    }

    /// Asks a published count's own rules and hands it on. Where there is none, the faults say why.
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

    /// Counts a line that is of another provider, or of a service that is not compared.
    pub fn out_of_scope(&mut self) -> Result<(), Unreadable> {
        self.sink.out_of_scope().map_err(|Stop| Unreadable::Stopped)
    }

    /// Reports something about the file as a whole.
    pub fn file_issue(&mut self, field: &'static str, code: IssueCode) -> Result<(), Unreadable> {
        self.sink.file_issue(Issue { row: 0, referral_id: None, field, code }).map_err(|Stop| Unreadable::Stopped)
    }
}
