//! Rectifications (UK GDPR art 16): referrals that were sent under another child's identity are moved to their own.

use crate::children::ChildReference;
use crate::identifiers::RectificationId;

/// A correction to be made; whose referrals is in the permits.
#[derive(Debug, Clone)]
pub struct RectificationDraft {
    pub id: RectificationId,
    /// The child that they were sent under.
    pub from: ChildReference,
    /// The child that they are about.
    pub to: ChildReference,
    /// By the organisation's own ids.
    pub referrals: Vec<String>,
    /// Why, and who decided it. Sealed.
    pub reason: String,
}
