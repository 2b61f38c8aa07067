//! Rectifications (UK GDPR art 16): referrals that were sent under another child's identity are moved to their own.

use crate::identifiers::RectificationId;

/// A correction to be made; whose referrals and of which child is in the permits.
#[derive(Debug, Clone)]
pub struct RectificationDraft {
    pub id: RectificationId,
    /// By the organisation's own ids.
    pub referrals: Vec<String>,
    /// Why, and who decided it. Sealed.
    pub reason: String,
}
