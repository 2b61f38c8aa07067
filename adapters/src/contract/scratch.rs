//! Space for what a format has to put aside: tables that are joined, an archive that is read from its end.

use std::io::{self, Cursor, Read, Seek, Write};

/// Lends space. A lender that has a bound of its own says so with [`io::ErrorKind::FileTooLarge`]. Whoever lends it keeps it encrypted, and gives it back when the last hand is off it.
pub trait Scratch {
    fn spool(&self) -> io::Result<Box<dyn Spool>>;
}

/// Space that is written once, from its start.
pub trait Spool: Write {
    /// What was written, to be read in any order.
    fn into_reader(self: Box<Self>) -> io::Result<Box<dyn SpoolReader>>;
}

/// What was put aside.
pub trait SpoolReader: Read + Seek {}

/// Space in memory, for small bodies that nobody keeps: samples and tests.
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
