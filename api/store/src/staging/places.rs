//! Where the rows of a submission are collected. While one batch is written, the next is read and sealed.

use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{StagedRow, TABLES, staged};
use crate::StoreError;
use crate::databases::postgres::Pooled;
use crate::databases::sqlite::{connect, create_private};
use crate::transactions::Handle;

const OVER: StoreError = StoreError::Corrupt("staging is over");

pub(super) enum Place {
    /// The lock tells other processes that the file is in use.
    Sqlite {
        path: PathBuf,
        connection: Option<SqliteConnection>,
        _lock: std::fs::File,
    },
    Postgres(Pooled),
}

impl Place {
    pub(super) fn file(path: &Path) -> Result<Self, StoreError> {
        let lock = create_private(path)?;
        lock.lock()?;
        let mut connection = connect(path)?;
        connection.batch_execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;")?;
        connection.batch_execute(&TABLES.replace("KIND", "").replace("BYTES", "BLOB"))?;
        Ok(Self::Sqlite { path: path.to_path_buf(), connection: Some(connection), _lock: lock })
    }

    pub(super) fn temporary(mut connection: Pooled) -> Result<Self, StoreError> {
        // First removes whatever an earlier submission left on this connection.
        connection.batch_execute("DISCARD TEMPORARY")?;
        connection.batch_execute(&TABLES.replace("KIND", "TEMPORARY").replace("BYTES", "BYTEA"))?;
        Ok(Self::Postgres(connection))
    }

    pub(super) fn handle(&mut self) -> Result<Handle<'_>, StoreError> {
        match self {
            Self::Sqlite { connection, .. } => connection.as_mut().map(Handle::Sqlite).ok_or(OVER),
            Self::Postgres(connection) => Ok(Handle::Postgres(connection)),
        }
    }

    fn write(&mut self, rows: &[StagedRow]) -> Result<(), StoreError> {
        match self.handle()? {
            Handle::Sqlite(connection) => diesel::insert_into(staged::table).values(rows).execute(connection)?,
            Handle::Postgres(connection) => diesel::copy_from(staged::table).from_insertable(rows).execute(connection)?,
        };
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Sqlite { path, connection, .. } = self {
            connection.take();
            if let Err(error) = std::fs::remove_file(&*path) {
                tracing::warn!(%error, "a staged file could not be removed");
            }
        }
    }
}

/// A place, or the thread that writes to it.
pub(super) struct Desk {
    place: Option<Place>,
    writer: Option<JoinHandle<Result<Place, StoreError>>>,
}

impl Desk {
    pub(super) fn new(place: Place) -> Self {
        Self { place: Some(place), writer: None }
    }

    /// The place, once the running write has ended. After a failed write there is none.
    pub(super) fn place(&mut self) -> Result<&mut Place, StoreError> {
        if let Some(writer) = self.writer.take() {
            self.place = Some(writer.join().map_err(|_| StoreError::Corrupt("the writer of staged rows ended"))??);
        }
        self.place.as_mut().ok_or(OVER)
    }

    /// Starts to write rows, once those before them are written: at most two batches are in memory.
    pub(super) fn write(&mut self, rows: Vec<StagedRow>) -> Result<(), StoreError> {
        self.place()?;
        let mut place = self.place.take().ok_or(OVER)?;
        let write = move || place.write(&rows).map(|()| place);
        self.writer = Some(Builder::new().name("staged-rows".to_owned()).spawn(write)?);
        Ok(())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Waits for the writer, so that nothing is left once this is dropped.
        let _ = self.place();
    }
}
