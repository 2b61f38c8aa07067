//! Which of a workbook's styles show a number as a date.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::NAME;
use super::parts::{PartWire, attribute};
use crate::bytes::spooled_zip::SpooledZip;
use crate::contract::Unreadable;

/// As many as Excel allows.
const STYLES: usize = 65_536;

/// Whether each cell style shows dates, in the order of the styles' numbers.
pub(super) fn dates(archive: &mut SpooledZip, part: &str) -> Result<Vec<bool>, Unreadable> {
    let mut wire = PartWire::new(archive.part(part)?);
    let mut formats: HashMap<u32, bool> = HashMap::new();
    let mut styles = Vec::new();
    let mut of_cells = false;
    loop {
        match wire.step()? {
            Event::Eof => return Ok(styles),
            Event::Start(element) => {
                let number = |name| attribute(&element, name, 0).map(|value| value.and_then(|value| value.parse::<u32>().ok()));
                match element.local_name().into_inner() {
                    "numFmt" => {
                        let code = attribute(&element, "formatCode", 0)?.unwrap_or_default();
                        if let Some(id) = number("numFmtId")? {
                            formats.insert(id, is_date(&code));
                        }
                    }
                    "cellXfs" => of_cells = true,
                    "xf" if of_cells => {
                        let id = number("numFmtId")?.unwrap_or_default();
                        styles.push(formats.get(&id).copied().unwrap_or(matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)));
                    }
                    _ => {}
                }
                if styles.len() > STYLES || formats.len() > STYLES {
                    return Err(Unreadable::Oversized(NAME));
                }
            }
            Event::End(element) if element.local_name().into_inner() == "cellXfs" => of_cells = false,
            _ => {}
        }
    }
}

/// Whether a number format shows a part of a date, outside quotation marks, brackets and escapes.
fn is_date(code: &str) -> bool {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => while letters.next().is_some_and(|letter| letter != '"') {},
            '[' => while letters.next().is_some_and(|letter| letter != ']') {},
            '\\' | '_' | '*' => {
                letters.next();
            }
            // `General` has none of these letters.
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_of_dates_is_told_from_one_of_numbers() {
        for dates in ["yyyy-mm-dd", "dd/mm/yyyy;@", "[$-809]dd\\ mmmm\\ yyyy", "d-mmm", "yyyy", "[Red]DD.MM.YY"] {
            assert!(is_date(dates), "{dates}");
        }
        for numbers in ["General", "0", "@", "0.00E+00", "#,##0.00\\ \"day\"", "[Red]0", "\"m\"0", "0_m", "\\d0", "[$£-809]#,##0", "\"open"]
        {
            assert!(!is_date(numbers), "{numbers}");
        }
    }
}
