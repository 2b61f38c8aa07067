//! What is read from a body, and the sink that takes it.

use chrono::NaiveDate;
use domain::{ChildReference, Issue, PublishedCount, SubmittedRecord};

/// One row, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1 in the order of the file. CSV does not count the header, XML counts each request, and a
    /// workbook uses the sheet's own row numbers.
    pub number: u64,
    /// The sender's own id, where it could be read. A rejected row has it too, since the referral
    /// did come.
    pub referral_id: Option<String>,
    /// What identifies a rejected request for an assessment, where that could be read: it did come too.
    pub rejected_request: Option<(ChildReference, NaiveDate)>,
    /// `None` exactly where one of the issues is an error.
    pub record: Option<SubmittedRecord>,
    pub issues: Vec<Issue>,
}

/// One line of a published return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRow {
    /// Counted from 1 after the header.
    pub number: u64,
    /// `None` exactly where one of the issues is an error.
    pub count: Option<PublishedCount>,
    pub issues: Vec<Issue>,
}

/// Says that the sink takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// Takes rows as they are read.
pub trait Sink {
    fn row(&mut self, row: Row) -> Result<(), Stop>;

    /// A line of a published return, from the formats that hold them. A sink for records takes none.
    fn published(&mut self, _: PublishedRow) -> Result<(), Stop> {
        Err(Stop)
    }

    /// Something that is no record of the dataset: on no pathway, or about no child.
    fn out_of_scope(&mut self) -> Result<(), Stop>;

    /// An issue with the file as a whole. Its row number is 0.
    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop>;
}
