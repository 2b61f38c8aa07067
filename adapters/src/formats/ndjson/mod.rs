//! The waiting list as JSON, one object a line. `README.md` describes the format and its quirks.

#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::io::Read;

use domain::{Dataset, IssueCode};

use crate::columns::{self, Column, FIELDS};
use crate::contract::{About, Adapter, Context, Draft, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use wire::{DamagedWire, FileWire};
pub use write::write_ndjson;

pub(crate) struct Ndjson;

impl Adapter for Ndjson {
    fn about(&self) -> &'static About {
        &About {
            format: "ndjson",
            dataset: Dataset::WaitingList,
            title: "Waiting list, JSON lines",
            media_types: &["application/x-ndjson", "application/jsonl", "application/ndjson"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-key.ndjson" = 7, "natural-values.ndjson" = 3],
            bad_samples: bad_samples![
                "empty.ndjson" = "empty",
                "list.ndjson" = "not-this-format",
                "pretty.ndjson" = "malformed",
                "other-keys.ndjson" = "header-missing",
                "cut-short.ndjson" = "truncated",
                "utf-16.ndjson" = "encoding",
                "unknown-key.ndjson" = "column-unknown",
                "two-objects.ndjson" = "row-malformed",
                "lone-surrogate.ndjson" = "row-malformed",
                "deep.ndjson" = "row-malformed",
                "windows-1252.ndjson" = "row-encoding",
                "key-twice.ndjson" = "key-twice",
                "list-in-value.ndjson" = "value-shape",
                "object-in-value.ndjson" = "value-shape",
                "huge-number.ndjson" = "digits-lost",
                "scientific-text.ndjson" = "digits-lost",
                "check-digit.ndjson" = "nhs-number-check-digit",
                "british-date.ndjson" = "date-format",
                "null-status.ndjson" = "value-missing",
                "line-break-in-value.ndjson" = "value-control-character",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, _: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut file = FileWire::open(looks, source)?;
        let mut first = true;
        let mut unknown = false;
        while let Some(line) = file.next()? {
            if first && line.is_list() {
                return Err(Unreadable::NotThisFormat("a JSON list; each row is an object on a line of its own"));
            }
            match line.read() {
                Err(DamagedWire::CutShort) => return Err(Unreadable::Truncated { row: line.number }),
                // Other kinds of JSON, which may run over many lines, are refused whole at the first line.
                Err(DamagedWire::Row(IssueCode::RowMalformed)) if first => return Err(Unreadable::Malformed { row: line.number }),
                Ok(row) if first && !row.known => return Err(Unreadable::HeaderMissing(Column::missing(|_| false))),
                Err(DamagedWire::Row(code)) => rows.draft(Draft::refused(line.number, None, ("row", code)))?,
                Ok(row) => {
                    if row.unknown && !std::mem::replace(&mut unknown, true) {
                        rows.file_issue("keys", IssueCode::ColumnUnknown)?;
                    }
                    rows.draft(columns::draft(line.number, &row.values, context))?;
                }
            }
            first = false;
        }
        Ok(())
    }

    fn starters(&self) -> Starters {
        Starters { template: None, examples: starter!("waiting-list-examples.ndjson" = 10) }
    }
}
