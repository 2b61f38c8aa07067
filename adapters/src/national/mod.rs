//! What the Community and the Mental Health Services Data Sets share: tables in CSV, joined by patient and by
//! referral.

pub(crate) mod data_sets;
pub(crate) mod spells;
pub(crate) mod tables;
pub(crate) mod values;
pub(crate) mod writing;

pub use writing::Period;
