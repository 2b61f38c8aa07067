//! What an adapter and its caller agree on: what a format says of itself, the body and the space that it is
//! lent, the rows that it gives, and the ways in which it refuses a body.
//!
//! Nothing here knows how any format is read.

mod adapters;
mod code_lists;
mod container_faults;
pub(crate) mod kept;
mod rows;
mod samples;
mod scratch;
mod unreadable;

pub use adapters::{Adapter, Content, Context, read};
pub use container_faults::ContainerFault;
pub use kept::Kept;
pub(crate) use rows::{Called, Names};
pub use rows::{Draft, Fault, PublishedRow, Row, Rows, Sink, Stop};
pub use samples::{About, BadSample, Field, Sample, Starters};
pub(crate) use samples::{STARTERS, bad_samples, samples, starter};
pub use scratch::{InMemory, Scratch, Spool, SpoolReader};
pub use unreadable::Unreadable;
pub(crate) use unreadable::refusal;
