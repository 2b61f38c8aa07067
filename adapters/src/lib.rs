//! Bytes to domain records: one folder a format, the same file names in each, and one line in
//! [`REGISTRY`]. Pure: a source to read, a sink to fill, the day and the writer as arguments.
//!
//! An adapter says what the bytes mean; what a record must be is the domain's, and is asked by
//! [`Rows`], which every adapter writes to. So no format can be laxer than another. Whatever the
//! file, an adapter holds one row (one person, where rows are nested) of bounded size at a time.

mod archives;
mod canonical;
mod chs_sitrep;
mod containers;
mod csds;
mod csv;
mod data_sets;
mod dm01;
mod encodings;
pub mod fhir;
mod fhir_ndjson;
mod hl7v2;
mod joins;
mod kept;
mod lists;
mod mhsds;
mod ndjson;
mod records;
mod returns;
mod rows;
mod samples;
mod scratch;
mod sen2_xml;
mod sources;
mod spells;
mod tables;
mod unreadable;
mod xlsx;

use std::io::Read;

use chrono::NaiveDate;
use domain::codelists::CodeList;
use domain::organisations::OrganisationCode;
use domain::recognition::Rules;
use domain::submissions::Dataset;

pub use containers::ContainerFault;
pub use kept::Kept;
pub use rows::{Draft, Fault, PublishedRow, Row, Rows, Sink, Stop};
pub use samples::{About, BadSample, Field, Sample, Starters};
pub use scratch::{InMemory, Scratch, Spool, SpoolReader};
pub use unreadable::Unreadable;

/// Every format there is.
pub static REGISTRY: &[&dyn Adapter] = &[
    &csv::Csv,
    &xlsx::Xlsx,
    &ndjson::Ndjson,
    &csds::Csds,
    &mhsds::Mhsds,
    &fhir::Fhir,
    &fhir_ndjson::FhirNdjson,
    &hl7v2::Hl7V2,
    &dm01::Dm01,
    &chs_sitrep::ChsSitrep,
    &sen2_xml::Sen2Xml,
];

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

/// What the files of a format hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Records of children.
    Records,
    /// Counts that were published: comparators, which touch no record.
    Published,
}

/// One format.
pub trait Adapter: Sync {
    /// What it says of itself; one by one in the methods that follow.
    fn about(&self) -> &'static About;

    fn format(&self) -> &'static str {
        self.about().format
    }

    fn dataset(&self) -> Dataset {
        self.about().dataset
    }

    fn title(&self) -> &'static str {
        self.about().title
    }

    fn media_types(&self) -> &'static [&'static str] {
        self.about().media_types
    }

    fn fields(&self) -> &'static [Field] {
        self.about().fields
    }

    fn guide(&self) -> &'static str {
        self.about().guide
    }

    /// What its files hold.
    fn content(&self) -> Content {
        Content::Records
    }

    /// The list that a field's codes are of, where there is one. An unknown code of it is warned about.
    fn code_list(&self, field: &str) -> Option<&'static CodeList> {
        lists::of_field(field)
    }

    /// The lists of its fields, each once, by name.
    fn code_lists(&self) -> Vec<&'static CodeList> {
        let mut lists: Vec<_> = self.fields().iter().filter_map(|field| self.code_list(field.name)).collect();
        lists.sort_unstable_by_key(|list| list.name);
        lists.dedup_by_key(|list| list.name);
        lists
    }

    /// Reads the source to its end and drafts its rows as they come. Callers use [`read`].
    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable>;

    /// Files that are read without an error.
    fn samples(&self) -> &'static [Sample];

    /// An empty file and made-up records to start from.
    fn starters(&self) -> Starters;

    /// Every file that shows the format, what a sender starts from first.
    fn files(&self) -> Vec<&'static Sample> {
        let Starters { template, examples } = self.starters();
        template.into_iter().chain(examples).chain(self.samples()).collect()
    }

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
