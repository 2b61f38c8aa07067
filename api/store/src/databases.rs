//! The two databases and how work reaches them.
//!
//! SQLite has one writer, a thread of its own, fed by a bounded queue. It takes all the transactions
//! that wait, runs each in a savepoint, and commits them together: one sync for many, and never
//! "database is locked" within a process. PostgreSQL has a pool, and every transaction a connection.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::audit::{Backlog, LogLimits};
use crate::transactions::Tx;
use crate::vault::Vault;

/// Brings the tables of `url` up to date and says for how long the audit log keeps what. Where an owner
/// is given, its role does it, and the role of `url` is left with the rights that serving takes: none to
/// change or remove what the log holds. Blocks.
pub fn prepare(url: &str, owner: Option<&str>, limits: LogLimits) -> Result<(), StoreError> {
    if is_postgres(url) {
        postgres::prepare(url, owner.unwrap_or(url), limits)
    } else {
        sqlite::prepare(Path::new(sqlite_path(url)), limits)
    }
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

pub(crate) fn sqlite_path(url: &str) -> &str {
    url.strip_prefix("sqlite:").unwrap_or(url)
}

/// A handle on the store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    vaults: Vaults,
    backlog: Arc<Backlog>,
}

/// Gives the keys that are in force at the moment.
type Vaults = Arc<dyn Fn() -> Arc<Vault> + Send + Sync>;

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(postgres::Postgres),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.database {
            Database::Sqlite(_) => "Store(sqlite)",
            Database::Postgres(_) => "Store(postgres)",
        })
    }
}

impl Store {
    /// Opens `postgres://…`, or else a path as an embedded database, and brings its tables up to
    /// date; a role that may not finds them so, or fails. It asks for the keys at each transaction. Blocks;
    /// call it off the async threads.
    pub fn open(url: &str, vaults: impl Fn() -> Arc<Vault> + Send + Sync + 'static) -> Result<Self, StoreError> {
        let database = if is_postgres(url) {
            Database::Postgres(postgres::Postgres::open(url)?)
        } else {
            Database::Sqlite(Arc::new(sqlite::Sqlite::open(Path::new(sqlite_path(url)))?))
        };
        Ok(Self { database, vaults: Arc::new(vaults), backlog: Arc::default() })
    }

    /// The keys in force at the moment.
    pub fn vault(&self) -> Arc<Vault> {
        (self.vaults)()
    }

    /// Runs work that may write. It is committed when it returns `Ok`, and durable when this
    /// returns; on PostgreSQL it is run again after a serialization failure, so it must not have
    /// effects of its own. While the audit log is behind, nothing is.
    pub async fn transaction<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.backlog.check()?;
        self.write(work).await
    }

    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.write(self.vault(), work).await,
            Database::Postgres(postgres) => postgres.write(self.vault(), work).await,
        }
    }

    /// Runs work that only reads, in one consistent snapshot, beside any writer.
    pub async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.read(self.vault(), work).await,
            Database::Postgres(postgres) => postgres.read(self.vault(), work).await,
        }
    }

    /// [`Store::read`] on this thread.
    pub(crate) fn read_blocking<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.read_blocking(&self.vault(), work),
            Database::Postgres(postgres) => postgres.read_blocking(&self.vault(), work),
        }
    }

    /// Runs work on the embedded writer alone, with another file attached as `stage`. Blocks.
    pub(crate) fn with_attached<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.write_with_attached(self.vault(), path, work),
            Database::Postgres(_) => Err(StoreError::Corrupt("an attached file on PostgreSQL")),
        }
    }

    /// Appends the leaves that wait to the tree; answers whether more may. One gateway at a time does it.
    pub async fn append_audit(&self) -> Result<bool, StoreError> {
        self.write(|tx| tx.append_audit()).await
    }

    /// Looks whether more leaves wait than may, and lets nothing be done that would leave another until
    /// fewer do.
    pub async fn watch_backlog(&self, limits: LogLimits) -> Result<bool, StoreError> {
        let is_behind = self.read(move |tx| tx.is_behind(limits.most_waiting)).await?;
        self.backlog.set(is_behind);
        Ok(is_behind)
    }

    /// Empties the bodies of the oldest leaves that are past retention, at most so many; answers how many.
    pub async fn prune_audit(&self, most: i64) -> Result<u64, StoreError> {
        self.write(move |tx| tx.prune_audit(most)).await
    }

    /// Whether the database is embedded, so that no other gateway stands on it.
    pub fn is_embedded(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// Forgets claims on idempotency keys that were made before an instant and never settled, and
    /// answers that were given before another.
    pub async fn sweep_claims(&self, unsettled: DateTime<Utc>, answered: DateTime<Utc>) -> Result<usize, StoreError> {
        self.transaction(move |tx| tx.sweep_claims(unsettled, answered)).await
    }

    /// Leaves no trace of what was deleted in the embedded database's log; answers whether that is done. The
    /// database itself overwrites what it deletes. PostgreSQL's own log and its vacuum are its operator's matter.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.fold().await,
            Database::Postgres(_) => Ok(true),
        }
    }

    /// Closes the embedded database into its one file. Other handles answer `Away` afterwards.
    pub fn close(&self) {
        if let Database::Sqlite(sqlite) = &self.database {
            sqlite.close();
        }
    }
}
