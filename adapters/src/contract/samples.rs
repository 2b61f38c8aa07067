//! The description of a format, and sample files.

use domain::Dataset;

/// The description of a format.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The name in `format=`: the folder's name, with `-` for `_`.
    pub format: &'static str,
    pub dataset: Dataset,
    /// The format's name for people.
    pub title: &'static str,
    /// Values of `Content-Type`, the usual one first.
    pub media_types: &'static [&'static str],
    /// The columns or elements that are read.
    pub fields: &'static [Field],
    /// The format's `README.md`: what it is, and its quirks.
    pub guide: &'static str,
    /// Files that are read without an error.
    pub samples: &'static [Sample],
    /// Files that each give the named issue, or are refused with the named code.
    pub bad_samples: &'static [BadSample],
}

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

/// What a sender starts from. The on-boarding pack writes the same files for any provider and day; these are for
/// RY4 (a council's return: for Hertfordshire) on 20 November 2026.
#[derive(Debug, Clone, Copy)]
pub struct Starters {
    /// An empty file, for formats that people or exports fill in.
    pub template: Option<&'static Sample>,
    /// Made-up records, one for each thing that a file may need to say.
    pub examples: Option<&'static Sample>,
}

/// A file with one thing wrong.
#[derive(Debug, Clone, Copy)]
pub struct BadSample {
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// The issue that it gives, or the code it is refused with.
    pub code: &'static str,
}

/// The good samples of an adapter, from its folder `samples/`, each with its number of records.
macro_rules! samples {
    ($($file:literal = $records:literal),+ $(,)?) => {
        &[$($crate::contract::Sample {
            name: $file,
            bytes: include_bytes!(concat!("samples/", $file)),
            records: $records,
            provenance: include_str!("samples/PROVENANCE.md"),
        }),+]
    };
}

/// A file of `starters/`, with its number of records.
macro_rules! starter {
    ($file:literal = $records:literal) => {
        Some(&$crate::contract::Sample {
            name: $file,
            bytes: include_bytes!(concat!("starters/", $file)),
            records: $records,
            provenance: $crate::contract::STARTERS,
        })
    };
}

/// Where all starters come from.
pub(crate) const STARTERS: &str = "Written by this project's on-boarding pack under its own licence. Every child is made up: NHS numbers are from the \
    range that is reserved for test (999 000 0000 and above), all other ids are invented; codes and organisations are public.";

/// The bad samples, from `samples/bad/`, each with the code that it gives.
macro_rules! bad_samples {
    ($($file:literal = $code:literal),+ $(,)?) => {
        &[$($crate::contract::BadSample { name: $file, bytes: include_bytes!(concat!("samples/bad/", $file)), code: $code }),+]
    };
}

pub(crate) use {bad_samples, samples, starter};
