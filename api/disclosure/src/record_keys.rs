//! Record keys: the same children always give the same figure.

use std::fmt;

use aws_lc_rs::hmac;
use domain::ChildId;
use zeroize::Zeroizing;

/// Every child's record key is derived from this secret. It is never rotated between releases: fresh
/// noise each time could be averaged away.
pub struct ReleaseSecret(Zeroizing<[u8; 32]>);

impl ReleaseSecret {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The first byte of HMAC-SHA-256 over the internal child id, big-endian.
    pub fn record_key(&self, child: ChildId) -> RecordKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let tag = hmac::sign(&key, &child.0.to_be_bytes());
        RecordKey(tag.as_ref().first().copied().unwrap_or_default())
    }
}

impl fmt::Debug for ReleaseSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReleaseSecret(…)")
    }
}

/// What one child adds to the key of each cell that counts the child. Anybody who knows it can undo
/// the rounding, so it is never printed or serialised.
#[derive(Clone, Copy)]
pub struct RecordKey(pub(crate) u8);

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_keys_never_change_between_versions() {
        let secret = ReleaseSecret::new([7; 32]);
        let keys: Vec<_> = [1, 2, 3, -1, i64::MAX].map(|child| secret.record_key(ChildId(child)).0).into();
        assert_eq!(keys, [201, 183, 114, 15, 182]);
    }

    #[test]
    fn secrets_and_keys_never_print_themselves() {
        let secret = ReleaseSecret::new([7; 32]);
        assert_eq!(format!("{secret:?} {:?}", secret.record_key(ChildId(1))), "ReleaseSecret(…) RecordKey(…)");
    }
}
