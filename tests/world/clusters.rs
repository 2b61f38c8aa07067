//! The tests' own PostgreSQL: a fresh cluster in a temporary folder, on a free port of loopback. It ends
//! with the process. If it cannot be started, the tests fail.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::HANG;

pub struct Cluster {
    port: u16,
    data: PathBuf,
    databases: AtomicU32,
}

impl Cluster {
    /// The one cluster of this process.
    pub fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(Self::start)
    }

    /// A cluster that a test may end.
    pub fn own() -> Self {
        Self::start()
    }

    /// Tells the server to end when its sessions have ended. Until then it refuses new ones (SQLSTATE 57P03).
    pub fn shut_down(&self) {
        let process = std::fs::read_to_string(self.data.join("postmaster.pid")).expect("a running server");
        let process = process.lines().next().expect("its number");
        assert!(Command::new("kill").args(["-TERM", process]).status().expect("kill").success());
    }

    pub fn fresh_database(&self) -> String {
        let name = format!("world_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        let mut connection = PgConnection::establish(&self.url("postgres")).expect("the cluster");
        connection.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        self.url(&name)
    }

    /// The folder of the cluster's files, including the log.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The output of `pg_dump` for a database.
    pub fn backup(url: &str) -> Vec<u8> {
        let output = Command::new(binaries().join("pg_dump")).arg(url).output().expect("pg_dump");
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn start() -> Self {
        let binaries = binaries();
        sweep();
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir().expect("a folder for the cluster").keep();
        let owner = owner_of_cluster();
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).expect("the folder's owner");
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("the folder's mode");
        let data = folder.join("data");
        let mut initdb = as_owner(&binaries.join("initdb"), owner, false);
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--pgdata"]).arg(&data);
        let made = initdb.stdout(Stdio::null()).output().expect("initdb");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let (socket, kept) = (folder.clone(), data.clone());
        // The server ends with the thread that started it, and this thread ends with the process.
        std::thread::spawn(move || {
            let mut server = as_owner(&binaries.join("postgres"), owner, true);
            server.arg("-D").arg(&data).arg("-k").arg(&socket).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
            server.args(["-c", "fsync=off", "-c", "max_connections=400", "-c", "log_min_messages=fatal"]);
            let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres");
            let _ = server.wait();
            let _ = std::fs::remove_dir_all(folder);
        });
        let cluster = Self { port, data: kept, databases: AtomicU32::new(0) };
        let began = Instant::now();
        while PgConnection::establish(&cluster.url("postgres")).is_err() {
            assert!(began.elapsed() < HANG, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster
    }
}

/// The start of the names of clusters' folders. The id of the process that started the cluster follows.
const PREFIX: &str = "sendbridge-cluster-";

/// Removes the clusters of processes that have ended: they had no time to clear up.
fn sweep() {
    let folders = std::fs::read_dir(std::env::temp_dir()).expect("the folder for temporary files");
    for folder in folders.flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')).map(|(process, _)| process.to_owned());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is not installed: run tests/run, which installs it");
    let mut found: Vec<_> =
        versions.flatten().map(|version| version.path().join("bin")).filter(|folder| folder.join("initdb").exists()).collect();
    found.sort();
    found.pop().expect("PostgreSQL is not installed: run tests/run, which installs it")
}

/// PostgreSQL refuses to run as root, so root runs it as the user that its package made.
fn owner_of_cluster() -> Option<(u32, u32)> {
    let root = std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).expect("/proc") == 0;
    let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let postgres = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == "postgres");
    root.then(|| postgres.map(|fields| (fields[2].parse().expect("a user id"), fields[3].parse().expect("a group id"))))?
}

fn as_owner(program: &Path, owner: Option<(u32, u32)>, dies_with_parent: bool) -> Command {
    let mut command = Command::new("setpriv");
    if let Some((user, group)) = owner {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    }
    if dies_with_parent {
        command.arg("--pdeathsig=INT");
    }
    command.arg("--").arg(program);
    command
}
