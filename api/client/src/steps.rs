//! How a caller is told of a submission's progress.

use std::sync::Arc;

use domain::SubmissionId;

/// How far a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many bytes of the file have been taken so far. A retry starts again from nothing.
    Sent(u64),
    /// The gateway has the file, and works on it under this id.
    Begun(SubmissionId),
    /// So far the gateway has read so many of its bytes and rows.
    Read { bytes: u64, of: u64, records: u64 },
}

/// Told of each step.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;
