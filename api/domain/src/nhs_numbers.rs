//! NHS numbers: ten digits, the tenth a Modulus 11 check digit (NHS Data Dictionary, NHS NUMBER).

use std::fmt;
use std::str::FromStr;

/// A number that passes the check. It never prints itself: use [`NhsNumber::as_str`] where the
/// number itself is meant to leave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NhsNumber([u8; 10]);

/// Why a text is no NHS number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NhsNumberError {
    #[error("an NHS number is ten digits")]
    Format,
    #[error("the check digit does not match the other nine")]
    CheckDigit,
    #[error("all zeros is never issued")]
    AllZeros,
}

/// Where a number is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Issued in England, or on the Isle of Man.
    Issued,
    /// Reserved for test.
    Test,
    /// Scotland's Community Health Index, or Northern Ireland's health and care number.
    OtherNation,
    /// No number of the range is issued.
    Unused,
}

impl NhsNumber {
    /// The ten digits, without spaces.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number whose first nine digits are given, or `None` where none is issued for them
    /// (check digit 10) or they are more than nine.
    pub fn from_first_nine(nine: u32) -> Option<Self> {
        if nine == 0 || nine > 999_999_999 {
            return None;
        }
        let mut digits = [0_u8; 10];
        let mut rest = nine;
        for slot in digits[..9].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        digits[9] = b'0' + check_digit(&digits)?;
        Some(Self(digits))
    }

    /// Who issues the numbers of its range (reference, 2.1).
    pub fn origin(&self) -> Origin {
        origin_of(self.as_str())
    }

    /// Whether the number lies in the range that is reserved for test (999 000 0000 and above).
    pub fn is_test(&self) -> bool {
        self.0.starts_with(b"999")
    }
}

fn origin_of(digits: &str) -> Origin {
    match digits.parse::<u64>().unwrap_or(0) {
        9_990_000_000..=9_999_999_999 => Origin::Test,
        4_000_000_000..=4_999_999_999 | 6_000_000_000..=7_999_999_999 => Origin::Issued,
        101_000_000..=3_112_999_999 | 3_200_000_010..=3_999_999_999 => Origin::OtherNation,
        _ => Origin::Unused,
    }
}

/// `None` stands for 10: such a number is never issued.
fn check_digit(digits: &[u8; 10]) -> Option<u8> {
    let sum: u32 = digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        digit => u8::try_from(digit).ok(),
    }
}

impl FromStr for NhsNumber {
    type Err = NhsNumberError;

    /// Reads ten digits, with or without the spaces of the 3-3-4 display format.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digits = [0_u8; 10];
        let mut count = 0;
        for byte in text.bytes().filter(|byte| *byte != b' ') {
            if !byte.is_ascii_digit() || count == 10 {
                return Err(NhsNumberError::Format);
            }
            digits[count] = byte;
            count += 1;
        }
        if count != 10 {
            return Err(NhsNumberError::Format);
        }
        if digits == [b'0'; 10] {
            return Err(NhsNumberError::AllZeros);
        }
        match check_digit(&digits) {
            Some(check) if digits[9] == b'0' + check => Ok(Self(digits)),
            _ => Err(NhsNumberError::CheckDigit),
        }
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhsNumber(…)")
    }
}

text_serde!(NhsNumber);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_reference_vectors_hold() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../tests/fixtures/identifiers/vectors.json")).unwrap();
        for vector in vectors["nhs_number"].as_array().unwrap() {
            let value = vector["value"].as_str().unwrap();
            assert_eq!(value.parse::<NhsNumber>().is_ok(), vector["valid"].as_bool().unwrap(), "{value}");
        }
    }

    #[test]
    fn all_zeros_passes_the_arithmetic_and_is_refused_by_rule() {
        assert_eq!("0000000000".parse::<NhsNumber>(), Err(NhsNumberError::AllZeros));
    }

    /// Tests ranges only, so that no number that somebody may have is written here.
    #[test]
    fn the_ranges_are_told_apart() {
        let ranges = [
            ("0100999999", Origin::Unused),
            ("0101000000", Origin::OtherNation),
            ("3112999999", Origin::OtherNation),
            ("3113000000", Origin::Unused),
            ("3200000010", Origin::OtherNation),
            ("3999999999", Origin::OtherNation),
            ("4000000000", Origin::Issued),
            ("4999999999", Origin::Issued),
            ("5000000000", Origin::Unused),
            ("6000000000", Origin::Issued),
            ("7999999999", Origin::Issued),
            ("8000000000", Origin::Unused),
            ("9989999999", Origin::Unused),
            ("9990000000", Origin::Test),
        ];
        for (digits, origin) in ranges {
            assert_eq!(origin_of(digits), origin, "{digits}");
        }
    }

    #[test]
    fn spaces_of_the_display_format_are_read() {
        assert_eq!("999 000 0018".parse::<NhsNumber>().unwrap().as_str(), "9990000018");
    }

    #[test]
    fn a_number_never_prints_itself() {
        assert!(!format!("{:?}", "9990000018".parse::<NhsNumber>().unwrap()).contains("999"));
    }

    proptest! {
        #[test]
        fn no_single_wrong_digit_passes(nine in 1_u32..999_999_999, position in 0_usize..10, step in 1_u8..10) {
            if let Some(number) = NhsNumber::from_first_nine(nine) {
                let mut digits = number.as_str().as_bytes().to_vec();
                digits[position] = b'0' + (digits[position] - b'0' + step) % 10;
                prop_assert!(String::from_utf8(digits).unwrap().parse::<NhsNumber>().is_err());
            }
        }

        #[test]
        fn anything_at_all_is_read_or_refused(text in ".*") {
            if let Ok(number) = text.parse::<NhsNumber>() {
                prop_assert_eq!(number.as_str().parse::<NhsNumber>(), Ok(number));
            }
        }
    }
}
