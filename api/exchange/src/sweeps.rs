//! Forgets idempotency keys and client assertions that are no longer needed.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{RetentionClass, RetentionPeriods};
use store::Store;

use crate::troubles::Trouble;

/// A claim on an idempotency key that is older than this belongs to work that is dead.
const CLAIM: TimeDelta = TimeDelta::minutes(30);

/// How long an expired assertion is remembered. No gateway's clock is so far behind another's that it would accept one
/// again.
const EXPIRED: TimeDelta = TimeDelta::minutes(10);

/// Forgets idempotency keys whose work is dead, and answers that are past their retention.
pub async fn sweep_claims(store: &Store, periods: &RetentionPeriods, now: DateTime<Utc>) -> Result<(), Trouble> {
    sweep(store, periods, now, now - CLAIM).await
}

/// The same when the gateway starts, before anybody can claim a key. On an embedded database no work outlives the
/// process, so every claim that is left is dead, however new.
pub async fn sweep_left_claims(store: &Store, periods: &RetentionPeriods, now: DateTime<Utc>) -> Result<(), Trouble> {
    if store.is_embedded() { sweep(store, periods, now, now).await } else { Ok(()) }
}

async fn sweep(store: &Store, periods: &RetentionPeriods, now: DateTime<Utc>, unsettled: DateTime<Utc>) -> Result<(), Trouble> {
    let answered = now - TimeDelta::days(periods.days(RetentionClass::IdempotencyAnswers).into());
    store.sweep_claims(unsettled, answered).await?;
    Ok(())
}

/// Forgets the client assertions that expired.
pub async fn sweep_assertions(store: &Store, now: DateTime<Utc>) -> Result<(), Trouble> {
    store.sweep_assertions(now - EXPIRED).await?;
    Ok(())
}
