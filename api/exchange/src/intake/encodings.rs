//! How a body is encoded (RFC 9110, 8.4): not at all, by gzip or by zstd, one at a time.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::bodies::Encoded;

/// As a power of 2: 8 MiB, the most that RFC 9659 lets a sender use.
const LARGEST_WINDOW: u32 = 23;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// Decodes a body as it is read.
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
