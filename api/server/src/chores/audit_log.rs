//! The gateway's care of the audit log: it appends entries each second, and signs checkpoints.

use std::sync::Arc;

use exchange::Trouble;
use trust::replace_file;

use super::runner::Failure;
use crate::state::State;

/// Appends the entries that wait, and checks whether too many still do.
pub(super) async fn append(state: &State) -> Result<(), Trouble> {
    let appended = exchange::append_audit(&state.store).await;
    let looked = exchange::watch_backlog(&state.store, state.configuration.audit.limits()).await;
    appended.and(looked)
}

/// The file of the latest signed checkpoint, with its public keys beside it.
pub(super) struct CheckpointFile {
    state: Arc<State>,
    /// The size that was written last, and the keys that signed it.
    written: Option<(u64, Vec<String>)>,
}

impl CheckpointFile {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, written: None }
    }

    /// Writes the checkpoint of what is appended, unless the last one had this size and these keys.
    pub(super) async fn export(&mut self) -> Result<(), Failure> {
        let head = exchange::tree_head(&self.state.store).await?;
        let keys = self.state.checkpoints.keys();
        let now = Some((head.size, keys.public()));
        if self.written == now {
            return Ok(());
        }
        let (path, text) = (self.state.configuration.audit.checkpoint_file.clone(), keys.sign(head));
        let public = keys.public().join("\n") + "\n";
        let written = tokio::task::spawn_blocking(move || {
            replace_file(&path.with_extension("pub"), public.as_bytes())?;
            replace_file(&path, text.as_bytes())
        });
        written.await.map_err(Failure::new)?.map_err(Failure::new)?;
        self.written = now;
        Ok(())
    }
}

/// Appends the entries that wait and writes the last checkpoint, before the gateway stops.
pub(crate) async fn finish(state: &Arc<State>) {
    if let Err(error) = exchange::append_audit(&state.store).await {
        tracing::warn!(error = error.in_full(), "the audit log could not be appended to its end");
    }
    if let Err(error) = CheckpointFile::new(Arc::clone(state)).export().await {
        tracing::warn!(%error, "the last checkpoint could not be written");
    }
}
