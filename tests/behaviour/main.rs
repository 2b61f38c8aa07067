//! What Sendbridge does, seen from outside: through real mutual TLS, on both databases.

#![cfg(test)]

mod conformance;
mod contract;
mod story;
