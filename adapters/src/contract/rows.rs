//! Checks the draft of each row by the domain's rules of a record, and hands the row to the sink. Only
//! this file asks those rules, whatever the format.

use chrono::NaiveDate;
use domain::{ChildIdentifier, ChildReference, Issue, IssueCode, Severity, SubmittedEntry, SubmittedRecord};

use super::sinks::{Row, Sink, Stop};
use super::unreadable::Unreadable;

/// A column or element, and what is wrong with it.
pub type Fault = (&'static str, IssueCode);

/// What a format calls a field; the argument is the name that the domain's rules use.
pub(crate) type Names = fn(&'static str) -> Called;

/// How a format names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// A native column, by the format's name for it.
    Column(&'static str),
    /// A native column that the format has no place for.
    Nothing,
    /// No native column: the name is the format's own already.
    Itself,
}

/// What an adapter made of one row: as much as could be read, so that everything wrong with it is
/// reported at once. Where a part is missing, an error among the faults says why. A draft with an
/// error is not kept.
pub struct Draft {
    pub number: u64,
    pub referral_id: Option<String>,
    pub child: Option<ChildIdentifier>,
    pub date_of_birth: Option<NaiveDate>,
    pub entry: Option<SubmittedEntry>,
    /// Each by its native column's name, or else by the format's own name.
    pub faults: Vec<Fault>,
    /// What the format calls the fields: an issue gives the sender that name.
    pub(crate) names: Names,
}

impl Draft {
    /// A row that is refused whole.
    pub(crate) fn refused(number: u64, referral_id: Option<String>, fault: Fault) -> Self {
        Self { number, referral_id, child: None, date_of_birth: None, entry: None, faults: vec![fault], names: |_| Called::Itself }
    }
}

/// Takes the rows that adapters read.
pub struct Rows<'a> {
    today: NaiveDate,
    sink: &'a mut dyn Sink,
    /// Issues that were already reported once for the whole file.
    said: Vec<Fault>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(today: NaiveDate, sink: &'a mut dyn Sink) -> Self {
        Self { today, sink, said: Vec::new() }
    }

    /// Checks the draft by the domain's rules and hands the row on.
    pub fn draft(&mut self, draft: Draft) -> Result<(), Unreadable> {
        let Draft { number, referral_id, child, date_of_birth, entry, mut faults, names } = draft;
        if let (Some(date_of_birth), Some(entry)) = (date_of_birth, &entry) {
            let found = faults.len();
            // A value that could not be read is not also reported as blank.
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
            // Several columns may be one field of the format.
            let repeated = called != Called::Itself && issues.iter().any(|issue| (issue.field, issue.code) == (field, code));
            if !repeated {
                issues.push(Issue { row: number, referral_id: referral_id.clone(), field, code });
            }
        }
        self.sink.row(Row { number, referral_id, rejected_request, record, issues }).map_err(|Stop| Unreadable::Stopped)
    }

    /// Counts something in the file that is none of the dataset's records.
    pub fn out_of_scope(&mut self) -> Result<(), Unreadable> {
        self.sink.out_of_scope().map_err(|Stop| Unreadable::Stopped)
    }

    /// Reports an issue once for the whole file, however many rows have it.
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
