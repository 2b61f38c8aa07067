//! Why a body as a whole could not be read as its format.

use std::io;

/// The body is refused whole. Nothing in it repeats a value of the file.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("The body is empty.")]
    Empty,
    #[error("The body is not UTF-8.")]
    Encoding,
    #[error("The header lacks {}.", .0.join(", "))]
    HeaderMissing(Vec<&'static str>),
    #[error("The header names {0} twice.")]
    HeaderTwice(&'static str),
    /// With what the body looks like instead.
    #[error("The body is not of this format: it looks like {0}.")]
    NotThisFormat(&'static str),
    #[error("The body ends in the middle of row {row}.")]
    Truncated { row: u64 },
    #[error("The body is malformed at row {row}.")]
    Malformed { row: u64 },
    /// A trailer counts otherwise than the file does.
    #[error("The count in {0} is not what the file holds.")]
    CountMismatch(&'static str),
    #[error("The body holds more than are taken at once: row {row} is one too many.")]
    TooMany { row: u64 },
    #[error("The body has a document type declaration.")]
    Doctype,
    /// A row, element or text is over the bound of what is held at a time.
    #[error("Row {row} is larger than any real row.")]
    TooLarge { row: u64 },
    /// The source failed, not the format.
    #[error("The body could not be read to its end.")]
    Source(#[source] io::Error),
    /// The sink took no more.
    #[error("Reading was stopped.")]
    Stopped,
}

impl Unreadable {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encoding => "encoding",
            Self::HeaderMissing(_) => "header-missing",
            Self::HeaderTwice(_) => "header-twice",
            Self::NotThisFormat(_) => "not-this-format",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::CountMismatch(_) => "count-mismatch",
            Self::TooMany { .. } => "too-many",
            Self::Doctype => "doctype",
            Self::TooLarge { .. } => "too-large",
            Self::Source(_) => "source",
            Self::Stopped => "stopped",
        }
    }

    /// The fields at fault, where there are any.
    pub fn fields(&self) -> &[&'static str] {
        match self {
            Self::HeaderMissing(fields) => fields,
            Self::HeaderTwice(field) | Self::CountMismatch(field) => std::slice::from_ref(field),
            _ => &[],
        }
    }

    /// What is wrong, without any value of the file.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// How the writer mends it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Empty => "Send the file; a nil return still has its header.",
            Self::Encoding => "Export the file as UTF-8.",
            Self::HeaderMissing(_) => "Send the header as the first line, with the format's own column names.",
            Self::HeaderTwice(_) => "Name each column once.",
            Self::NotThisFormat(_) => "Name the format that the file is in, or export it in this one.",
            Self::Truncated { .. } => "Send the file again; it was cut short, or a quotation mark was never closed.",
            Self::Malformed { .. } => "Correct the file at that row, or export it again.",
            Self::CountMismatch(_) => "Send the whole file again; part of it was lost, or the count is wrong.",
            Self::TooMany { .. } => "Send the body in several parts.",
            Self::Doctype => "Remove the DOCTYPE; the format has none.",
            Self::TooLarge { .. } => "Look for a quotation mark or element that is never closed.",
            Self::Source(_) | Self::Stopped => "Send the file again.",
        }
    }
}
