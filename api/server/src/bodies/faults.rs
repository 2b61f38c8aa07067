//! One thing wrong in a request, described without its value.

pub(crate) use exchange::Fault;

use trust::JsonError;

/// The fault of a body that is not JSON, or repeats a key.
pub(crate) fn of_json(error: &JsonError) -> Fault {
    let code = match error {
        JsonError::DuplicateKey => "duplicate-key",
        JsonError::NotJson { .. } => "not-json",
    };
    Fault::new(code, error.to_string())
}

/// A fault from serde's message about a field. Serde repeats the value it found, so only what it expected is passed on.
/// Messages of the domain's own types name no value.
pub(super) fn describe(path: &str, said: &str) -> Fault {
    let expected = || said.rsplit_once("expected ").map_or("another value".to_owned(), |(_, expected)| expected.to_owned());
    let fault = if said.starts_with("unknown field") {
        Fault::new("unknown-field", "the field is not one of those documented")
    } else if said.starts_with("missing field") {
        Fault::new("missing-field", said.to_owned())
    } else if said.starts_with("duplicate field") {
        Fault::new("duplicate-key", "the field stands twice")
    } else if said.starts_with("invalid type") {
        Fault::new("wrong-type", format!("expected {}", expected()))
    } else if ["invalid value", "invalid length", "unknown variant"].iter().any(|start| said.starts_with(start)) {
        Fault::new("invalid-value", format!("expected {}", expected()))
    } else {
        Fault::new("invalid-value", said.to_owned())
    };
    if is_a_name(path) { fault.field(path) } else { fault }
}

// A path of names has letters, and digits only as an index. Anything else may be a value where a name should be.
fn is_a_name(path: &str) -> bool {
    let named = |segment: &str| {
        let (name, index) = segment.split_once('[').unwrap_or((segment, "0]"));
        segment.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && index.bytes().all(|byte| byte.is_ascii_digit() || byte == b'[' || byte == b']')
            && index.len() <= 8
    };
    !matches!(path, "" | "." | "?") && path.split('.').all(named)
}
