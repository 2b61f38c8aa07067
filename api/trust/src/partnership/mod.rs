//! The partnership file: taken whole, or refused whole with the lines of its faults.

mod lines;
mod moduli;
mod public_keys;
mod wire;

use std::fmt;
use std::path::{Path, PathBuf};

use domain::Partnership;

use crate::files::FileError;
use crate::watches::Watch;
use lines::Lines;
pub use lines::line_of;
use wire::PartnershipWire;

/// One fault: a line, counted from 1, a field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    pub line: usize,
    pub field: String,
    pub message: String,
}

/// Why the file is refused.
#[derive(Debug)]
pub enum PartnershipError {
    File(FileError),
    Refused { file: String, faults: Vec<LineFault> },
}

/// Reads a partnership file whose clients' certificates come from the named authorities.
pub fn parse_partnership(text: &str, authorities: &[String]) -> Result<Partnership, Vec<LineFault>> {
    let lines = Lines::of(text);
    let wire: PartnershipWire = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![LineFault { line: lines.line(at), field: lines.field_at(at), message: error.message().to_owned() }]
    })?;
    let warn_days = wire.warn_days;
    let partnership = Partnership::new(wire.into_parts(authorities)).map_err(|faults| {
        let place = |fault: domain::PartnershipFault| LineFault {
            line: lines.find(fault.section, fault.index, fault.field),
            field: fault.field.to_owned(),
            message: fault.message,
        };
        faults.into_iter().map(place).collect::<Vec<_>>()
    })?;
    Ok(partnership.warning(warn_days))
}

/// Keeps a partnership up to date with its file. It reads the file now, and blocks.
pub fn watch_partnership(path: &Path, authorities: Vec<String>) -> Result<Watch<Partnership, PartnershipError>, PartnershipError> {
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Watch::start("partnership", vec![PathBuf::from(path)], move |contents| {
        let refused = |faults| PartnershipError::Refused { file: file.clone(), faults };
        let bytes = contents.first().map_or(&[][..], |bytes| bytes.as_slice());
        let text = str::from_utf8(bytes)
            .map_err(|_| refused(vec![LineFault { line: 1, field: "partnership".into(), message: "not UTF-8".into() }]))?;
        parse_partnership(text, &authorities).map_err(refused)
    })
}

impl fmt::Display for PartnershipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Refused { file, faults } => {
                for (at, fault) in faults.iter().enumerate() {
                    if at > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{file}:{}: {}: {}", fault.line, fault.field, fault.message)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for PartnershipError {}

impl From<FileError> for PartnershipError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

#[cfg(test)]
mod tests;
