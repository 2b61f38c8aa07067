//! An operator's commands, beside a running gateway: the same configuration, no listener.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::operations::Operation;
use domain::{KeyPurpose, ReleaseId, RetentionReport};
use exchange::{AuditCheck, AuditReport, Journal, Store, StoreError};
use exchange::{Building, CallContext, NeededKeys};
use trust::{CheckpointError, CheckpointKeys, Clock, Ids, KeysError, PartnershipError, Retirement, watch_partnership};

use crate::configuration::Configuration;
use crate::routes;
use exchange::{GatewaySecrets, read_secrets};

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Partnership(#[from] PartnershipError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("a release cannot be as of a day to come")]
    DayToCome,
    #[error("the command was broken off")]
    Broken(#[from] tokio::task::JoinError),
}

/// Brings the tables up to date. It blocks.
pub fn migrate(configuration: &Configuration) -> Result<(), CommandError> {
    configuration.prepare_database()?;
    open(configuration, &Clock::system()).map(|(store, _)| store.close())
}

/// Checks the whole audit log, and whether it extends a checkpoint. It blocks, and writes nothing.
pub fn verify_audit(configuration: &Configuration, clock: &Clock, against: Option<&Path>) -> Result<AuditReport, CommandError> {
    let against = match against {
        None => None,
        Some(path) => Some(CheckpointKeys::read(&configuration.keys, &configuration.audit.origin, clock.now())?.open(path)?),
    };
    let check = AuditCheck { now: clock.now(), keep_days: configuration.audit.keep_days, against };
    Ok(exchange::verify_audit(&configuration.database.url.expose(), check)?)
}

/// The papers for an information governance lead, from the partnership file. It opens no database, and blocks.
pub fn assurance_documents(configuration: &Configuration) -> Result<Vec<(&'static str, String)>, CommandError> {
    let partnership = watch_partnership(&configuration.partnership, configuration.authorities())?.live().load_full();
    Ok(documents::assurance_papers(&partnership))
}

/// Builds and publishes the release of a day.
pub async fn build_release(configuration: &Configuration, clock: Clock, as_of: NaiveDate) -> Result<ReleaseId, CommandError> {
    if as_of > domain::london_day(clock.now()) {
        return Err(CommandError::DayToCome);
    }
    let (read, now) = (configuration.clone(), clock.clone());
    let (opened, partnership) = tokio::task::spawn_blocking(move || {
        let partnership = watch_partnership(&read.partnership, read.authorities())?.live().load_full();
        Ok::<_, CommandError>((open(&read, &now)?, partnership))
    })
    .await??;
    let (store, secrets) = opened;
    let building = Building { id: ReleaseId(Ids::new(clock.clone()).next()), partnership, as_of, now: clock.now() };
    let built = exchange::build_release(&store, secrets.release.clone(), building).await;
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(built?)
}

/// Deletes records past their retention, or says what it would delete.
pub async fn run_retention(configuration: &Configuration, clock: Clock, dry_run: bool) -> Result<RetentionReport, CommandError> {
    let (read, clock_of_keys) = (configuration.clone(), clock.clone());
    let (store, partnership) = tokio::task::spawn_blocking(move || {
        let partnership = watch_partnership(&read.partnership, read.authorities())?.live().load_full();
        Ok::<_, CommandError>((open(&read, &clock_of_keys)?.0, partnership))
    })
    .await??;
    let cx = CallContext::of_gateway(partnership, Operation::RunRetention, Ids::new(clock.clone()).next(), clock.now());
    let report = exchange::run_retention(&store, cx, &configuration.retention, dry_run).await;
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(report?)
}

/// Removes each old key that nothing needs from its file. It blocks.
pub fn retire(configuration: &Configuration, clock: &Clock, named: Option<KeyPurpose>) -> Result<Retirement, CommandError> {
    let (store, _) = open(configuration, clock)?;
    let retired = NeededKeys::read(&store, &Journal::new(&configuration.database.tombstones))
        .map_err(CommandError::from)
        .and_then(|needed| Ok(trust::retire(&configuration.keys, clock.now(), named, |purpose, id| needed.check_unneeded(purpose, id))?));
    store.close();
    retired
}

/// The contract, exactly as it is committed.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&routes::document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The page of the formats, with links to a folder of samples for each.
pub fn formats_page() -> String {
    documents::formats_page(str::to_owned)
}

/// Opens the store, with the keys as they are now.
fn open(configuration: &Configuration, clock: &Clock) -> Result<(Store, Arc<GatewaySecrets>), CommandError> {
    let secrets = Arc::new(read_secrets(&configuration.keys, &configuration.audit.origin, clock.clone())?);
    let vault = Arc::clone(&secrets.vault);
    Ok((Store::open(&configuration.database.url.expose(), move || Arc::clone(&vault))?, secrets))
}
