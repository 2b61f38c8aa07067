//! Bytes to domain records. Pure: a source to read, a sink to fill, the day and the writer as arguments.
//!
//! An adapter says what the bytes mean; what a record must be is the domain's, and is asked by
//! [`Rows`], which every adapter writes to. So no format can be laxer than another. Whatever the
//! file, an adapter holds one row (one person, where rows are nested) of bounded size at a time.

mod bytes;
mod columns;
mod contract;
mod formats;
mod national;
mod published;

pub use contract::{
    About, Adapter, BadSample, ContainerFault, Context, Draft, Fault, Field, Format, InMemory, Kept, Lines, PublishedRow, Return, Row,
    Rows, Sample, Scratch, Sink, Spool, SpoolReader, Starters, Stop, Unreadable, read,
};
pub use formats::{
    REGISTRY, fhir, find, write_csds, write_csv, write_csv_template, write_fhir_json, write_fhir_ndjson, write_fhir_xml, write_hl7v2,
    write_mhsds, write_ndjson, write_sen2_xml, write_xlsx, write_xlsx_template,
};
pub use national::Period;
