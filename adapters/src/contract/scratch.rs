//! Space for what a format has to store while it reads: tables to be joined, an archive that is read from its end.

use std::io::{self, Cursor, Read, Seek, Write};

/// Lends scratch space. A lender with a limit of its own reports it as [`io::ErrorKind::FileTooLarge`].
/// The lender keeps the space encrypted, and frees it when nothing uses it any more.
pub trait Scratch {
    fn spool(&self) -> io::Result<Box<dyn Spool>>;
}

/// Space that is written once, from start to end.
pub trait Spool: Write {
    /// What was written, to be read in any order.
    fn into_reader(self: Box<Self>) -> io::Result<Box<dyn SpoolReader>>;
}

/// What was stored.
pub trait SpoolReader: Read + Seek {}

/// Space in memory, for small bodies that are not kept: samples and tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct InMemory;

impl Scratch for InMemory {
    fn spool(&self) -> io::Result<Box<dyn Spool>> {
        Ok(Box::new(Vec::new()))
    }
}

impl Spool for Vec<u8> {
    fn into_reader(self: Box<Self>) -> io::Result<Box<dyn SpoolReader>> {
        Ok(Box::new(Cursor::new(*self)))
    }
}

impl SpoolReader for Cursor<Vec<u8>> {}
