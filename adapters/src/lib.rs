//! Turns bytes into domain records. Pure: the source, the sink, the day and the sender are arguments.
//!
//! An adapter says what the bytes mean. The domain says what a record must be, and [`Rows`], which
//! every adapter writes to, checks that. So no format can be laxer than another. However large the
//! file, an adapter holds one row at a time (one person, where rows are nested), of limited size.

mod bytes;
mod columns;
mod contract;
mod crosswalks;
mod formats;
mod national;
mod published;

pub use contract::{
    About, Adapter, BadSample, ContainerFault, Context, Draft, Fault, Field, Format, InMemory, Kept, Lines, PublishedRow, Return, Row,
    Rows, Sample, Scratch, Sink, Spool, SpoolReader, Starters, Stop, Unreadable, read,
};
pub use crosswalks::read_crosswalk;
pub use formats::{
    REGISTRY, fhir, find, write_csds, write_csv, write_csv_template, write_fhir_json, write_fhir_ndjson, write_fhir_xml, write_hl7v2,
    write_mhsds, write_ndjson, write_sen2_xml, write_xlsx, write_xlsx_template,
};
pub use national::Period;
