//! What every format does with its bytes, whatever they mean: recognise them, limit how much of them is read
//! and held, decode and unpack them.
//!
//! There are two readers of ZIP archives. [`containers`] reads an archive forwards, once, and stores nothing: tables
//! come in any order, and together may be larger than any disk. [`spooled_zip`] stores the archive first and then
//! reads any part of it by name: one part of a workbook says where the others are.

pub(crate) mod containers;
pub(crate) mod encodings;
pub(crate) mod joins;
pub(crate) mod records;
pub(crate) mod sources;
pub(crate) mod spooled_zip;
