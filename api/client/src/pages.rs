//! Lists come in pages.

use serde::Deserialize;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Given back as `after` for the part that follows; absent on the last.
    #[serde(default = "Option::default")]
    pub next: Option<String>,
}
