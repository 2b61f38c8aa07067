//! NHS code lists, as data files with their date and provenance beside them. An unknown code is
//! kept and warned about: the lists age, and a child must not be lost to an old list.

use std::sync::LazyLock;

/// Trace status: the number is present and verified. Child-level data goes to a council on this
/// one only (reference, 2.1).
pub const VERIFIED: &str = "01";

/// One code list, sorted.
pub struct CodeList(LazyLock<Vec<&'static str>>);

macro_rules! lists {
    ($($name:ident = $file:literal),+ $(,)?) => {
        impl CodeList {
            $(#[doc = concat!("`codelists/", $file, "`")]
            pub const $name: &'static Self = {
                static LIST: CodeList = CodeList(LazyLock::new(|| read(include_str!(concat!("../codelists/", $file)))));
                &LIST
            };)+
        }
    };
}

lists! {
    NHS_NUMBER_STATUS = "nhs_number_status_indicator.csv",
    SEX = "person_stated_gender.csv",
    ETHNIC_CATEGORY = "ethnic_category_2001.csv",
    PRIORITY = "priority_type.csv",
    SOURCE_OF_REFERRAL = "source_of_referral_community.csv",
    MEASUREMENT_TYPE = "waiting_time_measurement_type.csv",
    RTT_STATUS = "rtt_period_status.csv",
    CLOSURE_REASON = "referral_closure_reason.csv",
    REJECTION_REASON = "referral_rejection_reason.csv",
}

impl CodeList {
    /// Whether the list has the code.
    pub fn contains(&self, code: &str) -> bool {
        self.0.binary_search(&code).is_ok()
    }
}

/// Codes never hold a comma or a quotation mark, so the first column ends at the first comma.
fn read(file: &'static str) -> Vec<&'static str> {
    let mut codes: Vec<_> = file.lines().skip(1).filter_map(|line| line.split(',').next()).filter(|code| !code.is_empty()).collect();
    codes.sort_unstable();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_their_codes() {
        assert!(CodeList::RTT_STATUS.contains("10") && CodeList::RTT_STATUS.contains("99") && !CodeList::RTT_STATUS.contains("13"));
        assert!(CodeList::SEX.contains("1") && CodeList::ETHNIC_CATEGORY.contains("Z"));
        assert!(!CodeList::SEX.contains("code") && !CodeList::SEX.contains(""));
    }
}
