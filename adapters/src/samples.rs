//! What a format says of itself: its fields, and files that show it.

/// A column or an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// Whether every row needs a value.
    pub required: bool,
    /// What goes in it, and in what shape.
    pub meaning: &'static str,
}

/// A file that is read without an error.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// How many records it holds.
    pub records: u64,
    /// Where it comes from, and under what licence.
    pub provenance: &'static str,
}

/// A file with one thing wrong.
#[derive(Debug, Clone, Copy)]
pub struct BadSample {
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// The issue that it gives, or the code it is refused with.
    pub code: &'static str,
}
