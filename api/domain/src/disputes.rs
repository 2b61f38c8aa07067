//! Disputes (UK GDPR art 18(1)(a)): while the accuracy of a record is contested, it is kept but not shared.

use chrono::{DateTime, Utc};

use crate::identifiers::{ChildId, DisputeId};

/// A dispute about what an organisation sent about a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub id: DisputeId,
    pub child: ChildId,
    pub opened_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// A dispute to be opened. The permit says whose referrals, and about which child.
#[derive(Debug, Clone)]
pub struct DisputeDraft {
    pub id: DisputeId,
    /// The organisation's own ids; `None` for all of the child's referrals.
    pub referrals: Option<Vec<String>>,
    /// Sealed.
    pub reason: String,
}

impl Dispute {
    /// Marks it as settled: its referrals may be shared again. If it was settled before, the first time is kept.
    pub fn settle(self, at: DateTime<Utc>) -> Self {
        Self { settled_at: self.settled_at.or(Some(at)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispute_is_settled_once() {
        let [opened_at, first, second] = [1, 2, 3].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let dispute = Dispute { id: DisputeId(uuid::Uuid::from_u128(1)), child: ChildId(1), opened_at, settled_at: None };
        let settled = dispute.settle(first);
        assert_eq!(settled.settled_at, Some(first));
        assert_eq!(settled.clone().settle(second), settled);
    }
}
