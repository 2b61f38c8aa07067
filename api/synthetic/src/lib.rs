//! A made-up Hertfordshire: children, waiting lists and EHC cases for the demonstration, tests and
//! benchmarks. The same seed, size and day give the same bytes.
//!
//! No record is about a real child. NHS numbers come from the range that is reserved for test (999), and
//! names say that they are synthetic. Codes of small areas and schools only have the right shape.
//! Organisations and districts are real, so that their codes are valid.

mod benchmarks;
mod cases;
mod children;
mod counties;
#[cfg(test)]
mod formats;
mod lists;
mod onboarding;
mod places;
mod referrals;
mod stories;

pub use benchmarks::{benchmark_records, write_benchmark_list};
pub use children::MOST_CHILDREN;
pub use counties::{County, ListName};
pub use onboarding::{PackFile, onboarding_examples, onboarding_pack};
pub use stories::StoryChild;
