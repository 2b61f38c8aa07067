//! The gateway's own CSV for waiting lists. `README.md` describes the format and its quirks.

#[cfg(test)]
mod tests;
pub(crate) mod wire;
mod write;

use std::io::Read;

use domain::{Dataset, IssueCode};

use crate::columns::{self, FIELDS};
use crate::contract::{About, Adapter, Context, Draft, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use wire::FileWire;
pub use write::{write_csv, write_csv_template};

pub(crate) struct Csv;

impl Adapter for Csv {
    fn about(&self) -> &'static About {
        &About {
            format: "csv",
            dataset: Dataset::WaitingList,
            title: "Waiting list, native CSV",
            media_types: &["text/csv", "application/csv"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-column.csv" = 7, "reordered-crlf-bom.csv" = 3, "header-only.csv" = 0],
            bad_samples: bad_samples![
                "empty.csv" = "empty",
                "utf-16.csv" = "encoding",
                "json.csv" = "not-this-format",
                "no-status-column.csv" = "header-missing",
                "no-child-column.csv" = "header-missing",
                "column-twice.csv" = "header-twice",
                "open-quotation-mark.csv" = "truncated",
                "unknown-column.csv" = "column-unknown",
                "comma-in-value.csv" = "row-shape",
                "windows-1252.csv" = "encoding-converted",
                "mixed-encodings.csv" = "encoding-mixed",
                "neither-encoding.csv" = "row-encoding",
                "check-digit.csv" = "nhs-number-check-digit",
                "spreadsheet-number.csv" = "digits-lost",
                "nobody.csv" = "child-not-identified",
                "impossible-date.csv" = "date-format",
                "british-date.csv" = "date-format",
                "received-tomorrow.csv" = "received-date-in-future",
                "unknown-pathway.csv" = "value-not-in-list",
                "blank-status.csv" = "value-missing",
                "tab-in-value.csv" = "value-control-character",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, _: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut file = FileWire::open(looks, source)?;
        if file.has_unknown_columns() {
            rows.file_issue("header", IssueCode::ColumnUnknown)?;
        }
        let mut number = 0;
        while file.advance(number + 1)? {
            number += 1;
            if file.is_blank() {
                continue;
            }
            match file.row() {
                Ok(row) => rows.draft(columns::draft(number, &row, context))?,
                Err(damaged) => rows.draft(Draft::refused(number, damaged.referral_id, damaged.fault))?,
            }
        }
        file.encodings().issue().map_or(Ok(()), |code| rows.file_issue("file", code))
    }

    fn starters(&self) -> Starters {
        Starters { template: starter!("waiting-list-template.csv" = 0), examples: starter!("waiting-list-examples.csv" = 10) }
    }
}
