//! The person behind a call: `Sendbridge-Actor: id="kt-204", role="ehc-coordinator", reason="…"`, a structured field (RFC
//! 9651). A token names a system, but the log must name a person.

use actix_web::http::header::HeaderMap;
use domain::{Actor, NhsNumber};
use sfv::{BareItem, Dictionary, ListEntry};

use crate::fields::dictionary;
use crate::problems::{Kind, Problem};

/// The name of the field.
pub(crate) const HEADER: &str = "sendbridge-actor";

/// The longest value, in characters.
const LONGEST: usize = 200;

/// The person for whom the client acts.
pub(crate) fn actor_of(headers: &HeaderMap) -> Result<Actor, Problem> {
    let Some(fields) = dictionary(headers, HEADER) else {
        return Err(Problem::new(Kind::ActorMissing)
            .detail("Name the person in Sendbridge-Actor: id, role and reason; role=\"system\" for an unattended call."));
    };
    let fields = fields.map_err(|_| malformed("It is not a dictionary of RFC 9651."))?;
    Ok(Actor { id: value(&fields, "id")?, role: value(&fields, "role")?, reason: value(&fields, "reason")? })
}

fn value(fields: &Dictionary, name: &str) -> Result<String, Problem> {
    let Some(ListEntry::Item(item)) = fields.get(name) else {
        return Err(malformed("It has id, role and reason, each a string."));
    };
    let BareItem::String(text) = &item.bare_item else {
        return Err(malformed("Its id, role and reason are strings, in double quotes."));
    };
    let text = text.as_str();
    if text.trim().is_empty() || text.len() > LONGEST {
        return Err(malformed("Each of its values has 1 to 200 characters."));
    }
    if holds_an_nhs_number(text) {
        return Err(malformed("It holds what reads as an NHS number: a reason names a case, not a child."));
    }
    Ok(text.to_owned())
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(Kind::ActorMalformed).detail(detail)
}

// Ten digits on their own, in one group or in several with one other character between.
fn holds_an_nhs_number(text: &str) -> bool {
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    (0..groups.len()).any(|start| {
        let mut digits = String::new();
        for group in groups[start..].iter().take_while(|group| !group.is_empty()) {
            digits.push_str(group);
            if digits.len() >= 10 {
                break;
            }
        }
        digits.parse::<NhsNumber>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn actor(lines: &[&str]) -> Result<Actor, Kind> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(HEADER), HeaderValue::from_str(line).unwrap());
        }
        actor_of(&headers).map_err(|problem| problem.kind())
    }

    #[test]
    fn the_documented_field_is_read() {
        let expected = Actor { id: "kt-204".into(), role: "ehc-coordinator".into(), reason: "assessment C-1".into() };
        assert_eq!(actor(&[r#"id="kt-204", role="ehc-coordinator", reason="assessment C-1""#]), Ok(expected.clone()));
        assert_eq!(actor(&[r#"id="kt-204""#, r#"role="ehc-coordinator", reason="assessment C-1""#]), Ok(expected));
    }

    #[test]
    fn no_field_is_missing_and_a_wrong_one_malformed() {
        assert_eq!(actor(&[]), Err(Kind::ActorMissing));
        let long = format!(r#"id="{}", role="r", reason="x""#, "a".repeat(201));
        for wrong in [
            "",
            "id",
            "kt-204",
            r#"id="kt-204", role="r""#,
            r#"id=kt-204, role="r", reason="x""#,
            r#"id=("kt-204"), role="r", reason="x""#,
            r#"id="", role="r", reason="x""#,
            r#"id="  ", role="r", reason="x""#,
            "id=\"a\tb\", role=\"r\", reason=\"x\"",
            r#"id="kt-204", role="r", reason="x"#,
            &long,
        ] {
            assert_eq!(actor(&[wrong]), Err(Kind::ActorMalformed), "{wrong}");
        }
    }

    #[test]
    fn an_nhs_number_in_it_is_refused() {
        for reason in ["9990000018", "child 9990000018 called", "999 000 0018", "re:999-000-0018.", "a 12 9990000018"] {
            let field = format!(r#"id="kt-204", role="r", reason="{reason}""#);
            assert_eq!(actor(&[&field]), Err(Kind::ActorMalformed), "{reason}");
        }
        for reason in ["case 9990000019", "C-1 of 2026-11-02", "19990000018", "0123456789012345"] {
            let field = format!(r#"id="kt-204", role="r", reason="{reason}""#);
            assert!(actor(&[&field]).is_ok(), "{reason}");
        }
    }
}
