//! Numbers from spreadsheets and JSON, where text was meant.

use domain::IssueCode;

/// Whole numbers from here on may have been rounded, since a spreadsheet keeps fifteen digits.
const EXACT: f64 = 1e15;

/// The text that a number stands for: `9990000018.0` is `9990000018`.
pub(crate) fn number(value: f64) -> Result<String, IssueCode> {
    if value.is_finite() && value.abs() < EXACT { Ok(value.to_string()) } else { Err(IssueCode::DigitsLost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_it_was_meant_or_not_at_all() {
        let texts: Vec<_> = [9_990_000_018.0, 1.0, 0.5, -3.0, 999_999_999_999_999.0].map(|value| number(value).unwrap()).to_vec();
        assert_eq!(texts, ["9990000018", "1", "0.5", "-3", "999999999999999"]);
        for lost in [1e15, -1e15, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(number(lost), Err(IssueCode::DigitsLost));
        }
    }
}
