//! The two databases and how work reaches them.
//!
//! SQLite has one writer thread, fed by a bounded queue. It takes all the waiting transactions, runs each in a
//! savepoint, and commits them together: one sync for many, and never "database is locked" within a process. PostgreSQL
//! has a pool, and each transaction a connection of its own.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::audit::{Backlog, LogLimits};
use crate::transactions::Tx;
use crate::vault::Vault;

/// Brings the tables of `url` up to date and sets how long the audit log keeps bodies. Where an owner is given, its
/// role does this, and the role of `url` gets only the rights that serving needs: none to change or delete what the log
/// holds. Blocks.
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
    /// Opens `postgres://…`, or else a path as an embedded database, and brings its tables up to date. A role that may
    /// not create tables fails where they are not. The keys are asked for at each transaction. Blocks: call it off the
    /// async threads.
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

    /// Runs work that may write. It is committed when it returns `Ok`, and durable when this returns. PostgreSQL may
    /// run it again after a serialization failure, so it must have no other effects. While the audit log is behind,
    /// this fails with [`StoreError::LogBehind`].
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

    /// Appends a batch of waiting leaves to the tree, and answers whether more may be waiting. One gateway does it at a
    /// time.
    pub async fn append_audit(&self) -> Result<bool, StoreError> {
        self.write(|tx| tx.append_audit()).await
    }

    /// Checks whether too many leaves are waiting. While they are, [`Store::transaction`] refuses work.
    pub async fn watch_backlog(&self, limits: LogLimits) -> Result<bool, StoreError> {
        let is_behind = self.read(move |tx| tx.is_behind(limits.most_waiting)).await?;
        self.backlog.set(is_behind);
        Ok(is_behind)
    }

    /// Empties the bodies of the oldest leaves past their retention, at most `most`. Answers how many.
    pub async fn prune_audit(&self, most: i64) -> Result<u64, StoreError> {
        self.write(move |tx| tx.prune_audit(most)).await
    }

    /// Whether the database is embedded, so that no other gateway uses it.
    pub fn is_embedded(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// Deletes claims on idempotency keys that were made before `unsettled` and never settled, and all claims made
    /// before `answered`.
    pub async fn sweep_claims(&self, unsettled: DateTime<Utc>, answered: DateTime<Utc>) -> Result<usize, StoreError> {
        self.transaction(move |tx| tx.sweep_claims(unsettled, answered)).await
    }

    /// Removes what was deleted from the embedded database's write-ahead log, and answers whether that is done. The
    /// database file overwrites what it deletes. PostgreSQL's own log and its vacuum are left to its operator.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.fold().await,
            Database::Postgres(_) => Ok(true),
        }
    }

    /// Closes the embedded database, leaving one file. Other handles answer `Away` afterwards.
    pub fn close(&self) {
        if let Database::Sqlite(sqlite) = &self.database {
            sqlite.close();
        }
    }
}
