//! Legal holds: what a court or an inquiry may ask for is neither erased nor moved.

use chrono::{DateTime, NaiveDate, Utc};

use crate::identifiers::HoldId;
use crate::organisations::OrganisationCode;

/// One organisation's hold on what it sent about a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    pub id: HoldId,
    pub organisation: OrganisationCode,
    /// Its last day, inclusive; `None` if it has no end.
    pub ends: Option<NaiveDate>,
    pub set_at: DateTime<Utc>,
    pub released_at: Option<DateTime<Utc>>,
}

/// A hold to be set. The permit says whose it is, and on which child.
#[derive(Debug, Clone)]
pub struct LegalHoldDraft {
    pub id: HoldId,
    pub ends: Option<NaiveDate>,
    /// Sealed.
    pub reason: String,
}

impl LegalHold {
    /// Marks it as released. If it was released before, the first time is kept.
    pub fn release(self, at: DateTime<Utc>) -> Self {
        Self { released_at: self.released_at.or(Some(at)), ..self }
    }

    /// Whether it is in force on a day.
    pub fn is_in_force(&self, today: NaiveDate) -> bool {
        self.released_at.is_none() && self.ends.is_none_or(|last| today <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_released_once_and_is_not_in_force_then() {
        let [set_at, first, second] = [1, 2, 3].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let organisation = "RY4".parse().unwrap();
        let hold = LegalHold { id: HoldId(uuid::Uuid::from_u128(1)), organisation, ends: None, set_at, released_at: None };
        assert!(hold.is_in_force(first.date_naive()));
        let released = hold.release(first);
        assert!(!released.is_in_force(first.date_naive()));
        assert_eq!(released.released_at, Some(first));
        assert_eq!(released.clone().release(second), released);
    }
}
