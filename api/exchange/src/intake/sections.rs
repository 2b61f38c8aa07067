//! `[submissions]` of `gateway.toml`: how much of what comes is taken.

use std::path::PathBuf;

use serde::Deserialize;

/// How submissions are taken and read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submissions {
    /// When one is refused whole, in percent of a list of 20 or more.
    pub shrink_percent: u8,
    pub rejected_percent: u8,
    /// A larger body, in bytes and decoded, is answered before it is worked on.
    pub async_above_bytes: u64,
    /// Bodies that may be here or on their way to be worked on later.
    pub most_pending: u16,
    /// Times its size that a compressed body may grow to.
    pub maximum_expansion: u32,
    /// Where bodies stand meanwhile, encrypted under keys that are nowhere but in memory.
    pub scratch: PathBuf,
    /// A file of rules for which codes make a referral one of a pathway; without one, the built-in rules.
    pub recognition: Option<PathBuf>,
}

impl Submissions {
    /// Refuses what would take nothing, or makes no sense.
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
