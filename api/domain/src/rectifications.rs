//! Rectifications (UK GDPR art 16): referrals that were sent under another child's identity are moved to their own.

use crate::children::ChildReference;
use crate::identifiers::RectificationId;

/// A correction to be made. The permits say whose referrals, and which child they were sent under.
#[derive(Debug, Clone)]
pub struct RectificationDraft {
    pub id: RectificationId,
    /// The child that the referrals are about.
    pub to: ChildReference,
    /// The organisation's own ids of the referrals.
    pub referrals: Vec<String>,
    /// Why, and who decided it. Sealed.
    pub reason: String,
}
