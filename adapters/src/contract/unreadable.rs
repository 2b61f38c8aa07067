//! Why a whole body could not be read.

use std::io;

use super::container_faults::ContainerFault;

/// Why the whole body is refused. No message repeats a value of the file.
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
    /// Holds what the body looks like instead.
    #[error("The body is not of this format: it looks like {0}.")]
    NotThisFormat(&'static str),
    #[error("The body ends in the middle of row {row}.")]
    Truncated { row: u64 },
    #[error("The body is malformed at row {row}.")]
    Malformed { row: u64 },
    /// The count in a trailer is not what the file holds.
    #[error("The count in {0} is not what the file holds.")]
    CountMismatch(&'static str),
    #[error("The body holds more than are taken at once: row {row} is one too many.")]
    TooMany { row: u64 },
    #[error("The body has a document type declaration.")]
    Doctype,
    /// A row, element or text is larger than what may be held at a time.
    #[error("Row {row} is larger than any real row.")]
    TooLarge { row: u64 },
    /// The whole body, or a part of it, is larger than what may be stored.
    #[error("{0} is larger than any real one.")]
    Oversized(&'static str),
    #[error("The workbook is protected by a password.")]
    Protected,
    #[error("More than one visible sheet has the header.")]
    SheetsSeveral,
    #[error("The archive names a path outside itself, or is not put together as one.")]
    Archive,
    /// The archive or multipart body around the tables is at fault.
    #[error(transparent)]
    Container(#[from] ContainerFault),
    #[error("The table {0} is missing.")]
    TableMissing(&'static str),
    #[error("The table {0} is there twice.")]
    TableTwice(&'static str),
    /// What is wrong with one of several tables.
    #[error("{0}: {1}")]
    InTable(&'static str, Box<Unreadable>),
    #[error("The table {0} has not exactly one row.")]
    HeaderRows(&'static str),
    #[error("The data set is of a version that is not read.")]
    Version(&'static str),
    #[error("The data set is another organisation's than the one it was sent for.")]
    Provider(&'static str),
    #[error("The reporting period is no period, or has not begun.")]
    Period(&'static str),
    /// The source failed; the format is not at fault.
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
            Self::TooLarge { .. } | Self::Oversized(_) => "too-large",
            Self::Protected => "protected",
            Self::SheetsSeveral => "sheets-several",
            Self::Archive => "archive",
            Self::Container(fault) => fault.code(),
            Self::TableMissing(_) => "table-missing",
            Self::TableTwice(_) => "table-twice",
            Self::InTable(_, inner) => inner.code(),
            Self::HeaderRows(_) => "header-rows",
            Self::Version(_) => "version-unsupported",
            Self::Provider(_) => "provider-differs",
            Self::Period(_) => "reporting-period",
            Self::Source(_) => "source",
            Self::Stopped => "stopped",
        }
    }

    /// The fields at fault, where it is known.
    pub fn fields(&self) -> &[&'static str] {
        match self {
            Self::HeaderMissing(fields) => fields,
            Self::HeaderTwice(field)
            | Self::CountMismatch(field)
            | Self::TableMissing(field)
            | Self::TableTwice(field)
            | Self::HeaderRows(field)
            | Self::Version(field)
            | Self::Provider(field)
            | Self::Period(field) => std::slice::from_ref(field),
            Self::InTable(_, inner) => inner.fields(),
            _ => &[],
        }
    }

    /// What is wrong, without any value of the file.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// How the sender can put it right.
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
            Self::Oversized(_) => {
                "Send the list alone, without other sheets, pictures or history; split it into several lists if it is truly so large."
            }
            Self::Protected => "Remove the password; the connection is encrypted.",
            Self::SheetsSeveral => "Send one list a workbook, and keep its copies out of it.",
            Self::Archive => "Save the file again with the program that it is from.",
            Self::Container(fault) => fault.fix(),
            Self::TableMissing(_) => "Send the table too, with its header line if it has no rows; name the file by the table.",
            Self::TableTwice(_) => "Send one file for each table.",
            Self::InTable(_, inner) => inner.fix(),
            Self::HeaderRows(_) => "Send the data set's header table with its one row.",
            Self::Version(_) => "Send CSDS 1.5 or 1.6, MHSDS 5 or 6, and say which in the header table.",
            Self::Provider(_) => "Send each provider's data set for that provider.",
            Self::Period(_) => "Correct the start and the end of the reporting period in the header table.",
            Self::Source(_) | Self::Stopped => "Send the file again.",
        }
    }
}

/// What a failed read from a container means.
pub(crate) fn refusal(error: io::Error) -> Unreadable {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ContainerFault>()) {
        Some(fault) => Unreadable::Container(*fault),
        None => Unreadable::Source(error),
    }
}
