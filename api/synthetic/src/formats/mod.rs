//! Records written in the formats that partners send, for tests, templates and benchmarks.

pub mod csds;
pub mod csv;
mod data_sets;
pub mod mhsds;
mod native;
pub mod ndjson;
mod tables;
pub mod xlsx;

#[cfg(test)]
mod tests;

pub use data_sets::Period;
pub use native::COLUMNS;
pub(crate) use native::{Value, values};
