//! The Community Health Services SitRep as a provider exports it. `README.md` describes it and its quirks.

mod map;
#[cfg(test)]
mod tests;

use std::io::Read;

use domain::{Dataset, IssueCode};

use crate::contract::{About, Context, Field, Lines, Return, Unreadable, bad_samples, samples};
use crate::published::ReturnWire;
use map::Columns;

pub(crate) struct ChsSitrep;

impl Return for ChsSitrep {
    fn about(&self) -> &'static About {
        &About {
            format: "chs-sitrep",
            dataset: Dataset::WaitingList,
            title: "Community Health Services SitRep, waiting list by service line, CSV",
            media_types: &["text/csv", "application/csv"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["bands.csv" = 3, "totals.csv" = 2, "split-band.csv" = 1],
            bad_samples: bad_samples![
                "empty.csv" = "empty",
                "no-header.csv" = "header-missing",
                "some-bands.csv" = "header-missing",
                "no-period.csv" = "period-format",
                "month-to-come.csv" = "period-in-future",
                "bands.csv" = "bands-not-total",
                "suppressed.csv" = "count-missing",
                "comma.csv" = "row-shape",
                "words.csv" = "count-format",
                "twice.csv" = "line-twice",
                "unknown-line.csv" = "service-line-unknown",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, context: &Context<'_>, lines: &mut Lines<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let required = ["organisationcode", "serviceline", "total"];
        let mut file = ReturnWire::open(looks, source, &required, &["organisation_code", "service_line", "total"])?;
        let columns = Columns::of(&file)?;
        let mut unknown = false;
        while let Some(number) = file.advance()? {
            unknown |= map::row(number, &mut file, &columns, context, lines)?;
        }
        if unknown {
            lines.file_issue("service_line", IssueCode::ServiceLineUnknown)?;
        }
        file.encodings().issue().map_or(Ok(()), |code| lines.file_issue("file", code))
    }
}

const FIELDS: &[Field] = &[
    Field { name: "organisation_code", required: true, meaning: "an ODS code; other organisations' rows are out of scope" },
    Field { name: "period", required: true, meaning: "the month: a column, or a line of the title" },
    Field { name: "service_line", required: true, meaning: "the line as it is published, (CYP) before it; adults' (A) are out of scope" },
    Field { name: "total", required: true, meaning: "children waiting on the last day of the month" },
    Field {
        name: "0-1 weeks",
        required: false,
        meaning: "children waiting by band: 0-1, 1-2, 2-4, 4-12, 12-18, 18-52; all or none of them",
    },
    Field { name: "over 52 weeks", required: false, meaning: "the last band, or 52-104 weeks and over 104 weeks in its place" },
];
