//! What an operator does beside a running gateway: the same configuration, no listener.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::identifiers::ReleaseId;
use store::{AuditReport, Store, StoreError};

use crate::clocks::{Clock, Ids};
use crate::configuration::Configuration;
use crate::keys::KeysError;
use crate::partnership::{self, PartnershipError};
use crate::releases::{self, Building};
use crate::routes;
use crate::secrets::{self, Secrets};

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Partnership(#[from] PartnershipError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("a release cannot be as of a day to come")]
    DayToCome,
    #[error("the command was broken off")]
    Broken(#[from] tokio::task::JoinError),
}

/// Brings the tables up to date. It blocks.
pub fn migrate(configuration: &Configuration) -> Result<(), OperationError> {
    open(configuration, &Clock::system()).map(|(store, _)| store.close())
}

/// Looks through the whole audit log. It blocks.
pub fn verify_audit(configuration: &Configuration) -> Result<AuditReport, OperationError> {
    let (store, _) = open(configuration, &Clock::system())?;
    let report = store.verify_audit()?;
    store.close();
    Ok(report)
}

/// Builds and publishes the release of a day.
pub async fn build_release(configuration: &Configuration, clock: Clock, as_of: NaiveDate) -> Result<ReleaseId, OperationError> {
    if as_of > domain::dates::london_day(clock.now()) {
        return Err(OperationError::DayToCome);
    }
    let (read, now) = (configuration.clone(), clock.clone());
    let (opened, partnership) = tokio::task::spawn_blocking(move || {
        let partnership = partnership::watch(&read.partnership, read.authorities())?.live().load_full();
        Ok::<_, OperationError>((open(&read, &now)?, partnership))
    })
    .await??;
    let (store, secrets) = opened;
    let building = Building { id: ReleaseId(Ids::new(clock.clone()).next()), partnership, as_of, now: clock.now() };
    let built = releases::build_release(&store, secrets.release.clone(), building).await;
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(built?)
}

/// The contract's document, as it is committed.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&routes::document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The store, and the keys as they are now.
pub(crate) fn open(configuration: &Configuration, clock: &Clock) -> Result<(Store, Arc<Secrets>), OperationError> {
    let secrets = Arc::new(secrets::read(&configuration.keys, clock.clone())?);
    let vault = Arc::clone(&secrets.vault);
    Ok((Store::open(&configuration.database.url.expose(), move || Arc::clone(&vault))?, secrets))
}
