use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use diesel_migrations::MigrationHarness;
use domain::SubmissionId;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::audit::LogLimits;
use crate::migrations::{Applied, Migrations};
use crate::transactions::{Handle, Tx};
use crate::vault::Vault;

/// Transactions that may wait for the writer; one more is `Busy`.
const QUEUE: usize = 1024;
/// The most transactions that are committed together.
const GROUP: usize = 256;
const READERS: u32 = 4;
const WAIT: Duration = Duration::from_secs(3);
/// Page caches in KiB: caps, filled only as far as the data reaches.
const WRITER_CACHE: u32 = 8 * 1024;
const READER_CACHE: u32 = 2 * 1024;

/// FULL, because an acknowledged commit must survive a power cut. `secure_delete` overwrites what is deleted, because a
/// free page would keep an erased value.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                       PRAGMA secure_delete = ON;";

/// Tells a transaction's caller the result, once its group is committed or has failed.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Job {
    Grouped(Box<dyn FnOnce(&mut SqliteConnection) -> Reply + Send>),
    /// Runs outside a transaction, which attaching a file and a checkpoint both need.
    Alone(Box<dyn FnOnce(&mut SqliteConnection) + Send>),
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

type Readers = Pool<ConnectionManager<SqliteConnection>>;

pub(crate) struct Sqlite {
    path: PathBuf,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Option<Readers>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = migrated(path)?;
        connection.batch_execute(&format!("PRAGMA cache_size = -{WRITER_CACHE}"))?;
        sweep_staging(path)?;

        let readers = Pool::builder()
            .max_size(READERS)
            .min_idle(Some(0))
            .connection_timeout(WAIT)
            .connection_customizer(Box::new(ReadOnly))
            .build(ConnectionManager::new(url(path)))
            .map_err(|error| StoreError::SetUp(error.to_string()))?;
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let writer = std::thread::Builder::new().name("store-writer".into()).spawn(move || write_jobs(connection, waiting))?;
        Ok(Self {
            path: path.to_path_buf(),
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Some(readers)),
        })
    }

    /// Where a submission is staged: a file beside the database, removed when it is done.
    pub(crate) fn staging_path(&self, submission: SubmissionId) -> PathBuf {
        let mut name = staging_prefix(&self.path);
        name.push(submission.to_string());
        self.path.with_file_name(name)
    }

    pub(super) async fn write<T, W>(&self, vault: Arc<Vault>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = move |connection: &mut SqliteConnection| -> Reply {
            let result = connection.transaction(|connection| work(&mut Tx { handle: Handle::Sqlite(connection), vault: &vault }));
            Box::new(move |committed| {
                let _ = tell.send(committed.and(result));
            })
        };
        self.queue()?.try_send(Job::Grouped(Box::new(job))).map_err(|error| refused(&error))?;
        told.await.map_err(|_| stopped())?
    }

    pub(super) fn write_with_attached<T, W>(&self, vault: Arc<Vault>, path: PathBuf, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = move |connection: &mut SqliteConnection| {
            let attached = diesel::sql_query("ATTACH DATABASE ? AS stage")
                .bind::<diesel::sql_types::Text, _>(path.to_string_lossy())
                .execute(connection);
            let result = attached.map_err(StoreError::from).and_then(|_| {
                connection.immediate_transaction(|connection| work(&mut Tx { handle: Handle::Sqlite(connection), vault: &vault }))
            });
            let detached = connection.batch_execute("DETACH DATABASE stage");
            if let Err(error) = detached {
                tracing::warn!(%error, "a staged file could not be detached");
            }
            let _ = tell.send(result);
        };
        self.queue()?.blocking_send(Job::Alone(Box::new(job))).map_err(|_| stopped())?;
        told.blocking_recv().map_err(|_| stopped())?
    }

    pub(super) async fn read<T, W>(&self, vault: Arc<Vault>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = self.readers()?;
        let task = tokio::task::spawn_blocking(move || read(&readers, &vault, work));
        task.await.map_err(|_| stopped())?
    }

    pub(super) fn read_blocking<T>(&self, vault: &Vault, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        read(&self.readers()?, vault, work)
    }

    fn readers(&self) -> Result<Readers, StoreError> {
        lock(&self.readers).clone().ok_or_else(stopped)
    }

    /// Moves the write-ahead log into the database, so that the log keeps nothing that was deleted. Answers whether it
    /// did: it does not wait for readers, and the log cannot be emptied while one uses it.
    pub(super) async fn fold(&self) -> Result<bool, StoreError> {
        let (tell, told) = oneshot::channel();
        let job = move |connection: &mut SqliteConnection| {
            let folded = connection
                .batch_execute("PRAGMA busy_timeout = 0")
                .and_then(|()| diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(connection));
            let patient = connection.batch_execute("PRAGMA busy_timeout = 10000");
            let _ = tell.send(patient.and(folded).map(|checkpoint| checkpoint.busy == 0).map_err(StoreError::from));
        };
        self.queue()?.send(Job::Alone(Box::new(job))).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }

    /// Finishes the queue, moves the write-ahead log into the one file and closes it.
    pub(super) fn close(&self) {
        lock(&self.readers).take();
        lock(&self.jobs).take();
        if let Some(writer) = lock(&self.writer).take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended badly");
        }
    }

    fn queue(&self) -> Result<mpsc::Sender<Job>, StoreError> {
        lock(&self.jobs).clone().ok_or_else(stopped)
    }
}

