//! Organisations and the dates between which each one exists: NHS Hertfordshire and West Essex ICB
//! (QM7) closed on 31 March 2026 into S1Y5D and D7T5G.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

/// An ODS code (3–8 alphanumerics; NHS Data Dictionary ORGANISATION IDENTIFIER) or a council's
/// nine-character GSS code. Never assume that an ICB begins with Q or a trust with R.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganisationCode {
    bytes: [u8; 9],
    length: u8,
}

/// Why a text is no organisation code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an organisation code is 3 to 9 letters and digits")]
pub struct OrganisationCodeError;

impl OrganisationCode {
    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl FromStr for OrganisationCode {
    type Err = OrganisationCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !(3..=9).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(OrganisationCodeError);
        }
        let mut bytes = [0; 9];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes.make_ascii_uppercase();
        let length = u8::try_from(text.len()).map_err(|_| OrganisationCodeError)?;
        Ok(Self { bytes, length })
    }
}

impl fmt::Display for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_serde!(OrganisationCode);

closed! {
    /// What an organisation is.
    pub enum OrganisationKind {
        Provider = "provider",
        IntegratedCareBoard = "integrated-care-board",
        LocalAuthority = "local-authority",
    }
}

/// An organisation between its first and last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    pub code: OrganisationCode,
    pub name: String,
    pub kind: OrganisationKind,
    pub valid_from: NaiveDate,
    /// Its last day, inclusive.
    pub valid_to: Option<NaiveDate>,
    /// Who has its duties after that day.
    pub successors: Vec<OrganisationCode>,
    /// The district codes it covers.
    pub areas: Vec<String>,
    /// The ODS codes of the general practices whose patients are its population.
    pub practices: Vec<String>,
    /// The waiting lists it is expected to send.
    pub lists: Vec<String>,
}

impl Organisation {
    /// Whether the organisation exists on a day.
    pub fn exists_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_every_shape_are_read_in_capitals() {
        for code in ["RY4", "S1Y5D", "E10000015", "06K"] {
            assert_eq!(code.to_lowercase().parse::<OrganisationCode>().unwrap().as_str(), code);
        }
        for wrong in ["", "RY", "RY4 ", "R/4", "E100000150", "RÝ4"] {
            assert!(wrong.parse::<OrganisationCode>().is_err(), "{wrong}");
        }
    }
}
