//! FHIR R4 UK Core resources, one a line, as bulk exports write them. See `README.md`, and the one of `fhir`.

#[cfg(test)]
mod tests;
mod write;

use std::io::{BufRead, BufReader, Read};

use domain::{Dataset, IssueCode};
use serde::de::IgnoredAny;

use super::fhir::reading::Reading;
use super::fhir::wire::HeadWire;
use super::fhir::{ENTRY_BYTES, FIELDS};
use crate::bytes::sources::{Bounded, Looks};
use crate::contract::{About, Adapter, Context, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
pub use write::write_fhir_ndjson;

pub(crate) struct FhirNdjson;

const NO_RESOURCE: Unreadable = Unreadable::NotThisFormat("JSON that is no FHIR resource");

impl Adapter for FhirNdjson {
    fn about(&self) -> &'static About {
        &About {
            format: "fhir-ndjson",
            dataset: Dataset::WaitingList,
            title: "FHIR R4 UK Core resources, one a line",
            media_types: &["application/fhir+ndjson"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-field.ndjson" = 2, "patients-last.ndjson" = 2, "patients-only.ndjson" = 0],
            bad_samples: bad_samples![
                "empty.ndjson" = "empty",
                "bundle.ndjson" = "not-this-format",
                "rows.ndjson" = "not-this-format",
                "cut-short.ndjson" = "truncated",
                "pretty.ndjson" = "malformed",
                "bundle-within.ndjson" = "resource-shape",
                "no-type.ndjson" = "resource-shape",
                "nobody.ndjson" = "subject-unresolved",
                "unknown-pathway.ndjson" = "value-not-in-list",
                "received-tomorrow.ndjson" = "received-date-in-future",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        match looks {
            Looks::Other("JSON") => {}
            Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
            Looks::Text => return Err(Unreadable::NotThisFormat("text that is no JSON")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
        }
        let mut source = BufReader::new(Bounded::new(source));
        let mut reading = Reading::new(context, scratch, rows, true);
        let mut line = Vec::new();
        loop {
            let row = reading.next_row();
            line.clear();
            source.get_mut().allow(ENTRY_BYTES);
            while line.trim_ascii().is_empty() {
                line.clear();
                match source.read_until(b'\n', &mut line) {
                    Ok(0) => return reading.finish(),
                    Ok(_) => {}
                    Err(error) => return Err(source.get_ref().refusal(row, error)),
                }
            }
            let ends = line.ends_with(b"\n");
            let text = match std::str::from_utf8(&line) {
                Ok(text) => text,
                Err(error) if error.error_len().is_none() && !ends => return Err(Unreadable::Truncated { row }),
                Err(_) => return Err(Unreadable::Malformed { row }),
            };
            let Ok(head) = serde_json::from_str::<HeadWire<'_>>(text) else {
                match serde_json::from_str::<IgnoredAny>(text) {
                    Ok(_) if row == 1 => return Err(NO_RESOURCE),
                    Ok(_) => reading.refuse(("resource", IssueCode::ResourceShape))?,
                    Err(error) if error.is_eof() && !ends => return Err(Unreadable::Truncated { row }),
                    Err(_) => return Err(Unreadable::Malformed { row }),
                }
                continue;
            };
            match head.resource_type.as_deref() {
                None if row == 1 => return Err(NO_RESOURCE),
                Some("Bundle") if row == 1 => return Err(Unreadable::NotThisFormat("a FHIR Bundle, which is the format fhir")),
                // A bundle on a later line would hide what is in it.
                Some("Bundle") => reading.refuse(("resource", IssueCode::ResourceShape))?,
                _ => reading.resource(&head, text)?,
            }
        }
    }

    fn starters(&self) -> Starters {
        Starters { template: None, examples: starter!("fhir-examples.ndjson" = 10) }
    }
}
