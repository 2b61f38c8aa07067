//! National Data Opt-outs, as partners load them from the Spine's answer.

use chrono::NaiveDate;

use crate::organisations::OrganisationCode;

/// What an organisation last loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutList {
    pub organisation: OrganisationCode,
    pub as_of: NaiveDate,
    pub numbers: i64,
}

impl OptOutList {
    /// Whether it replaces the list that the organisation loaded for a day. One for the same day does: it may be a
    /// correction.
    pub fn replaces(&self, held: NaiveDate) -> bool {
        held <= self.as_of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_list_is_not_replaced_by_an_earlier_one() {
        let [before, day, after] = ["2026-05-31", "2026-06-01", "2026-06-02"].map(|day| day.parse().unwrap());
        let list = OptOutList { organisation: "RY4".parse().unwrap(), as_of: day, numbers: 1 };
        assert!(list.replaces(before) && list.replaces(day));
        assert!(!list.replaces(after));
    }
}
