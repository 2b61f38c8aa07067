//! Values that follow their files: keys, the partnership, certificates and revocation lists.

use std::fmt::Display;
use std::sync::Arc;

use trust::Watch;

use super::runner::Failure;

/// Takes over what has changed. If it cannot be read, the present value stays in force.
pub(super) async fn look<T, E>(watch: &Arc<Watch<T, E>>) -> Result<(), Failure>
where
    T: Send + Sync + 'static,
    E: Display + Send + 'static,
{
    let looking = Arc::clone(watch);
    let looked = tokio::task::spawn_blocking(move || looking.look()).await.map_err(Failure::new)?;
    let has_changed = looked.map_err(|error| Failure::new(format_args!("not reloaded, what was in force stays: {error}")))?;
    if has_changed {
        tracing::info!(name = watch.name(), "reloaded");
    }
    Ok(())
}
