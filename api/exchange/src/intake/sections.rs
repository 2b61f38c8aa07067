//! `[submissions]` of `gateway.toml`: the limits on submissions.

use std::path::PathBuf;

use serde::Deserialize;

/// How submissions are taken and read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submissions {
    /// More than this, in percent of a list of 20 or more, refuses one whole.
    pub shrink_percent: u8,
    pub rejected_percent: u8,
    /// A larger body, in bytes after decoding, is answered before it is worked on.
    pub async_above_bytes: u64,
    /// How many bodies may be received whole at the same time.
    pub most_pending: u16,
    /// How many times its size a compressed body may grow to.
    pub maximum_expansion: u32,
    /// Where bodies wait, encrypted under keys that exist only in memory.
    pub scratch: PathBuf,
    /// A file of rules that say which codes make a referral one of a pathway. If left out, the built-in rules apply.
    pub recognition: Option<PathBuf>,
}

impl Submissions {
    /// Refuses settings that would take nothing, or make no sense.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.shrink_percent > 100 || self.rejected_percent > 100 {
            return Err("[submissions] counts in percent: 0 to 100");
        }
        if self.most_pending == 0 || self.maximum_expansion == 0 {
            return Err("[submissions] most_pending and maximum_expansion are above 0");
        }
        Ok(())
    }
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            shrink_percent: 20,
            rejected_percent: 20,
            recognition: None,
            async_above_bytes: 32 << 20,
            most_pending: 8,
            maximum_expansion: 100,
            scratch: "data/scratch".into(),
        }
    }
}
