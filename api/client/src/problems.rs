//! What can go wrong with a call.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `client.toml`, or a file that it names, cannot be used.
    #[error("{}: {reason}", path.display())]
    Configuration { path: PathBuf, reason: String },
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// A value cannot be put in a header or an address.
    #[error("{0}")]
    Value(&'static str),
    /// The two sides did not accept each other's certificates.
    #[error("no connection was made: {0}")]
    Handshake(String),
    /// The gateway did not answer any of the tries.
    #[error("the gateway did not answer: {0}")]
    Unreachable(String),
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The answer is not what the contract says.
    #[error("the answer was not understood: {0}")]
    Unreadable(String),
}

impl ClientError {
    /// The gateway's refusal, if that is what went wrong.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// Finds out why a call got no answer. A TLS alert is wrapped in several errors, and an I/O error's
    /// `source` skips the error that it wraps.
    pub(crate) fn of_transport(error: &reqwest::Error) -> Self {
        let mut cause: &(dyn std::error::Error + 'static) = error;
        loop {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Self::Handshake(tls.to_string());
            }
            let wrapped = cause.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
            let next = wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| cause.source());
            match next {
                Some(next) => cause = next,
                None => return Self::Unreachable(cause.to_string()),
            }
        }
    }
}

/// A problem answer (RFC 9457), or an OAuth error (RFC 6749, 5.2) in the same shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    /// The last part of the problem's `type`, or the OAuth error.
    pub code: String,
    pub title: String,
    pub detail: Option<String>,
    pub errors: Vec<FieldError>,
    pub request_id: Option<String>,
    /// The answer's `Location`: where the client should look instead.
    pub location: Option<String>,
}

/// How many faults the one-line message names; a refused file may have thousands.
const ERRORS_SAID: usize = 3;

/// One thing that is wrong in what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    #[serde(default)]
    pub field: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    /// How to put it right.
    #[serde(default)]
    pub fix: Option<String>,
    /// The row of a submission, counted from 1.
    #[serde(default)]
    pub row: Option<u64>,
    /// The sender's own id for that row.
    #[serde(default)]
    pub referral_id: Option<String>,
}

#[derive(Deserialize)]
struct ProblemWire {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

impl Problem {
    /// Reads a refusal. Without a readable body, its code is `unknown`.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        let Ok(wire) = serde_json::from_slice::<ProblemWire>(body) else {
            let title = "the answer had no problem document".to_owned();
            return Self { status, code: "unknown".into(), title, detail: None, errors: Vec::new(), request_id: None, location: None };
        };
        let code = wire.kind.as_deref().and_then(|kind| kind.rsplit('/').next()).map(str::to_owned);
        Self {
            status,
            code: code.or(wire.error).unwrap_or_else(|| "unknown".into()),
            title: wire.title.or(wire.error_description).unwrap_or_default(),
            detail: wire.detail,
            errors: wire.errors,
            request_id: wire.request_id,
            location: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        for text in [Some(&self.title), self.detail.as_ref()].into_iter().flatten().filter(|text| !text.is_empty()) {
            write!(f, ": {}", text.trim_end_matches('.'))?;
        }
        for error in self.errors.iter().take(ERRORS_SAID) {
            let field = error.field.as_deref().unwrap_or("body");
            write!(f, "; {field}: {}", error.message.as_deref().or(error.code.as_deref()).unwrap_or("at fault"))?;
        }
        if self.errors.len() > ERRORS_SAID {
            write!(f, "; and {} more", self.errors.len() - ERRORS_SAID)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_last_part_of_the_type() {
        let body = br#"{"type":"/problems/no-agreement","title":"No agreement","status":403,"request_id":"r-1","instance":"/v1/x"}"#;
        let problem = Problem::read(403, body);
        assert_eq!((problem.code.as_str(), problem.request_id.as_deref()), ("no-agreement", Some("r-1")));
        assert_eq!(problem.to_string(), "403 no-agreement: No agreement (request r-1)");
    }

    #[test]
    fn an_oauth_error_reads_as_a_problem() {
        let problem = Problem::read(400, br#"{"error":"invalid_scope","error_description":"not held"}"#);
        assert_eq!((problem.code.as_str(), problem.title.as_str()), ("invalid_scope", "not held"));
    }

    #[test]
    fn a_body_that_is_no_problem_keeps_its_status() {
        assert_eq!(Problem::read(502, b"<html>").status, 502);
    }
}
