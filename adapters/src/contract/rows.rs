//! From what an adapter made of a row to the row that its reader gets: the one place where the
//! record's own rules are asked, whatever the format.

use chrono::NaiveDate;
use domain::{ChildIdentifier, ChildReference, Issue, IssueCode, Severity, SubmittedEntry, SubmittedRecord};

use super::sinks::{Row, Sink, Stop};
use super::unreadable::Unreadable;

/// A column or element, and what is wrong with it.
pub type Fault = (&'static str, IssueCode);

/// What a format calls a field, by the name that the rules of the record have for it.
pub(crate) type Names = fn(&'static str) -> Called;

/// How a format names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// A native column, and the format's name for it.
    Column(&'static str),
    /// A native column that the format has no place for.
    Nothing,
    /// No native column: the format has that very name.
    Itself,
}

/// What an adapter made of one row: as much as could be read, so that all that is wrong with it is
/// reported at once. A part that is missing has an error among the faults. Where there is an error
/// none of this is kept.
pub struct Draft {
    pub number: u64,
    pub referral_id: Option<String>,
    pub child: Option<ChildIdentifier>,
    pub date_of_birth: Option<NaiveDate>,
    pub entry: Option<SubmittedEntry>,
    /// By native column where it is one's, else by the format's own name.
    pub faults: Vec<Fault>,
    /// What the format calls the fields: its reader is told that name.
    pub(crate) names: Names,
}

impl Draft {
    /// A row of which nothing can be kept.
    pub(crate) fn refused(number: u64, referral_id: Option<String>, fault: Fault) -> Self {
        Self { number, referral_id, child: None, date_of_birth: None, entry: None, faults: vec![fault], names: |_| Called::Itself }
    }
}

/// Where adapters put what they read.
pub struct Rows<'a> {
    today: NaiveDate,
    sink: &'a mut dyn Sink,
    /// What was said of the file since no row of the format could mend it.
    said: Vec<Fault>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(today: NaiveDate, sink: &'a mut dyn Sink) -> Self {
        Self { today, sink, said: Vec::new() }
    }

    /// Asks the record's own rules and hands the row on.
    pub fn draft(&mut self, draft: Draft) -> Result<(), Unreadable> {
        let Draft { number, referral_id, child, date_of_birth, entry, mut faults, names } = draft;
        if let (Some(date_of_birth), Some(entry)) = (date_of_birth, &entry) {
            let found = faults.len();
            // A value that could not be read is not also called blank.
            let mut report = |field, code| {
                if faults[..found].iter().all(|(at, _)| *at != field) {
                    faults.push((field, code));
                }
            };
            match entry {
                SubmittedEntry::Referral(referral) => {
                    referral.check(date_of_birth, self.today, &mut report);
                    child.iter().for_each(|child| referral.check_child(child, &mut report));
                }
                SubmittedEntry::Case(case) => case.check(date_of_birth, self.today, report),
                SubmittedEntry::Merge(_) => {}
            }
        }
        let rejected = faults.iter().any(|(_, code)| code.severity() == Severity::Error);
        let child = child.zip(date_of_birth).map(|(identifier, date_of_birth)| ChildReference { identifier, date_of_birth });
        let (record, rejected_request) = match (child, entry) {
            (Some(child), Some(entry)) if !rejected => (Some(SubmittedRecord { child, entry }), None),
            (Some(child), Some(SubmittedEntry::Case(case))) => (None, Some((child, case.request.received_on))),
            _ => (None, None),
        };
        debug_assert!(record.is_some() || rejected, "a part of the draft is missing without an error");
        let mut issues: Vec<Issue> = Vec::with_capacity(faults.len());
        for (field, code) in faults {
            let called = names(field);
            let field = match called {
                Called::Nothing if code.severity() == Severity::Warning => {
                    self.say(field, code)?;
                    continue;
                }
                Called::Column(name) => name,
                Called::Nothing | Called::Itself => field,
            };
            // What a format holds in one field may be several columns.
            let said = called != Called::Itself && issues.iter().any(|issue| (issue.field, issue.code) == (field, code));
            if !said {
                issues.push(Issue { row: number, referral_id: referral_id.clone(), field, code });
            }
        }
        self.sink.row(Row { number, referral_id, rejected_request, record, issues }).map_err(|Stop| Unreadable::Stopped)
    }

    /// Counts something that is in the file and none of the dataset's records.
    pub fn out_of_scope(&mut self) -> Result<(), Unreadable> {
        self.sink.out_of_scope().map_err(|Stop| Unreadable::Stopped)
    }

    /// Reports it of the file, once, however many rows it is true of.
    pub(crate) fn say(&mut self, field: &'static str, code: IssueCode) -> Result<(), Unreadable> {
        if self.said.contains(&(field, code)) {
            return Ok(());
        }
        self.said.push((field, code));
        self.file_issue(field, code)
    }

    /// Reports something about the file as a whole.
    pub fn file_issue(&mut self, field: &'static str, code: IssueCode) -> Result<(), Unreadable> {
        self.sink.file_issue(Issue { row: 0, referral_id: None, field, code }).map_err(|Stop| Unreadable::Stopped)
    }
}
