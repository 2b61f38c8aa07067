//! How a caller is told about a submission's progress.

use std::sync::Arc;

use domain::SubmissionId;

/// How far a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// How many bytes of the file have been sent so far. A retry starts again from zero.
    Sent(u64),
    /// The gateway has the file, and works on it under this id.
    Begun(SubmissionId),
    /// How many of the file's bytes and rows the gateway has read so far.
    Read { bytes: u64, of: u64, records: u64 },
}

/// Called at each step.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;
