//! The words and the rules of Sendbridge: identifiers, pathways, journeys, statutory clocks,
//! consent, agreements and the one function that permits a disclosure, [`policy::decide`].
//!
//! Nothing here does I/O, knows SQL or HTTP, reads a clock or draws a random number: time and
//! randomness arrive as arguments.

#[macro_use]
mod closed;

pub mod access_reports;
pub mod advice;
pub mod ages;
pub mod agreements;
pub mod audit;
pub mod calls;
pub mod children;
pub mod clocks;
pub mod codelists;
pub mod comparators;
pub mod consents;
pub mod dates;
pub mod disputes;
pub mod districts;
pub mod ehc_plans;
pub mod erasures;
pub mod holds;
pub mod identifiers;
pub mod issues;
pub mod journeys;
pub mod keys;
pub mod minimums;
pub mod nhs_numbers;
pub mod operations;
pub mod opt_outs;
pub mod organisations;
pub mod overrides;
pub mod partnerships;
pub mod pathways;
pub mod places;
pub mod policy;
pub mod recognition;
pub mod rectifications;
pub mod referrals;
pub mod restrictions;
pub mod retention;
pub mod scopes;
pub mod signatures;
pub mod submissions;
pub mod upns;

pub use closed::UnknownCode;
