//! The monthly diagnostics return (DM01), as it is published by provider. `README.md` describes it and its quirks.

mod map;
#[cfg(test)]
mod tests;

use std::io::Read;

use domain::Dataset;

use crate::contract::{About, Context, Field, Lines, Return, Unreadable, bad_samples, samples};
use crate::published::ReturnWire;
use map::Columns;

pub(crate) struct Dm01;

impl Return for Dm01 {
    fn about(&self) -> &'static About {
        &About {
            format: "dm01",
            dataset: Dataset::WaitingList,
            title: "Monthly diagnostics (DM01) as published by provider, CSV",
            media_types: &["text/csv", "application/csv"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["provider.csv" = 1, "months.csv" = 2],
            bad_samples: bad_samples![
                "empty.csv" = "empty",
                "no-header.csv" = "header-missing",
                "no-bands.csv" = "header-missing",
                "open-quotation-mark.csv" = "truncated",
                "no-period.csv" = "period-format",
                "month-to-come.csv" = "period-in-future",
                "bands.csv" = "bands-not-total",
                "six-weeks.csv" = "bands-not-total",
                "percentage.csv" = "percentage-wrong",
                "suppressed.csv" = "count-missing",
                "quotation-mark.csv" = "row-shape",
                "decimal.csv" = "count-format",
                "twice.csv" = "line-twice",
                "windows-1252.csv" = "encoding-converted",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, context: &Context<'_>, lines: &mut Lines<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let required = ["providercode", "diagnostictestname", "totalwaitinglist"];
        let mut file = ReturnWire::open(looks, source, &required, &["Provider Code", "Diagnostic Test Name", "Total Waiting List"])?;
        let columns = Columns::of(&file)?;
        while let Some(number) = file.advance()? {
            map::row(number, &mut file, &columns, context, lines)?;
        }
        file.encodings().issue().map_or(Ok(()), |code| lines.file_issue("file", code))
    }
}

const FIELDS: &[Field] = &[
    Field { name: "Period", required: true, meaning: "the month: a line of the title, or a column" },
    Field { name: "Provider Code", required: true, meaning: "an ODS code; other providers' rows are out of scope" },
    Field { name: "Diagnostic Test Name", required: true, meaning: "Audiology assessments; other tests are out of scope" },
    Field { name: "Total Waiting List", required: true, meaning: "people waiting on the last day of the month" },
    Field { name: "Number waiting 6+ Weeks", required: false, meaning: "has to be what the bands say" },
    Field { name: "Number waiting 13+ Weeks", required: false, meaning: "has to be what the bands say" },
    Field {
        name: "Percentage waiting 6+ weeks",
        required: false,
        meaning: "a fraction or a percentage; is warned about where it is another",
    },
    Field { name: "0 <01 weeks", required: true, meaning: "people waiting by week, fourteen columns up to 12 <13 weeks" },
    Field { name: "13+ weeks", required: true, meaning: "people waiting 13 weeks and longer" },
];
