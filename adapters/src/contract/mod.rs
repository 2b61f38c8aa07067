//! What an adapter and its caller agree on: the description of a format, the body and the scratch space that
//! the adapter gets, the rows that it gives, and the ways in which it refuses a body.
//!
//! Nothing here knows how any format is read.

mod code_lists;
mod container_faults;
mod formats;
pub(crate) mod kept;
mod lines;
mod rows;
mod samples;
mod scratch;
mod sinks;
mod unreadable;

pub use container_faults::ContainerFault;
pub use formats::{Adapter, Context, Format, Return, read};
pub use kept::Kept;
pub use lines::Lines;
pub(crate) use rows::{Called, Names};
pub use rows::{Draft, Fault, Rows};
pub use samples::{About, BadSample, Field, Sample, Starters};
pub(crate) use samples::{STARTERS, bad_samples, samples, starter};
pub use scratch::{InMemory, Scratch, Spool, SpoolReader};
pub use sinks::{PublishedRow, Row, Sink, Stop};
pub use unreadable::Unreadable;
pub(crate) use unreadable::refusal;
