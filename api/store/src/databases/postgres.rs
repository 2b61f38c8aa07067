use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::sync::Semaphore;

use crate::StoreError;
use crate::transactions::{Handle, Tx};
use crate::vault::Vault;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Connections for transactions, and as many again as bodies may be staged at the same time.
const TURNS: u32 = 16;
const STAGINGS: u32 = 4;
/// Transactions that may run or wait for a connection; one more is `Busy`.
const QUEUE: usize = 1024;
const WAIT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 5;

pub(crate) type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool<ConnectionManager<PgConnection>>,
    /// Keeps blocking threads from piling up behind the pool.
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let pool = Pool::builder()
            .max_size(TURNS + STAGINGS)
            .connection_customizer(Box::new(Patience))
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            .build(ConnectionManager::<PgConnection>::new(url))
            .map_err(|error| StoreError::Away(error.to_string()))?;
        let mut connection = pool.get().map_err(|error| StoreError::Away(error.to_string()))?;
        // Several gateways may start at once: one migrates, the others wait and find it done.
        connection.batch_execute("SET lock_timeout = 0; SELECT pg_advisory_lock(7364656)")?;
        let migrated = connection.run_pending_migrations(MIGRATIONS).map(|_| ()).map_err(|error| StoreError::SetUp(error.to_string()));
        connection.batch_execute("SELECT pg_advisory_unlock(7364656); SET lock_timeout = '10s'")?;
        migrated?;
        Ok(Self { pool, running: Arc::new(Semaphore::new(TURNS as usize)), waiting: Arc::new(Semaphore::new(QUEUE)) })
    }

    pub(super) fn connection(&self) -> Result<Pooled, StoreError> {
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
        let mut connection = self.connection()?;
        read(&mut connection, vault, work)
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
            // Another gateway is ahead in a rotation: its key is asked for once.
            Err(StoreError::UnknownKey(id)) if newer.is_none() => newer = Some(vault.reread().ok_or(StoreError::UnknownKey(id))?),
            result => return result,
        }
    }
}

/// How long a connection waits for what another holds, so that none is held for ever.
#[derive(Debug)]
struct Patience;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Patience {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute("SET lock_timeout = '10s'; SET statement_timeout = '300s'; SET idle_in_transaction_session_timeout = '60s';")
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
