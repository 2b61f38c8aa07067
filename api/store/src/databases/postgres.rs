use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sql_types::Bool;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::MigrationHarness;
use tokio::sync::Semaphore;

use super::sqlite;
use crate::StoreError;
use crate::audit::LogLimits;
use crate::migrations::{Applied, Migrations};
use crate::transactions::{Handle, Tx};
use crate::vault::Vault;

/// Connections for transactions, and more for submissions that are being staged.
const TURNS: u32 = 16;
const STAGINGS: u32 = 4;
/// Transactions that may run or wait for a connection; one more is `Busy`.
const QUEUE: usize = 1024;
const WAIT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 5;

pub(crate) type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool<ConnectionManager<PgConnection>>,
    /// Keeps blocking threads from piling up behind the pool.
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let pool = Pool::builder()
            .max_size(TURNS + STAGINGS)
            .connection_customizer(Box::new(Timeouts))
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            .build(ConnectionManager::<PgConnection>::new(url))
            .map_err(|error| StoreError::Away(error.to_string()))?;
        let mut connection = pool.get().map_err(|error| StoreError::Away(error.to_string()))?;
        if may_create(&mut connection)? {
            migrate(&mut connection)?;
        } else {
            check_migrated(&mut connection)?;
        }
        Ok(Self { pool, running: Arc::new(Semaphore::new(TURNS as usize)), waiting: Arc::new(Semaphore::new(QUEUE)) })
    }

    pub(crate) fn connection(&self) -> Result<Pooled, StoreError> {
        self.pool.get().map_err(|error| StoreError::Away(error.to_string()))
    }

    pub(super) async fn write<T, W>(&self, vault: Arc<Vault>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |connection| with_retries(connection, &vault, work)).await
    }

    pub(super) async fn read<T, W>(&self, vault: Arc<Vault>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |connection| read(connection, &vault, work)).await
    }

    pub(super) fn read_blocking<T>(&self, vault: &Vault, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        read(&mut *self.connection()?, vault, work)
    }

    async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut PgConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let _place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.running).acquire_owned()).await;
        let _turn = turn.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Busy)?;
        let pool = self.pool.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut connection = pool.get().map_err(|error| StoreError::Away(error.to_string()))?;
            work(&mut connection)
        });
        task.await.map_err(|_| StoreError::Away("the task was stopped".into()))?
    }
}

/// Several gateways may start at once: one migrates, the others wait and find it done.
fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    Applied::read(Handle::Postgres(connection))?.refuse_older()?;
    connection.batch_execute("SET lock_timeout = 0; SELECT pg_advisory_lock(7364656)")?;
    let migrated = connection.run_pending_migrations(Migrations).map(|_| ()).map_err(|error| StoreError::SetUp(error.to_string()));
    connection.batch_execute("SELECT pg_advisory_unlock(7364656); SET lock_timeout = '10s'")?;
    migrated
}

fn may_create(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(diesel::select(sql::<Bool>("has_schema_privilege('public', 'CREATE')")).get_result(connection)?)
}

/// Checks, for a role that may not create tables, that the owner has created them.
fn check_migrated(connection: &mut PgConnection) -> Result<(), StoreError> {
    let behind =
        || StoreError::SetUp("its tables are not those of this version: run `sendbridge migrate` with [database] owner_url".into());
    let applied = Applied::read(Handle::Postgres(connection)).map_err(|_| behind())?;
    applied.refuse_older()?;
    if applied.are_all() { Ok(()) } else { Err(behind()) }
}

/// The rights that serving needs: to read and write everything but the log, to add to the log, to take leaves off the
/// queue, and to prune by the one function that keeps to retention.
const GRANTS: &str = "
    GRANT USAGE ON SCHEMA public TO @role@;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO @role@;
    REVOKE ALL ON audit_leaf, audit_entry, audit_node, audit_pending, audit_retention, __diesel_schema_migrations FROM @role@;
    GRANT SELECT, INSERT ON audit_leaf, audit_entry, audit_node TO @role@;
    GRANT SELECT, INSERT, DELETE ON audit_pending TO @role@;
    GRANT SELECT ON audit_retention, __diesel_schema_migrations TO @role@;
    GRANT EXECUTE ON FUNCTION audit_prune(BIGINT) TO @role@;";

/// Creates the tables as their owner. Then, in one transaction, gives the serving role its rights and sets the log's
/// retention.
pub(super) fn prepare(url: &str, owner: &str, limits: LogLimits) -> Result<(), StoreError> {
    let connect = |url: &str| PgConnection::establish(url).map_err(|error| StoreError::Away(error.to_string()));
    // Quoted as an SQL identifier.
    let role = |connection: &mut PgConnection| sql_query("SELECT quote_ident(current_user) AS value").get_result::<Line>(connection);
    let serving = role(&mut connect(url)?)?.value;
    let mut connection = connect(owner)?;
    if serving != role(&mut connection)?.value {
        migrate(&mut connection)?;
        connection.transaction(|connection| {
            connection.batch_execute(&GRANTS.replace("@role@", &serving))?;
            connection.batch_execute(&sqlite::keep_for(limits))
        })?;
    } else if may_create(&mut connection)? {
        migrate(&mut connection)?;
        connection.batch_execute(&sqlite::keep_for(limits))?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

fn read<T>(connection: &mut PgConnection, vault: &Vault, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let work = |connection: &mut PgConnection| work(&mut Tx { handle: Handle::Postgres(connection), vault });
    connection.build_transaction().read_only().repeatable_read().run(work)
}

/// A transaction that is run again after a serialization failure, a deadlock or an unknown key.
pub(crate) fn with_retries<T>(
    connection: &mut PgConnection,
    vault: &Vault,
    work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    let mut newer = None;
    loop {
        let vault = newer.as_deref().unwrap_or(vault);
        let result = connection.transaction(|connection| work(&mut Tx { handle: Handle::Postgres(connection), vault }));
        match result {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => attempt += 1,
            // Another gateway already uses a newer key: the keys are asked for again, once.
            Err(StoreError::UnknownKey(id)) if newer.is_none() => newer = Some(vault.reread().ok_or(StoreError::UnknownKey(id))?),
            result => return result,
        }
    }
}

/// Limits how long a connection waits, runs a statement or idles, so that none is held for ever.
#[derive(Debug)]
struct Timeouts;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Timeouts {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute("SET lock_timeout = '10s'; SET statement_timeout = '300s'; SET idle_in_transaction_session_timeout = '60s';")
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
