//! How far a body has been read, and whether to go on.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::SubmissionWork;

/// How far a body has been read. The reader writes it, and whoever watches it may stop the reader.
#[derive(Debug, Default)]
pub(super) struct Progress {
    bytes: AtomicU64,
    records: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    pub(super) fn reached(&self, byte: u64) {
        self.bytes.fetch_max(byte, Ordering::Relaxed);
    }

    pub(super) fn record(&self) {
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Fails once the work was stopped.
    pub(super) fn go_on(&self) -> io::Result<()> {
        if self.stopped.load(Ordering::Relaxed) { Err(io::Error::other("the submission was ended")) } else { Ok(()) }
    }

    /// The progress in figures, for a body of this many bytes.
    pub(super) fn work(&self, bytes_total: u64) -> SubmissionWork {
        let (bytes_read, records_read) = (self.bytes.load(Ordering::Relaxed), self.records.load(Ordering::Relaxed));
        SubmissionWork { bytes_total, bytes_read: bytes_read.min(bytes_total), records_read, trouble: None }
    }
}
