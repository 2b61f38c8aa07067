//! Records written in the formats that partners send, for tests, templates and benchmarks.

pub mod hl7v2;
