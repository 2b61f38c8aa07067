//! What keeps a child's records from flowing, whatever a family has permitted.

use chrono::{DateTime, NaiveDate, Utc};

use crate::identifiers::RestrictionId;
use crate::organisations::OrganisationCode;

closed! {
    /// Why it was set, which also says how much it stops.
    pub enum RestrictionKind {
        /// The family's whereabouts are hidden: district, practice and school are blanked, and a count
        /// takes the child only into the whole area.
        AddressHidden = "address-hidden",
        /// Somebody fears for the child: everything stops but what has a statute as its basis.
        Safeguarding = "safeguarding",
        /// The child was adopted and has a new NHS number: the records under the old one stop.
        Adopted = "adopted",
        /// A court forbids it: everything stops, to the named organisation or to all.
        CourtOrder = "court-order",
    }
}

/// A restriction on one child's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    pub id: RestrictionId,
    pub kind: RestrictionKind,
    /// `None` means everybody but who sent the record.
    pub against: Option<OrganisationCode>,
    pub starts: NaiveDate,
    /// Its last day, inclusive.
    pub ends: Option<NaiveDate>,
    pub set_by: OrganisationCode,
    pub lifted_at: Option<DateTime<Utc>>,
}

/// A restriction to be set. The permit says who sets it, and on which child.
#[derive(Debug, Clone)]
pub struct RestrictionDraft {
    pub id: RestrictionId,
    pub kind: RestrictionKind,
    pub against: Option<OrganisationCode>,
    pub starts: NaiveDate,
    pub ends: Option<NaiveDate>,
    /// Sealed.
    pub reason: String,
}

impl Restriction {
    /// Lifts it. If it was lifted before, the first time is kept.
    pub fn lift(self, at: DateTime<Utc>) -> Self {
        Self { lifted_at: self.lifted_at.or(Some(at)), ..self }
    }

    /// Whether it is in force on a day.
    pub fn is_in_force(&self, today: NaiveDate) -> bool {
        self.lifted_at.is_none() && self.starts <= today && self.ends.is_none_or(|last| today <= last)
    }

    /// Whether it applies to what this organisation would receive.
    pub fn is_against(&self, recipient: OrganisationCode) -> bool {
        self.against.is_none_or(|against| against == recipient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_is_lifted_once_and_is_not_in_force_then() {
        let [first, second] = [1, 2].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let restriction = Restriction {
            id: RestrictionId(uuid::Uuid::from_u128(1)),
            kind: RestrictionKind::CourtOrder,
            against: None,
            starts: first.date_naive(),
            ends: None,
            set_by: "E10000015".parse().unwrap(),
            lifted_at: None,
        };
        assert!(restriction.is_in_force(first.date_naive()));
        let lifted = restriction.lift(first);
        assert!(!lifted.is_in_force(first.date_naive()));
        assert_eq!(lifted.lifted_at, Some(first));
        assert_eq!(lifted.clone().lift(second), lifted);
    }
}
