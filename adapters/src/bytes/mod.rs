//! What every format does with its bytes, whatever they mean: what they look like, how much of them is read
//! and held, and how they are encoded and packed.
//!
//! There are two readers of ZIP archives. [`containers`] reads one forwards, once, and puts nothing aside: tables
//! come in any order, and together may be larger than any disk. [`spooled_zip`] puts one aside and then reads any
//! part of it by name: a workbook says in one part where the others are.

pub(crate) mod containers;
pub(crate) mod encodings;
pub(crate) mod joins;
pub(crate) mod records;
pub(crate) mod sources;
pub(crate) mod spooled_zip;
