//! What every fuzz target runs: see `README.md`.

#[expect(dead_code, reason = "which targets there are is asked where kept inputs are read again")]
mod inputs;
#[path = "../../behaviour/readings.rs"]
mod readings;

use adapters::Format;

/// Reads an input as its target does. Panics if the rows are not consistent.
pub fn parse(target: &str, bytes: &[u8]) {
    inputs::parse(target, bytes);
}

/// Formats that are archives. Their parts have their own target.
pub fn archives() -> impl Iterator<Item = Format> {
    inputs::archives()
}
