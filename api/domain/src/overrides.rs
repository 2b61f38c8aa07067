//! A Caldicott guardian's decision that one disclosure cannot wait for the family's. It is short, gives a reason, and
//! is audited.

use chrono::{DateTime, NaiveDate, Utc};

use crate::agreements::{DataClass, Purpose};
use crate::identifiers::OverrideId;
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};

/// How many days after the first its last day may be, at most.
pub const LONGEST_OVERRIDE_DAYS: i64 = 28;

/// One override. It opens only the records of the organisation whose guardian made it. It takes the place of the
/// family's decision and of a safeguarding restriction, but not of an agreement, and does not overrule a court.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub id: OverrideId,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    pub pathways: PathwaySet,
    pub starts: NaiveDate,
    /// Its last day, inclusive; at most [`LONGEST_OVERRIDE_DAYS`] after the first.
    pub ends: NaiveDate,
    pub ended_at: Option<DateTime<Utc>>,
}

/// An override to be made. The permit says whose records it opens, and to whom.
#[derive(Debug, Clone)]
pub struct OverrideDraft {
    pub id: OverrideId,
    pub starts: NaiveDate,
    pub ends: NaiveDate,
    /// Why the disclosure cannot wait. Sealed.
    pub reason: String,
}

impl Override {
    /// Ends it before its last day. If it was ended before, the first time is kept.
    pub fn end(self, at: DateTime<Utc>) -> Self {
        Self { ended_at: self.ended_at.or(Some(at)), ..self }
    }

    /// Whether it is in force on a day.
    pub fn is_in_force(&self, today: NaiveDate) -> bool {
        self.ended_at.is_none() && self.starts <= today && today <= self.ends
    }

    /// Whether it is about this flow.
    pub fn is_about(
        &self,
        (holder, recipient): (OrganisationCode, OrganisationCode),
        purpose: Purpose,
        data: DataClass,
        pathway: Option<Pathway>,
    ) -> bool {
        (self.holder, self.recipient, self.purpose, self.data) == (holder, recipient, purpose, data)
            && pathway.is_none_or(|pathway| self.pathways.contains(pathway))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_ended_once_and_is_not_in_force_then() {
        let [first, second] = [1, 2].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let one = Override {
            id: OverrideId(uuid::Uuid::from_u128(1)),
            holder: "RY4".parse().unwrap(),
            recipient: "E10000015".parse().unwrap(),
            purpose: Purpose::CareCoordination,
            data: DataClass::WaitingListStatus,
            pathways: PathwaySet::EMPTY,
            starts: first.date_naive(),
            ends: second.date_naive(),
            ended_at: None,
        };
        assert!(one.is_in_force(first.date_naive()));
        let ended = one.end(first);
        assert!(!ended.is_in_force(first.date_naive()));
        assert_eq!(ended.ended_at, Some(first));
        assert_eq!(ended.clone().end(second), ended);
    }
}
