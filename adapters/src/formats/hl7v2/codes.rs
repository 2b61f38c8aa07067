//! HL7's own codes in the words of the NHS. Codes that are the NHS's already pass as they are.

use domain::IssueCode;

/// What an identifier's type (CX.5) or authority (CX.4) has to be for it to be an NHS number.
const NHS_NUMBER_TYPES: [&str; 2] = ["NH", "NHS"];
const NHS_NUMBER_AUTHORITIES: [&str; 3] = ["NHS", "NHSNBR", "2.16.840.1.113883.2.1.4.1"];
/// The types of a provider's own patient id. No other identifier is read: not a social security number, nor a licence.
const LOCAL_TYPES: [&str; 2] = ["MR", "PI"];

pub(super) fn is_nhs_number(kind: &str, mut authorities: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let is_one_of = |list: &[&str], text: &str| list.iter().any(|known| known.eq_ignore_ascii_case(text));
    is_one_of(&NHS_NUMBER_TYPES, kind) || authorities.any(|authority| is_one_of(&NHS_NUMBER_AUTHORITIES, authority.as_ref()))
}

pub(super) fn is_local(kind: &str) -> bool {
    LOCAL_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// What a message is about, by MSH-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A referral that is new (I12), changed (I13) or, where it says so, cancelled (I14).
    Referral {
        cancelled: bool,
    },
    Merge,
    /// Demographics, appointments, documents, results, acknowledgements: about no referral.
    OutOfScope,
}

pub(super) fn kind(message: &str, event: &str) -> Result<Kind, IssueCode> {
    match (message, event) {
        ("REF", "I12" | "I13") => Ok(Kind::Referral { cancelled: false }),
        ("REF", "I14") => Ok(Kind::Referral { cancelled: true }),
        ("ADT", "A40") => Ok(Kind::Merge),
        // Other ways to merge, move or relink what is known of a patient are not to be passed over.
        (
            "ADT",
            "A17" | "A18" | "A24" | "A30" | "A34" | "A35" | "A36" | "A37" | "A39" | "A41" | "A42" | "A43" | "A44" | "A45" | "A46" | "A47"
            | "A48" | "A49" | "A50" | "A51",
        ) => Err(IssueCode::MessageType),
        ("ADT" | "SIU" | "MDM" | "ACK" | "ORU" | "ORM" | "OMG" | "DFT" | "BAR", _) => Ok(Kind::OutOfScope),
        _ => Err(IssueCode::MessageType),
    }
}

/// HL7 table 0283 to a status.
pub(super) fn status(code: &str) -> &str {
    match code {
        "" | "P" | "A" => "waiting",
        "R" => "rejected",
        "E" => "closed",
        other => other,
    }
}

/// HL7 table 0280 to PRIORITY TYPE.
pub(super) fn priority(code: &str) -> &str {
    match code {
        "R" => "1",
        "A" | "S" => "2",
        other => other,
    }
}

/// HL7 table 0001 to PERSON STATED GENDER.
pub(super) fn sex(code: &str) -> &str {
    match code {
        "M" => "1",
        "F" => "2",
        "A" | "O" => "9",
        "U" | "N" | "0" => "X",
        other => other,
    }
}

/// Whether an ethnic category's coding system can be the NHS's: HL7's own table and the United States' have other letters.
pub(super) fn is_ethnic_scheme(scheme: &str) -> bool {
    !["HL7", "CDC", "2.16.840.1.113883.6.238"].iter().any(|other| scheme.to_ascii_uppercase().starts_with(other))
}

/// The coding systems that rules of recognition name.
pub(super) fn scheme(text: &str) -> String {
    let scheme = text.to_ascii_uppercase();
    match scheme.as_str() {
        "SNM" | "SNOMED" | "SNOMED-CT" | "SNOMED CT" | "SNOMEDCT" | "SCTID" => "SCT".to_owned(),
        "ICD10" | "ICD-10" | "I10C" => "I10".to_owned(),
        _ => scheme,
    }
}
