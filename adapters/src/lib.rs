//! Bytes to domain records: one folder a format, the same file names in each, and one line in
//! [`REGISTRY`]. Pure: a source to read, a sink to fill, the day and the writer as arguments.
//!
//! An adapter says what the bytes mean; what a record must be is the domain's, and is asked by
//! [`Rows`], which every adapter writes to. So no format can be laxer than another. Whatever the
//! file, an adapter holds one row (one person, where rows are nested) of bounded size at a time.

mod canonical;
mod csv;
pub mod fhir;
mod fhir_ndjson;
#[cfg(test)]
mod kept;
mod rows;
mod samples;
mod scratch;
mod sen2_xml;
mod sources;
mod unreadable;

use std::io::Read;

use chrono::NaiveDate;
use domain::organisations::OrganisationCode;
use domain::recognition::Rules;
use domain::submissions::Dataset;

pub use rows::{Draft, Fault, Row, Rows, Sink, Stop};
pub use samples::{BadSample, Field, Sample};
pub use scratch::{InMemory, Scratch, Spool, SpoolReader};
pub use unreadable::Unreadable;

/// Every format there is.
pub static REGISTRY: &[&dyn Adapter] = &[&csv::Csv, &sen2_xml::Sen2Xml, &fhir::Fhir, &fhir_ndjson::FhirNdjson];

/// Everything an adapter may know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The organisation whose records these are.
    pub organisation: OrganisationCode,
    /// The day it is, in Europe/London.
    pub today: NaiveDate,
    /// Which codes make a referral one of a pathway.
    pub rules: &'a Rules,
}

/// One format.
pub trait Adapter: Sync {
    /// The name in `format=`: the folder's, with `-` for `_`.
    fn format(&self) -> &'static str;

    fn dataset(&self) -> Dataset;

    /// The format's name for people.
    fn title(&self) -> &'static str;

    /// For `Content-Type`, the usual one first.
    fn media_types(&self) -> &'static [&'static str];

    /// The columns or elements that are read.
    fn fields(&self) -> &'static [Field];

    /// Reads the source to its end and drafts its rows as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable>;

    /// Files that are read without an error.
    fn samples(&self) -> &'static [Sample];

    /// Files each of which gives its named issue or is refused with its named code.
    fn bad_samples(&self) -> &'static [BadSample];
}

/// Reads a whole body. Rows reach the sink as they are read: those before an [`Unreadable`] were
/// handed over already, and it is the caller's to drop them.
pub fn read(
    adapter: &dyn Adapter,
    source: &mut dyn Read,
    scratch: &dyn Scratch,
    context: &Context<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    adapter.parse(source, scratch, context, &mut Rows::new(context.today, sink))
}

/// The adapter of a format, where the dataset comes in it.
pub fn find(dataset: Dataset, format: &str) -> Option<&'static dyn Adapter> {
    REGISTRY.iter().copied().find(|adapter| adapter.dataset() == dataset && adapter.format() == format)
}
