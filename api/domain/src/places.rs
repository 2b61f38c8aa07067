//! Where a child lives or is registered, as far as an agreement's population asks for it.

use std::sync::Arc;

use crate::districts::{is_district, present_district};
use crate::referrals::ReferralDetails;

/// The places of an agreement's population.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Places {
    /// The agreement's population does not depend on a place.
    #[default]
    Anywhere,
    /// District codes.
    Districts(Arc<[String]>),
    /// ODS codes of general practices.
    Practices(Arc<[String]>),
}

impl Places {
    /// Whether a record is about somebody from these places. A record that does not say where passes: a child must not
    /// be lost to a blank column.
    pub fn include(&self, details: &ReferralDetails) -> bool {
        let named = |code: &Option<String>, list: &[String]| {
            code.as_deref().is_none_or(|code| list.iter().any(|listed| listed == present_district(code)))
        };
        match self {
            Self::Anywhere => true,
            Self::Districts(list) => !details.district.as_deref().is_some_and(is_district) || named(&details.district, list),
            Self::Practices(list) => named(&details.gp_practice, list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_district(code: Option<&str>) -> ReferralDetails {
        ReferralDetails { district: code.map(str::to_owned), ..ReferralDetails::default() }
    }

    #[test]
    fn a_child_from_elsewhere_is_outside_and_one_without_a_stated_place_is_not() {
        let places = Places::Districts(["E07000242".to_owned(), "E07000095".to_owned()].into());
        for inside in [Some("E07000242"), Some("E07000097"), Some("unknown"), None] {
            assert!(places.include(&of_district(inside)), "{inside:?}");
        }
        for outside in ["E07000072", "E09000010", "W06000001"] {
            assert!(!places.include(&of_district(Some(outside))), "{outside}");
            assert!(Places::Anywhere.include(&of_district(Some(outside))));
        }
    }

    #[test]
    fn a_practice_that_is_not_listed_is_outside() {
        let places = Places::Practices(["E82001".to_owned()].into());
        let of = |code: Option<&str>| ReferralDetails { gp_practice: code.map(str::to_owned), ..ReferralDetails::default() };
        assert!(places.include(&of(Some("E82001"))) && places.include(&of(None)));
        assert!(!places.include(&of(Some("F82001"))));
    }
}
