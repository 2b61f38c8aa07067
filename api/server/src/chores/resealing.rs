//! Seals stored values again under the keys in force, while there are older ones.

use std::sync::Arc;
use std::time::Duration;

use exchange::Trouble;
use tokio::time::{Instant, sleep};

use crate::state::State;

/// The rest between two passes.
const REST: Duration = Duration::from_secs(5);

/// The rest once nothing was left: work that began before may have ended since.
const LONG_REST: Duration = Duration::from_secs(60);

pub(super) struct Resealing {
    state: Arc<State>,
    /// Whether a change of keys is under way.
    is_rotating: bool,
    /// The keys in force when nothing was left, and when that was.
    done: Option<((u32, u32), Instant)>,
}

impl Resealing {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, is_rotating: false, done: None }
    }

    /// Makes one pass over everything, if it is time for one. It logs once that nothing is left.
    pub(super) async fn turn(&mut self) -> Result<(), Trouble> {
        let State { store, journal, metrics, .. } = &*self.state;
        let vault = store.vault();
        if !vault.is_rotating() {
            if self.is_rotating {
                metrics.left_to_reseal(&[]);
                exchange::end_rotation(store).await?;
                self.is_rotating = false;
            }
            return Ok(());
        }
        let keys = vault.in_force();
        match self.done {
            Some((under, at)) if under == keys && at.elapsed() < LONG_REST => return Ok(()),
            None if self.is_rotating => sleep(REST).await,
            _ => {}
        }
        self.is_rotating = true;
        let before = self.done.take();
        if exchange::reseal(store, journal, |left| metrics.left_to_reseal(left)).await? == 0 {
            if before.is_none_or(|(under, _)| under != keys) {
                tracing::info!("every stored value is under the keys in force: older ones can be retired");
            }
            self.done = Some((keys, Instant::now()));
        }
        Ok(())
    }
}
