//! The codes of districts (GSS).

/// District codes that were replaced, each with its successor (reference, 2.4).
const RETIRED: [(&str, &str); 4] =
    [("E07000097", "E07000242"), ("E07000100", "E07000240"), ("E07000101", "E07000243"), ("E07000104", "E07000241")];

/// The code by which a district goes today.
pub(crate) fn present_district(code: &str) -> &str {
    RETIRED.iter().find(|(retired, _)| *retired == code).map_or(code, |(_, present)| present)
}

/// Whether a text has the shape of a district's GSS code, anywhere in the United Kingdom.
pub(crate) fn is_district(code: &str) -> bool {
    code.len() == 9 && ["E06", "E07", "E08", "E09", "W06", "S12", "N09"].iter().any(|kind| code.starts_with(kind))
}
