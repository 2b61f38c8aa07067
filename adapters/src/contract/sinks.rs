//! What is read of a body, and who takes it.

use chrono::NaiveDate;
use domain::{ChildReference, Issue, PublishedCount, SubmittedRecord};

/// One row, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1 in the order of the file; in CSV the header is not counted, in XML a row is a request,
    /// in a workbook it is the sheet's own number.
    pub number: u64,
    /// The writer's own id, where there is one that could be read: of a rejected row too, since
    /// such a referral did flow.
    pub referral_id: Option<String>,
    /// What a rejected request for an assessment is known by, where that could be read: it did flow too.
    pub rejected_request: Option<(ChildReference, NaiveDate)>,
    /// `None` exactly where one of the issues is an error.
    pub record: Option<SubmittedRecord>,
    pub issues: Vec<Issue>,
}

/// One line of a published return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRow {
    /// Counted from 1 behind the header.
    pub number: u64,
    /// `None` exactly where one of the issues is an error.
    pub count: Option<PublishedCount>,
    pub issues: Vec<Issue>,
}

/// The sink takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// Takes rows as they are read.
pub trait Sink {
    fn row(&mut self, row: Row) -> Result<(), Stop>;

    /// A line of a published return, from the formats that hold those. A sink of records takes none.
    fn published(&mut self, _: PublishedRow) -> Result<(), Stop> {
        Err(Stop)
    }

    /// Something that is no record of the dataset's: of no pathway, or about no child.
    fn out_of_scope(&mut self) -> Result<(), Stop>;

    /// An issue with the file as a whole: its row is 0.
    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop>;
}
