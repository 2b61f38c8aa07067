//! `Content-Encoding`: none, gzip or zstd, one at a time.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use exchange::Coding;

use crate::fields::tokens;
use crate::problems::{Kind, Problem};

/// What `Content-Encoding` says.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let mut codings = tokens(headers, CONTENT_ENCODING.as_str());
    codings.retain(|coding| coding != "identity");
    match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Coding::Identity),
        ["gzip" | "x-gzip"] => Ok(Coding::Gzip),
        ["zstd"] => Ok(Coding::Zstd),
        _ => Err(Problem::new(Kind::UnsupportedEncoding)
            .detail("A body is sent as it is, or in one of gzip and zstd.")
            .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Result<Coding, Kind> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
        }
        coding(&headers).map_err(|problem| problem.kind())
    }

    #[test]
    fn one_known_coding_is_understood_and_two_are_not() {
        for lines in [&[][..], &["identity"], &[""]] {
            assert_eq!(read(lines), Ok(Coding::Identity), "{lines:?}");
        }
        for lines in [&["gzip"][..], &["GZip"], &["x-gzip"], &["identity, gzip"]] {
            assert_eq!(read(lines), Ok(Coding::Gzip), "{lines:?}");
        }
        assert_eq!(read(&["zstd"]), Ok(Coding::Zstd));
        for lines in [&["br"][..], &["deflate"], &["gzip, zstd"], &["gzip", "gzip"], &["gzip zstd"]] {
            assert_eq!(read(lines), Err(Kind::UnsupportedEncoding), "{lines:?}");
        }
    }
}
