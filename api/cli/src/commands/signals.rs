//! Signals to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Completes once the process is interrupted or terminated. It listens from this call on.
pub(super) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
