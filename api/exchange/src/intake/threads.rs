//! Work that blocks, off the threads that must not.

use crate::troubles::Trouble;

/// Does work on a thread of its own. Begun, it goes on though nobody waits for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(Trouble::internal)?
}
