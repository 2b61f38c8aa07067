//! Records written in the formats that partners send, for tests, templates and benchmarks.

pub mod csv;
mod native;
pub mod ndjson;
pub mod xlsx;

#[cfg(test)]
mod tests;

pub use native::COLUMNS;
pub(crate) use native::{Value, values};
