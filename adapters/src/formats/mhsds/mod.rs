//! The Mental Health Services Data Set, v6 and v5: its tables in CSV. `README.md` says what is read.

mod map;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::io::Read;

use domain::Dataset;

use crate::contract::{About, Adapter, Context, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use crate::national::data_sets;
pub use write::write_mhsds;

pub(crate) struct Mhsds;

impl Adapter for Mhsds {
    fn about(&self) -> &'static About {
        &About {
            format: "mhsds",
            dataset: Dataset::WaitingList,
            title: "Mental Health Services Data Set, v6 and v5",
            media_types: &["application/zip", "multipart/form-data", "multipart/mixed"],
            fields: wire::FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-column.multipart" = 4, "tables.zip" = 2, "v5.zip" = 2, "official-record.zip" = 1],
            bad_samples: bad_samples![
                "no-mhs001.zip" = "table-missing",
                "other-provider.zip" = "provider-differs",
                "v4.zip" = "version-unsupported",
                "consultant-led.zip" = "measurement-type-invalid",
                "scientific-number.zip" = "digits-lost",
                "no-discharge-column.zip" = "header-missing",
                "patient-missing.zip" = "patient-missing",
                "cut-short.zip" = "truncated",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        data_sets::read(map::Map::default(), source, scratch, context, rows)
    }

    fn starters(&self) -> Starters {
        Starters { template: starter!("mhsds-template.zip" = 0), examples: starter!("mhsds-examples.zip" = 8) }
    }
}
