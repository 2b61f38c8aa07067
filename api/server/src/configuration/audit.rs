//! `[audit]`: the log of disclosures and refusals.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigurationError;

/// The log of disclosures and refusals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The log's name in its checkpoints. No other log may have it.
    pub origin: String,
    /// Where the latest checkpoint is written, with the public keys beside it as `.pub`. Copy it to where nobody who can
    /// write to the database can change it.
    pub checkpoint_file: PathBuf,
    /// Seconds between two checkpoints.
    pub checkpoint_every: u32,
    /// Days that an entry is kept. Of older ones only the hash is kept. Eight years by default.
    pub keep_days: u32,
    /// How many entries may wait to be appended before requests are answered 503.
    pub most_waiting: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            origin: "sendbridge".into(),
            checkpoint_file: "data/checkpoint.txt".into(),
            checkpoint_every: 60,
            keep_days: 2_922,
            most_waiting: 100_000,
        }
    }
}

impl Audit {
    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        let is_name = !self.origin.is_empty() && !self.origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if !is_name {
            return Err(ConfigurationError::Unsafe("[audit] origin is a name without spaces or +"));
        }
        // At most a thousand years: longer periods lead to no valid date.
        if self.checkpoint_every == 0 || self.most_waiting == 0 || !(1..=365_000).contains(&self.keep_days) {
            return Err(ConfigurationError::Unsafe("[audit] checkpoint_every and most_waiting are above 0, keep_days is 1 to 365000"));
        }
        Ok(())
    }

    /// The limits that the store needs.
    pub fn limits(&self) -> exchange::LogLimits {
        exchange::LogLimits { most_waiting: self.most_waiting, keep_days: self.keep_days }
    }
}
