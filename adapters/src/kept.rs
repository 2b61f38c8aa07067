//! A sink that keeps what it is given, for the formats' own tests.

use domain::issues::Issue;

use crate::{Row, Sink, Stop};

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) rows: Vec<Row>,
    pub(crate) file_issues: Vec<Issue>,
}

impl Sink for Kept {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.rows.push(row);
        Ok(())
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        self.file_issues.push(issue);
        Ok(())
    }
}
