//! Why a command failed, in one line for a person to read.

use client::ClientError;

use crate::demonstration::LayOutError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    LayOut(#[from] LayOutError),
    #[error(transparent)]
    Configuration(#[from] server::ConfigurationError),
    #[error(transparent)]
    Start(#[from] server::StartError),
    #[error(transparent)]
    Telemetry(#[from] server::TelemetryError),
    #[error(transparent)]
    Rotation(#[from] trust::RotationError),
    #[error(transparent)]
    Command(#[from] server::CommandError),
    #[error(transparent)]
    File(#[from] trust::FileError),
    #[error("{0}")]
    Output(#[from] std::io::Error),
    #[error("{0}")]
    Other(String),
}
