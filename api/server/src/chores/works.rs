//! Works on submissions that a gateway broke off.

use chrono::{DateTime, TimeDelta, Utc};
use exchange::Trouble;
use exchange::{Store, StoreError};
use trust::Clock;

use crate::state::State;

/// A work whose gateway has not said for so long that it is at it is given up.
const STILL: TimeDelta = TimeDelta::seconds(30);

/// On an embedded database no work outlives the process: at the start, all that is left is dead.
pub(crate) async fn end_what_was_interrupted(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    if store.is_embedded() { end(store, clock.now()).await } else { Ok(()) }
}

/// Ends what another gateway was working on when it stopped, so that it can be sent again.
pub(super) async fn end_still_works(state: &State) -> Result<(), Trouble> {
    Ok(end(&state.store, state.clock.now() - STILL).await?)
}

async fn end(store: &Store, before: DateTime<Utc>) -> Result<(), StoreError> {
    let ended = exchange::end_interrupted_works(store, before).await?;
    if ended > 0 {
        tracing::warn!(ended, "works on submissions were broken off");
    }
    Ok(())
}
