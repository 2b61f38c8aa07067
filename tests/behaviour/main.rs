//! What Sendbridge does, seen from outside: through real mutual TLS, on both databases.

#![cfg(test)]

mod attacks;
mod audits;
mod canaries;
mod conformance;
mod consents;
mod contract;
mod keys;
mod organisations;
mod releases;
mod story;
mod submissions;
