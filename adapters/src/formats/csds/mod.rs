//! The Community Services Data Set, v1.6 and v1.5: its tables in CSV. `README.md` says what is read.

mod map;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::io::Read;

use domain::Dataset;

use crate::contract::{About, Adapter, Context, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use crate::national::data_sets;
pub use write::write_csds;

pub(crate) struct Csds;

impl Adapter for Csds {
    fn about(&self) -> &'static About {
        &About {
            format: "csds",
            dataset: Dataset::WaitingList,
            title: "Community Services Data Set, v1.6 and v1.5",
            media_types: &["application/zip", "multipart/form-data", "multipart/mixed"],
            fields: wire::FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-column.multipart" = 6, "tables.zip" = 2, "v1-5.zip" = 1, "official-record.zip" = 0],
            bad_samples: bad_samples![
                "empty.zip" = "table-missing",
                "no-cyp001.zip" = "table-missing",
                "table-twice.zip" = "table-twice",
                "name-leads-out.zip" = "archive-name",
                "name-absolute.zip" = "archive-name",
                "nested.zip" = "archive-nested",
                "encrypted.zip" = "archive-encrypted",
                "bzip2.zip" = "archive-compression",
                "bomb.zip" = "archive-bomb",
                "many-files.zip" = "archive-entries",
                "flipped-checksum.zip" = "archive-checksum",
                "overlapping.zip" = "archive-damaged",
                "hidden-entry.zip" = "archive-damaged",
                "cut-short.zip" = "truncated",
                "cut-short.multipart" = "truncated",
                "base64.multipart" = "part-encoding",
                "other-provider.zip" = "provider-differs",
                "official-record.zip" = "version-unsupported",
                "two-header-rows.zip" = "header-rows",
                "period-turned-round.zip" = "reporting-period",
                "no-reason-column.zip" = "header-missing",
                "column-twice.zip" = "header-twice",
                "windows-1252.zip" = "encoding-converted",
                "no-encoding.zip" = "row-encoding",
                "row-shape.zip" = "row-shape",
                "team-row-shape.zip" = "table-row-unread",
                "patient-missing.zip" = "patient-missing",
                "patient-differs.zip" = "patient-differs",
                "patient-twice.zip" = "patient-twice",
                "referral-twice.zip" = "referral-twice",
                "referral-missing.zip" = "referral-missing",
                "unread-table.zip" = "table-unread",
                "british-date.zip" = "date-format",
                "check-digit.zip" = "nhs-number-check-digit",
                "one-table.csv" = "not-this-format",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        data_sets::read(map::Map, source, scratch, context, rows)
    }

    fn starters(&self) -> Starters {
        Starters { template: starter!("csds-template.zip" = 0), examples: starter!("csds-examples.zip" = 9) }
    }
}
