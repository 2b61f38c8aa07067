//! Ends work on submissions that a gateway broke off.

use chrono::{DateTime, TimeDelta, Utc};
use exchange::Trouble;
use exchange::{Store, StoreError};
use trust::Clock;

use crate::state::State;

/// Work is given up if its gateway has not reported on it for this long.
const STILL: TimeDelta = TimeDelta::seconds(30);

/// At the start, ends all work that is left: on an embedded database none outlives the process.
pub(crate) async fn end_what_was_interrupted(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    if store.is_embedded() { end(store, clock.now()).await } else { Ok(()) }
}

/// Ends work whose gateway has stopped, so that the submission can be sent again.
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
