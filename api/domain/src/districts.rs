//! The codes of districts (GSS).

use std::sync::LazyLock;

use crate::codelists::rows;

struct District {
    code: String,
    name: String,
    /// The code that replaced it.
    successor: Option<String>,
}

/// The districts that are known by name (`codelists/districts.csv`; reference, 2.4).
static DISTRICTS: LazyLock<Vec<District>> = LazyLock::new(|| {
    let district =
        |[code, name, successor, _]: [String; 4]| District { code, name, successor: (!successor.is_empty()).then_some(successor) };
    rows(include_str!("../codelists/districts.csv")).map(district).collect()
});

fn find(code: &str) -> Option<&'static District> {
    DISTRICTS.iter().find(|district| district.code == code)
}

/// The code that a district has today.
pub(crate) fn present_district(code: &str) -> &str {
    find(code).and_then(|district| district.successor.as_deref()).unwrap_or(code)
}

/// The name of a district; its code where it is not known by name, or the code was replaced.
pub fn district_name(code: &str) -> &str {
    find(code).filter(|district| district.successor.is_none()).map_or(code, |district| district.name.as_str())
}

/// Whether a text has the shape of a district's GSS code, anywhere in the United Kingdom.
pub(crate) fn is_district(code: &str) -> bool {
    code.len() == 9 && ["E06", "E07", "E08", "E09", "W06", "S12", "N09"].iter().any(|kind| code.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_district_has_a_name_and_a_code_that_is_in_force() {
        assert_eq!((district_name("E07000240"), district_name("E07000072")), ("St Albans", "E07000072"));
        assert_eq!((present_district("E07000100"), present_district("E07000240")), ("E07000240", "E07000240"));
        assert_eq!(district_name("E07000100"), "E07000100");
        let present = |district: &District| find(present_district(&district.code)).is_some_and(|present| present.successor.is_none());
        assert!(DISTRICTS.len() == 14 && DISTRICTS.iter().all(|district| is_district(&district.code) && present(district)));
    }
}
