//! The real binary in its own process, which can be killed like a power cut.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sendbridge::demonstration::{LayOut, lay_out};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{Cluster, Database, HANG, Persona, today};

/// The real binary, serving a fresh demonstration on its own addresses, which stay the same from one
/// start to the next.
pub struct Process {
    child: Option<Child>,
    api: SocketAddr,
    operations: SocketAddr,
    configuration: &'static str,
    folder: Arc<TempDir>,
}

impl Process {
    /// Lays out a demonstration and serves it.
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| {}).await
    }

    /// Serves a demonstration whose files are changed first.
    pub async fn start_with(database: Database, change: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the demonstration");
        let (api, operations) = (free_address(), free_address());
        let mut options = LayOut { api_listen: api, operations_listen: operations, ..LayOut::new(today()) };
        if database == Database::Postgres {
            options.database_url = Cluster::shared().fresh_database();
        }
        lay_out(&folder.path().join("partnership"), &options).expect("a demonstration");
        change(&folder.path().join("partnership"));
        let mut process = Self { child: None, api, operations, configuration: "gateway.toml", folder: Arc::new(folder) };
        process.serve().await;
        process
    }

    /// A second process on the same files and the same database, as a replica is.
    pub async fn replica(&self) -> Self {
        const CONFIGURATION: &str = "replica.toml";
        let (api, operations) = (free_address(), free_address());
        let own = std::fs::read_to_string(self.dir().join(self.configuration)).expect("the configuration");
        let replicas = own.replace(&self.api.to_string(), &api.to_string()).replace(&self.operations.to_string(), &operations.to_string());
        std::fs::write(self.dir().join(CONFIGURATION), replicas).expect("the replica's configuration");
        let mut process = Self { child: None, api, operations, configuration: CONFIGURATION, folder: Arc::clone(&self.folder) };
        process.serve().await;
        process
    }

    /// Runs the binary on the existing files, and waits until it is ready.
    pub async fn serve(&mut self) {
        let mut command = Command::new(binary());
        command.arg("serve").arg("--config").arg(self.dir().join(self.configuration));
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).expect("a file for the log");
        let both = log.try_clone().expect("the log again");
        self.child = Some(command.stdin(Stdio::null()).stdout(both).stderr(log).spawn().expect("the binary, run"));
        // Tests share the process: only the first one installs it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let began = Instant::now();
        let ready = format!("http://{}/health/ready", self.operations);
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(began.elapsed() < HANG, "the gateway does not get ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills it at once (SIGKILL): it writes not one more byte.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("the process, killed");
        }
    }

    /// Everything that it has written so far to standard output and standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    /// What it tells its operators.
    pub async fn operations(&self, path: &str) -> String {
        let answer = reqwest::get(format!("http://{}{path}", self.operations)).await.expect("the operations listener");
        answer.text().await.expect("a text")
    }

    pub fn binary(&self) -> PathBuf {
        binary()
    }

    pub fn api_address(&self) -> SocketAddr {
        self.api
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("partnership")
    }

    /// One of the demonstration's clients.
    pub fn persona(&self, client_id: &str) -> Persona {
        Persona::of(&self.dir(), client_id, self.api)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command of the real binary to its end.
pub fn run_command(arguments: &[&std::ffi::OsStr]) -> std::process::Output {
    Command::new(binary()).args(arguments).stdin(Stdio::null()).output().expect("the binary, run")
}

/// The binary of the same build: one folder above a test, or in the same folder as a program.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("the test's own path");
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join("sendbridge")).find(|path| path.is_file());
    found.expect("there is no sendbridge beside the tests: cargo build -p sendbridge, or run tests/run, which does")
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
