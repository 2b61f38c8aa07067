//! NHS code lists, as data files with their date and provenance beside them. An unknown code is
//! kept and warned about: the lists age, and a child must not be lost to an old list.

use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::dates::parse_day;

/// Trace status: the number is present and verified. A record that states another status is not shown to a council
/// (reference, 2.1).
pub const VERIFIED_NUMBER: &str = "01";

/// A code and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub code: String,
    pub meaning: String,
    /// When it was retired, in the source's own words.
    pub retired: Option<String>,
}

/// One code list: its codes in the order of its file, and where it is from.
#[derive(Debug)]
pub struct CodeList {
    /// The name of its file.
    pub name: &'static str,
    file: &'static str,
    read: LazyLock<Contents, fn() -> Contents>,
}

/// Where a list is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub title: String,
    /// The release that the list is from, `2020-11`.
    pub released: String,
    pub source: String,
}

#[derive(Debug)]
struct Contents {
    origin: Origin,
    codes: Vec<Code>,
    /// Positions in `codes`, by code.
    sorted: Vec<usize>,
}

macro_rules! lists {
    ($($name:ident = $file:literal),+ $(,)?) => {
        impl CodeList {
            /// Every list, by its file's name.
            pub const ALL: &'static [&'static Self] = &[$(Self::$name),+];

            $(#[doc = concat!("`codelists/", $file, ".csv`")]
            pub const $name: &'static Self = {
                static LIST: CodeList = CodeList {
                    name: $file,
                    file: include_str!(concat!("../codelists/", $file, ".csv")),
                    read: LazyLock::new(|| contents(&LIST)),
                };
                &LIST
            };)+
        }
    };
}

lists! {
    ATTENDANCE = "attended_or_did_not_attend",
    CONSULTATION_MEDIUM = "consultation_medium_used",
    EDUCATIONAL_ASSESSMENT = "educational_assessment_outcome",
    ETHNIC_CATEGORY = "ethnic_category_2001",
    LOOKED_AFTER = "looked_after_child_indicator",
    NHS_NUMBER_STATUS = "nhs_number_status_indicator",
    SEX = "person_stated_gender",
    PRIORITY = "priority_type",
    COMMUNITY_REASON = "reason_for_referral_community",
    MENTAL_HEALTH_REASON = "reason_for_referral_mental_health",
    CLOSURE_REASON = "referral_closure_reason",
    REJECTION_REASON = "referral_rejection_reason",
    RTT_STATUS = "rtt_period_status",
    COMMUNITY_TEAM = "service_or_team_type_community",
    MENTAL_HEALTH_TEAM = "service_or_team_type_mental_health",
    SOURCE_OF_REFERRAL = "source_of_referral_community",
    SEN_TYPE = "special_educational_need_type_nhs",
    MEASUREMENT_TYPE = "waiting_time_measurement_type",
}

impl CodeList {
    /// Whether the list has the code, retired or not.
    pub fn contains(&self, code: &str) -> bool {
        self.find(code).is_some()
    }

    /// A code of the list.
    pub fn find(&self, code: &str) -> Option<&Code> {
        let Contents { codes, sorted, .. } = &*self.read;
        sorted.binary_search_by(|at| codes[*at].code.as_str().cmp(code)).ok().map(|at| &codes[sorted[at]])
    }

    pub fn codes(&self) -> &[Code] {
        &self.read.codes
    }

    pub fn origin(&self) -> &Origin {
        &self.read.origin
    }
}

const INDEX: &str = include_str!("../codelists/lists.csv");

fn contents(list: &CodeList) -> Contents {
    let codes: Vec<_> = rows(list.file)
        .map(|[code, meaning, retired, _]| Code { code, meaning, retired: (!retired.is_empty()).then_some(retired) })
        .collect();
    let mut sorted: Vec<_> = (0..codes.len()).collect();
    sorted.sort_unstable_by(|a, b| codes[*a].code.cmp(&codes[*b].code));
    let found = rows(INDEX).find(|[name, ..]| name == list.name);
    let [_, title, released, source] = found.unwrap_or_default();
    Contents { origin: Origin { title, released, source }, codes, sorted }
}

/// The rows of a data file, each with its first four columns.
pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = [String; 4]> {
    csv::Reader::from_reader(file.as_bytes())
        .into_records()
        .map_while(Result::ok)
        .map(|row| std::array::from_fn(|at| row.get(at).unwrap_or_default().to_owned()))
}

/// The last day of an organisation that is known to have closed (`codelists/closed_organisations.csv`).
pub(crate) fn closed_on(organisation: &str) -> Option<NaiveDate> {
    static CLOSED: LazyLock<Vec<(String, NaiveDate)>> = LazyLock::new(|| {
        let file = include_str!("../codelists/closed_organisations.csv");
        rows(file).filter_map(|[code, last_day, ..]| Some((code, parse_day(&last_day)?))).collect()
    });
    CLOSED.iter().find(|(code, _)| code.eq_ignore_ascii_case(organisation)).map(|(_, last_day)| *last_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_their_codes() {
        assert!(CodeList::RTT_STATUS.contains("10") && CodeList::RTT_STATUS.contains("99") && !CodeList::RTT_STATUS.contains("13"));
        assert!(CodeList::SEX.contains("1") && CodeList::ETHNIC_CATEGORY.contains("Z"));
        assert!(!CodeList::SEX.contains("code") && !CodeList::SEX.contains(""));
        let retired = CodeList::MEASUREMENT_TYPE.find("03").unwrap();
        assert_eq!(retired.retired.as_deref(), Some("Retired 1 April 2020"));
        // A text with commas and quotation marks.
        let seen = CodeList::ATTENDANCE.find("5").unwrap();
        assert!(seen.meaning.starts_with("Attended on time or, if late, before") && seen.retired.is_none());
    }

    #[test]
    fn every_list_has_its_codes_its_date_and_its_source() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/codelists")).unwrap();
        let mut files: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| !["PROVENANCE.md", "lists.csv", "closed_organisations.csv", "districts.csv"].contains(&file.as_str()));
        files.sort();
        let names: Vec<_> = CodeList::ALL.iter().map(|list| format!("{}.csv", list.name)).collect();
        assert_eq!(names, files, "a list stands in the folder and not in the code, or the other way round");
        assert_eq!(rows(INDEX).count(), names.len());
        for list in CodeList::ALL {
            // A row that could not be read would end the list early.
            assert_eq!(list.codes().len(), csv::Reader::from_reader(list.file.as_bytes()).records().count(), "{}", list.name);
            assert!(list.codes().len() >= 2 && list.codes().iter().all(|code| list.find(&code.code) == Some(code)), "{}", list.name);
            let Origin { title, released, source } = list.origin();
            assert!(!title.is_empty() && !source.is_empty() && parse_day(&format!("{released}-01")).is_some(), "{}", list.name);
        }
    }

    #[test]
    fn a_closed_organisation_is_known_by_its_last_day() {
        assert_eq!(closed_on("qm7"), parse_day("2026-03-31"));
        assert_eq!(closed_on("S1Y5D"), None);
        let rows: Vec<_> = rows(include_str!("../codelists/closed_organisations.csv")).collect();
        assert!(!rows.is_empty() && rows.iter().all(|[code, ..]| closed_on(code).is_some()));
    }
}
