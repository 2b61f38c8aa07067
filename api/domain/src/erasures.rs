//! Erasures (UK GDPR art 17): an organisation, the controller of what it sent, has it removed.

use chrono::{DateTime, Utc};

use crate::agreements::DataClass;
use crate::identifiers::{ChildId, ErasureId};
use crate::organisations::OrganisationCode;

/// An erasure. It names no child where the gateway knew none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    pub child: Option<ChildId>,
    pub made_at: DateTime<Utc>,
    /// From when what was erased may be sent again.
    pub lifted_at: Option<DateTime<Utc>>,
}

/// An erasure to be made. The permits say whose records, and about which child.
#[derive(Debug, Clone)]
pub struct ErasureDraft {
    pub id: ErasureId,
    /// The classes of data to erase: there is a permit for each.
    pub data: Vec<DataClass>,
    /// Why, and who decided it. Sealed.
    pub reason: String,
    /// Whether what the organisation sends about the child later is refused too.
    pub future: bool,
}

/// What an erasure removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Rows of each class.
    pub rows: Vec<(DataClass, u64)>,
    /// Decisions whose words were removed.
    pub decisions: u64,
    /// The organisations that the data had been disclosed to (art 19).
    pub recipients: Vec<OrganisationCode>,
}

impl Erasure {
    /// Lifts it: what it marked may be sent again. If it was lifted before, the first time is kept.
    pub fn lift(self, at: DateTime<Utc>) -> Self {
        Self { lifted_at: self.lifted_at.or(Some(at)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_is_lifted_once() {
        let [made_at, first, second] = [1, 2, 3].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let erasure = Erasure { id: ErasureId(uuid::Uuid::from_u128(1)), child: None, made_at, lifted_at: None };
        let lifted = erasure.lift(first);
        assert_eq!(lifted.lifted_at, Some(first));
        assert_eq!(lifted.clone().lift(second), lifted);
    }
}
