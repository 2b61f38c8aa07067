//! Lists come in pages.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Sent back as `after` to get the next page; absent on the last.
    #[serde(default = "Option::default")]
    pub next: Option<String>,
}
