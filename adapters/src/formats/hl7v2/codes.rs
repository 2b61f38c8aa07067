//! Turns HL7's own codes into NHS codes. NHS codes stay as they are.

use domain::IssueCode;

/// The types (CX.5) and the authorities (CX.4) that make an identifier an NHS number.
const NHS_NUMBER_TYPES: [&str; 2] = ["NH", "NHS"];
const NHS_NUMBER_AUTHORITIES: [&str; 3] = ["NHS", "NHSNBR", "2.16.840.1.113883.2.1.4.1"];
/// The types of a provider's own patient id. No other identifier is read, such as a social security number or a licence.
const LOCAL_TYPES: [&str; 2] = ["MR", "PI"];

pub(super) fn is_nhs_number(kind: &str, mut authorities: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let is_one_of = |list: &[&str], text: &str| list.iter().any(|known| known.eq_ignore_ascii_case(text));
    is_one_of(&NHS_NUMBER_TYPES, kind) || authorities.any(|authority| is_one_of(&NHS_NUMBER_AUTHORITIES, authority.as_ref()))
}

pub(super) fn is_local(kind: &str) -> bool {
    LOCAL_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// What a message is about, as MSH-9 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A referral that is new (I12), changed (I13) or cancelled (I14).
    Referral {
        cancelled: bool,
    },
    Merge,
    /// Not about a referral: demographics, appointments, documents, results, acknowledgements.
    OutOfScope,
}

pub(super) fn kind(message: &str, event: &str) -> Result<Kind, IssueCode> {
    match (message, event) {
        ("REF", "I12" | "I13") => Ok(Kind::Referral { cancelled: false }),
        ("REF", "I14") => Ok(Kind::Referral { cancelled: true }),
        ("ADT", "A40") => Ok(Kind::Merge),
        // Other ways to merge, move or relink a patient's records must not be ignored.
        (
            "ADT",
            "A17" | "A18" | "A24" | "A30" | "A34" | "A35" | "A36" | "A37" | "A39" | "A41" | "A42" | "A43" | "A44" | "A45" | "A46" | "A47"
            | "A48" | "A49" | "A50" | "A51",
        ) => Err(IssueCode::MessageType),
        ("ADT" | "SIU" | "MDM" | "ACK" | "ORU" | "ORM" | "OMG" | "DFT" | "BAR", _) => Ok(Kind::OutOfScope),
        _ => Err(IssueCode::MessageType),
    }
}

/// HL7 table 0283 as a status.
pub(super) fn status(code: &str) -> &str {
    match code {
        "" | "P" | "A" => "waiting",
        "R" => "rejected",
        "E" => "closed",
        other => other,
    }
}

/// HL7 table 0280 as PRIORITY TYPE.
pub(super) fn priority(code: &str) -> &str {
    match code {
        "R" => "1",
        "A" | "S" => "2",
        other => other,
    }
}

/// HL7 table 0001 as PERSON STATED GENDER.
pub(super) fn sex(code: &str) -> &str {
    match code {
        "M" => "1",
        "F" => "2",
        "A" | "O" => "9",
        "U" | "N" | "0" => "X",
        other => other,
    }
}

/// Whether an ethnic category's coding system can be the NHS's. HL7's own and the United States' use other letters.
pub(super) fn is_ethnic_scheme(scheme: &str) -> bool {
    !["HL7", "CDC", "2.16.840.1.113883.6.238"].iter().any(|other| scheme.to_ascii_uppercase().starts_with(other))
}

/// A coding system, by the name that the rules of recognition use.
pub(super) fn scheme(text: &str) -> String {
    let scheme = text.to_ascii_uppercase();
    match scheme.as_str() {
        "SNM" | "SNOMED" | "SNOMED-CT" | "SNOMED CT" | "SNOMEDCT" | "SCTID" => "SCT".to_owned(),
        "ICD10" | "ICD-10" | "I10C" => "I10".to_owned(),
        _ => scheme,
    }
}