fn read<T>(readers: &Readers, vault: &Vault, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut connection = readers.get().map_err(|_| StoreError::Busy)?;
    connection.transaction(|connection| work(&mut Tx { handle: Handle::Sqlite(connection), vault }))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn stopped() -> StoreError {
    StoreError::Away("the store is closed".into())
}

fn refused(error: &mpsc::error::TrySendError<Job>) -> StoreError {
    match error {
        mpsc::error::TrySendError::Full(_) => StoreError::Busy,
        mpsc::error::TrySendError::Closed(_) => stopped(),
    }
}

fn url(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Creates the tables, and sets how long the audit log keeps bodies.
pub(super) fn prepare(path: &Path, limits: LogLimits) -> Result<(), StoreError> {
    Ok(migrated(path)?.batch_execute(&keep_for(limits))?)
}

/// Opens the database, or creates it, with its tables up to date. One of an earlier version is refused before anything
/// is written, even the setting for a write-ahead log.
fn migrated(path: &Path) -> Result<SqliteConnection, StoreError> {
    if path.exists() {
        Applied::read(Handle::Sqlite(&mut connect_to_read(path)?))?.refuse_older()?;
    } else {
        create_private(path)?;
    }
    let mut connection = connect(path)?;
    connection.batch_execute(PRAGMAS)?;
    connection.run_pending_migrations(Migrations).map_err(|error| StoreError::SetUp(error.to_string()))?;
    Ok(connection)
}

/// Sets how long bodies are kept. Writes only where that changes.
pub(super) fn keep_for(LogLimits { keep_days, .. }: LogLimits) -> String {
    format!(
        "INSERT INTO audit_retention (id, keep_days) VALUES (1, {keep_days})
         ON CONFLICT (id) DO UPDATE SET keep_days = excluded.keep_days WHERE audit_retention.keep_days <> excluded.keep_days"
    )
}

/// Opens an existing database to read it. Not one byte of its file is changed, whoever else uses it.
pub(crate) fn connect_to_read(path: &Path) -> Result<SqliteConnection, StoreError> {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        uri.push_str(&format!("%{byte:02x}"));
    }
    let mut log = path.as_os_str().to_os_string();
    log.push("-wal");
    // Without a write-ahead log nobody has it open, and a reader would create one that it may not remove.
    let mode = if Path::new(&log).exists() { "?mode=ro" } else { "?mode=ro&immutable=1" };
    SqliteConnection::establish(&(uri + mode)).map_err(|error| StoreError::Away(error.to_string()))
}

pub(crate) fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    SqliteConnection::establish(&url(path)).map_err(|error| StoreError::Away(error.to_string()))
}

/// Creates a file that only its owner may use, before SQLite would create it for everyone. Fails where it exists:
/// closing a second descriptor of a database drops the locks that the process has on it.
pub(crate) fn create_private(path: &Path) -> Result<std::fs::File, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?)
}

fn staging_prefix(path: &Path) -> std::ffi::OsString {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push("-staged-");
    name
}

/// Removes staging files that a crash left behind. Files that another process is using are locked, and stay.
fn sweep_staging(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = staging_prefix(path);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes()) {
            let file = std::fs::File::open(entry.path())?;
            if file.try_lock().is_ok() {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Takes all waiting jobs, commits them together, then tells each caller the result.
fn write_jobs(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job>) {
    let mut next = waiting.blocking_recv();
    while let Some(job) = next.take() {
        match job {
            Job::Alone(job) => job(&mut connection),
            Job::Grouped(first) => {
                let mut replies = Vec::new();
                let committed = connection.immediate_transaction(|connection| {
                    replies.push(first(connection));
                    while replies.len() < GROUP {
                        match waiting.try_recv() {
                            Ok(Job::Grouped(job)) => replies.push(job(connection)),
                            Ok(alone) => {
                                next = Some(alone);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    Ok::<(), diesel::result::Error>(())
                });
                let failure = committed.err().map(|error| error.to_string());
                for tell in replies {
                    tell(failure.clone().map_or(Ok(()), |reason| Err(StoreError::Away(reason))));
                }
            }
        }
        if next.is_none() {
            next = waiting.blocking_recv();
        }
    }
    if let Err(error) = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the log could not be folded into the database");
    }
}

#[derive(Debug)]
struct ReadOnly;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for ReadOnly {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(&format!("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE};"))
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
