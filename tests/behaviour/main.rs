//! What Sendbridge does, as seen from outside: through real mutual TLS, on both databases.

#![cfg(test)]

mod agreements;
mod assurance;
mod attacks;
mod audits;
mod canaries;
mod certificates;
mod child_ids;
mod clients;
mod conformance;
mod consents;
mod contract;
mod data_sets;
mod databases;
mod disclosures;
mod exchanges;
mod fhir;
mod formats;
mod fuzz_corpus;
mod identifiers;
#[path = "../fuzz/src/inputs.rs"]
mod inputs;
mod keys;
mod matrix;
mod messages;
mod onboarding;
mod readings;
mod releases;
mod rights;
mod starts;
mod story;
mod structure;
mod submissions;
mod tokens;
