//! Runs blocking work away from the threads that must not block.

use crate::troubles::Trouble;

/// Does work on a thread of its own. Once begun, it goes on even if nobody waits for it.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(Trouble::internal)?
}
