//! The command line of Sendbridge, and the demonstration that it lays out and plays.

mod commands;
pub mod demonstration;
mod failures;

pub use commands::run;
