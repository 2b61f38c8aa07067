//! What Sendbridge does, seen from outside: through real mutual TLS, on both databases.

#![cfg(test)]

mod agreements;
mod assurance;
mod attacks;
mod audits;
mod canaries;
mod certificates;
mod conformance;
mod consents;
mod contract;
mod disclosures;
mod fhir;
mod keys;
mod matrix;
mod releases;
mod rights;
mod story;
mod submissions;
