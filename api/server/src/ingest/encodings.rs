//! Content codings of a body (RFC 9110, 8.4): none, gzip or zstd, one at a time.

use std::io::{self, BufReader, Read};

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use flate2::bufread::MultiGzDecoder;

use super::bodies::Encoded;
use crate::fields::tokens;
use crate::problems::{Kind, Problem};

/// Of 8 MiB, the most that RFC 9659 lets a sender use.
const LARGEST_WINDOW: u32 = 23;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// What `Content-Encoding` says.
pub fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
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

/// What a body says, however it was encoded.
pub(super) enum Decoder {
    Identity(Encoded),
    Gzip(Box<MultiGzDecoder<BufReader<Encoded>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Encoded>>>),
}

impl Decoder {
    pub(super) fn new(coding: Coding, encoded: Encoded) -> io::Result<Self> {
        Ok(match coding {
            Coding::Identity => Self::Identity(encoded),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(BufReader::new(encoded)))),
            Coding::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(BufReader::new(encoded))?;
                decoder.window_log_max(LARGEST_WINDOW)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    pub(super) fn encoded(&self) -> &Encoded {
        match self {
            Self::Identity(encoded) => encoded,
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    pub(super) fn into_encoded(self) -> Encoded {
        match self {
            Self::Identity(encoded) => encoded,
            Self::Gzip(decoder) => decoder.into_inner().into_inner(),
            Self::Zstd(decoder) => decoder.finish().into_inner(),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Identity(encoded) => encoded.read(out),
            Self::Gzip(decoder) => decoder.read(out),
            Self::Zstd(decoder) => decoder.read(out),
        }
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
