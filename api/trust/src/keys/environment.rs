//! The environment of the process.

use zeroize::Zeroizing;

/// The value of a variable, if it is set and is text.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment: a key may come from there, and nothing else")]
pub(super) fn variable(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    std::env::var(name).ok().map(|value| Zeroizing::new(value.into_bytes()))
}
