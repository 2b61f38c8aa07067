//! What a checkpoint of the audit log vouches for.

/// SHA-256 of an entry, or of a subtree of the log.
pub type LogHash = [u8; 32];

/// The log at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many entries there are.
    pub size: u64,
    /// The hash of the tree of all of them (RFC 9162, 2.1.1).
    pub root: LogHash,
}
