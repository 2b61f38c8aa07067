//! The content of a body: decoded within limits, and fingerprinted.

use std::io::{self, Read, Seek};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};

use super::bodies::Encoded;
use super::encodings::{Coding, Decoder};
use super::progress::Progress;
use super::refusals::broken;
use crate::spools::SpoolReader;
use crate::troubles::{Kind, Trouble};

/// Any body may decode to this many bytes: small files compress well.
const ALWAYS: u64 = 1 << 20;

/// The most that a body may decode to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// In bytes.
    pub(super) most: u64,
    /// As a multiple of the bytes that came.
    pub(super) expansion: u64,
}

/// A body that is coming in, decoded as it is read.
pub(super) struct Incoming {
    decoder: Decoder,
    bounds: Bounds,
    hash: Context,
    length: u64,
    failure: Option<Trouble>,
}

impl Incoming {
    /// The hash starts with `query`, so that it covers the whole request.
    pub(super) fn new(encoded: Encoded, coding: Coding, bounds: Bounds, query: &str) -> Result<Self, Trouble> {
        let mut hash = Context::new(&SHA256);
        hash.update(query.as_bytes());
        hash.update(b"\0");
        let decoder = Decoder::new(coding, encoded).map_err(Trouble::internal)?;
        Ok(Self { decoder, bounds, hash, length: 0, failure: None })
    }

    /// Why reading failed, if it did.
    pub(super) fn take_failure(&mut self) -> Option<Trouble> {
        self.failure.take()
    }

    /// Reads what is left, compares the digests and returns the hash of all of it.
    pub(super) fn finish(mut self) -> Result<store::Fingerprint, Trouble> {
        if let Err(error) = io::copy(&mut self, &mut io::sink()) {
            return Err(self.failure.take().unwrap_or_else(|| broken(error)));
        }
        self.decoder.into_encoded().check()?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(self.hash.finish().as_ref());
        Ok(fingerprint)
    }

    /// Refuses a body that decodes to too much.
    fn check(&self) -> Result<(), Trouble> {
        let came = self.decoder.encoded().came();
        if self.length > self.bounds.most {
            return Err(Trouble::new(Kind::BodyTooLarge)
                .detail(format!("A body is at most {} bytes, decoded as well as encoded.", self.bounds.most)));
        }
        if self.length > ALWAYS.max(came.saturating_mul(self.bounds.expansion)) {
            return Err(Trouble::new(Kind::BodyExpands)
                .detail(format!("A body may grow to {} times its size when it is decoded.", self.bounds.expansion)));
        }
        Ok(())
    }
}

impl Read for Incoming {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::Error::other("the body cannot be read"));
        }
        let read = self.decoder.read(out).inspect_err(|error| {
            let lost = self.decoder.encoded().is_lost();
            let undecodable = Trouble::new(Kind::UndecodableBody)
                .detail("It is broken off, damaged, or followed by something else; nothing of it was kept.");
            self.failure = Some(if lost { broken(error) } else { undecodable.cause(error) });
        })?;
        self.length += read as u64;
        if let Err(trouble) = self.check() {
            self.failure = Some(trouble);
            return Err(io::Error::other("the body is too large"));
        }
        self.hash.update(&out[..read]);
        Ok(read)
    }
}

/// What an adapter reads: a body that is coming in, or one that has come.
pub(super) enum Content {
    Coming(Incoming),
    Here { reader: SpoolReader, fingerprint: store::Fingerprint, progress: Arc<Progress> },
}

impl Content {
    /// Where the reader records how far it is.
    pub(super) fn progress(&self) -> Arc<Progress> {
        match self {
            Self::Coming(_) => Arc::default(),
            Self::Here { progress, .. } => Arc::clone(progress),
        }
    }

    pub(super) fn take_failure(&mut self) -> Option<Trouble> {
        match self {
            Self::Coming(incoming) => incoming.take_failure(),
            Self::Here { .. } => None,
        }
    }

    pub(super) fn finish(self) -> Result<store::Fingerprint, Trouble> {
        match self {
            Self::Coming(incoming) => incoming.finish(),
            Self::Here { fingerprint, .. } => Ok(fingerprint),
        }
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Coming(incoming) => incoming.read(out),
            Self::Here { reader, progress, .. } => {
                progress.go_on()?;
                let read = reader.read(out)?;
                progress.reached(reader.stream_position()?);
                Ok(read)
            }
        }
    }
}
