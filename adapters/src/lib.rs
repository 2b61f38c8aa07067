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
    About, Adapter, BadSample, ContainerFault, Content, Context, Draft, Fault, Field, InMemory, Kept, PublishedRow, Row, Rows, Sample,
    Scratch, Sink, Spool, SpoolReader, Starters, Stop, Unreadable, read,
};
pub use formats::{REGISTRY, fhir, find};
