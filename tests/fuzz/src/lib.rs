//! What every fuzz target runs. How to: `README.md`.

#[expect(dead_code, reason = "which targets there are is asked where kept inputs are read again")]
mod inputs;
#[path = "../../behaviour/readings.rs"]
mod readings;

use adapters::Format;

/// Reads an input as its target does. Panics where what was read does not hold together.
pub fn parse(target: &str, bytes: &[u8]) {
    inputs::parse(target, bytes);
}

/// Formats that come as an archive, whose parts have a target of their own.
pub fn archives() -> impl Iterator<Item = Format> {
    inputs::archives()
}
