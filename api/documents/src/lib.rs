//! Pages and papers for people: the access report, assurance papers, and the pages of the contract and of the formats.
//!
//! Pure: the same input makes the same page. No page loads or runs anything.

mod access_reports;
mod assurance;
mod contract_pages;
mod format_pages;
mod html;
mod papers;
mod phrases;

pub use access_reports::{AccessEntry, AccessReport, Flag, Notice};
pub use assurance::assurance_papers;
pub use contract_pages::{ProblemType, contract_page};
pub use format_pages::formats_page;
pub use phrases::all_of;

#[cfg(test)]
mod examples;
