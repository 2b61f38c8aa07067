//! Legal holds: what a court or an inquiry may ask for is neither erased nor moved.

use chrono::{DateTime, NaiveDate, Utc};

use crate::identifiers::HoldId;
use crate::organisations::OrganisationCode;

/// One organisation's hold on what it sent about a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub organisation: OrganisationCode,
    /// Its last day, inclusive; open where there is none.
    pub ends: Option<NaiveDate>,
    pub set_at: DateTime<Utc>,
    pub released_at: Option<DateTime<Utc>>,
}

impl Hold {
    /// Whether it is in force on a day.
    pub fn is_in_force(&self, today: NaiveDate) -> bool {
        self.released_at.is_none() && self.ends.is_none_or(|last| today <= last)
    }
}
