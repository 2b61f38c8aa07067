//! Text that should be UTF-8 but is often Windows-1252, which Excel on an English Windows writes as "CSV".
//!
//! Each value is judged by itself, so a file that was pasted together from both is read correctly.
//! A value that is UTF-8 stays as it is, since text in Windows-1252 is hardly ever UTF-8 by chance. Any
//! other is read as Windows-1252. A value with one of the five bytes that mean nothing there is refused.

use csv::ByteRecord;
use domain::IssueCode;
use encoding_rs::WINDOWS_1252;

/// The encodings found in one file so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Encodings {
    /// Text beyond ASCII that is UTF-8.
    utf_8: bool,
    windows_1252: bool,
}

impl Encodings {
    /// Makes a record UTF-8, or gives the position of the first value that is in neither encoding.
    pub(crate) fn mend(&mut self, record: &mut ByteRecord) -> Result<(), usize> {
        if record.as_slice().is_ascii() {
            return Ok(());
        }
        let mut converted = false;
        for (position, value) in record.iter().enumerate() {
            if std::str::from_utf8(value).is_ok() {
                self.utf_8 |= !value.is_ascii();
            } else if value.iter().any(|byte| is_undefined(*byte)) {
                return Err(position);
            } else {
                converted = true;
            }
        }
        if converted {
            self.windows_1252 = true;
            *record = record.iter().map(text).collect();
        }
        Ok(())
    }

    /// What to report at the end of a file or table.
    pub(crate) fn issue(self) -> Option<IssueCode> {
        self.windows_1252.then_some(if self.utf_8 { IssueCode::EncodingMixed } else { IssueCode::EncodingConverted })
    }
}

fn text(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(_) => value.to_vec(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(value).0.into_owned().into_bytes(),
    }
}

/// The bytes that Windows-1252 does not define.
fn is_undefined(byte: u8) -> bool {
    matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mended(values: &[&[u8]]) -> (Encodings, Result<Vec<String>, usize>) {
        let mut encodings = Encodings::default();
        let mut record = ByteRecord::from(values);
        let mended = encodings.mend(&mut record);
        (encodings, mended.map(|()| record.iter().map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()))
    }

    #[test]
    fn each_value_is_read_in_the_encoding_that_it_is_in() {
        let (met, record) = mended(&[b"Zo\xEB", "Zoë".as_bytes(), b"\x80 \x93quoted\x94", b"plain"]);
        assert_eq!(record.unwrap(), ["Zoë", "Zoë", "€ “quoted”", "plain"]);
        assert!(met.utf_8 && met.windows_1252);
    }

    #[test]
    fn a_value_in_neither_encoding_is_refused_by_its_position() {
        for byte in [0x81, 0x8D, 0x8F, 0x90, 0x9D] {
            assert_eq!(mended(&[b"R-1", &[b'Z', byte]]).1, Err(1), "{byte:x}");
        }
    }

    #[test]
    fn two_halves_of_a_letter_in_two_values_are_two_letters() {
        let (met, record) = mended(&[b"\xC3", b"\xA9"]);
        assert_eq!(record.unwrap(), ["Ã", "©"]);
        assert!(!met.utf_8);
    }

    proptest! {
        #[test]
        fn utf_8_is_never_touched(values in proptest::collection::vec(".{0,12}", 0..6)) {
            let bytes: Vec<_> = values.iter().map(String::as_bytes).collect();
            let (met, record) = mended(&bytes);
            prop_assert_eq!(record, Ok(values));
            prop_assert!(!met.windows_1252);
        }

        #[test]
        fn distinct_values_of_windows_1252_stay_distinct(one in "[\u{c0}-\u{ff}]{1,8}", other in "[\u{c0}-\u{ff}]{1,8}") {
            let bytes = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect::<Vec<_>>();
            let record = mended(&[&bytes(&one), &bytes(&other)]).1.unwrap();
            prop_assert_eq!(record, [one, other]);
        }
    }
}
