//! Unique pupil numbers: a check letter, the local authority, the establishment, the year and a
//! serial, thirteen characters in all ("Unique Pupil Number 2.0", Government Data Standards
//! Catalogue).

use std::fmt;
use std::str::FromStr;

const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// A pupil number whose check letter is right. It never prints itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Upn([u8; 13]);

/// Why a text is no UPN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpnError {
    #[error("a UPN is a letter and twelve digits, the last of which may be a letter")]
    Format,
    #[error("the check letter does not match the rest")]
    CheckLetter,
}

impl Upn {
    /// The thirteen characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The UPN of an authority, establishment, year and serial, each cut to its digits.
    pub fn from_parts(authority: u16, establishment: u16, year: u8, serial: u16) -> Option<Self> {
        let body = format!("A{:03}{:04}{:02}{:03}", authority % 1000, establishment % 10_000, year % 100, serial % 1000);
        let mut characters: [u8; 13] = body.as_bytes().try_into().ok()?;
        characters[0] = check_letter(&characters)?;
        Some(Self(characters))
    }
}

fn check_letter(characters: &[u8; 13]) -> Option<u8> {
    let mut sum = 0;
    for (position, &character) in (2_usize..).zip(&characters[1..]) {
        let value = match character {
            b'0'..=b'9' => usize::from(character - b'0'),
            letter if position == 13 => LETTERS.iter().position(|known| *known == letter)?,
            _ => return None,
        };
        sum += value * position;
    }
    Some(LETTERS[sum % LETTERS.len()])
}

impl FromStr for Upn {
    type Err = UpnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let characters: [u8; 13] = text.as_bytes().try_into().map_err(|_| UpnError::Format)?;
        if !LETTERS.contains(&characters[0]) {
            return Err(UpnError::Format);
        }
        match check_letter(&characters) {
            None => Err(UpnError::Format),
            Some(letter) if letter == characters[0] => Ok(Self(characters)),
            Some(_) => Err(UpnError::CheckLetter),
        }
    }
}

impl fmt::Debug for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upn(…)")
    }
}

text_serde!(Upn);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_reference_vectors_hold() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../tests/fixtures/identifiers/vectors.json")).unwrap();
        for vector in vectors["upn"].as_array().unwrap() {
            let value = vector["value"].as_str().unwrap();
            assert_eq!(value.parse::<Upn>().is_ok(), vector["valid"].as_bool().unwrap(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_made_number_reads_back(authority in 0_u16..1000, establishment in 0_u16..10_000, year in 0_u8..100, serial in 0_u16..1000) {
            let upn = Upn::from_parts(authority, establishment, year, serial).unwrap();
            prop_assert_eq!(upn.as_str().parse::<Upn>(), Ok(upn));
        }

        #[test]
        fn anything_at_all_is_read_or_refused(text in "\\PC{0,20}") {
            let _ = text.parse::<Upn>();
        }
    }
}
