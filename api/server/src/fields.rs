//! Header fields whose values have a structure.

use actix_web::http::header::HeaderMap;
use sfv::{Dictionary, Parser};

/// A dictionary of RFC 9651, on one or more lines; `None` if there is none.
pub(crate) fn dictionary(headers: &HeaderMap, name: &str) -> Option<Result<Dictionary, sfv::Error>> {
    let lines: Vec<&[u8]> = headers.get_all(name).map(|line| line.as_bytes()).collect();
    (!lines.is_empty()).then(|| Parser::new(&lines.join(&b", "[..])).parse())
}

/// The members of a list of tokens, such as `Content-Encoding`, in lower case and without parameters. What is not text
/// becomes an unknown member.
pub(crate) fn tokens(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).map(|line| line.to_str().unwrap_or("?"));
    let members = lines.flat_map(|line| line.split(',')).map(|member| member.split(';').next().unwrap_or_default().trim());
    members.filter(|member| !member.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// Whether `Prefer` (RFC 7240) asks for an answer before the work is done.
pub(crate) fn prefers_async(headers: &HeaderMap) -> bool {
    tokens(headers, "prefer").iter().any(|preference| preference == "respond-async")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn a_preference_is_found_among_others_whatever_its_case() {
        for (line, prefers) in [
            ("respond-async", true),
            ("wait=10, Respond-Async", true),
            ("return=minimal,respond-async;x=1", true),
            ("respond-asynchronously", false),
            ("wait=10", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(HeaderName::from_static("prefer"), HeaderValue::from_static(line));
            assert_eq!(prefers_async(&headers), prefers, "{line}");
        }
    }
}
