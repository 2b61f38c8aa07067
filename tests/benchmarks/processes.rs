//! The real binary, in its own process.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use integration_tests::today;
use sendbridge::demonstration::{LayOut, lay_out};
use tempfile::TempDir;

use crate::Result;

/// A gateway that serves a fresh demonstration.
pub(crate) struct Served {
    process: Child,
    folder: TempDir,
    pub(crate) api: SocketAddr,
    operations: SocketAddr,
    pub(crate) ready_in: Duration,
}

impl Served {
    /// Starts the gateway, and waits until it is ready.
    pub(crate) fn start(database_url: Option<String>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (api, operations) = (free_address()?, free_address()?);
        let mut options = LayOut { api_listen: api, operations_listen: operations, ..LayOut::new(today()) };
        if let Some(url) = database_url {
            options.database_url = url;
        }
        lay_out(&folder.path().join("partnership"), &options)?;
        let began = Instant::now();
        let config = folder.path().join("partnership/gateway.toml");
        let process =
            Command::new(binary()?).arg("serve").arg("--config").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        while !is_ready(operations) {
            if began.elapsed() > Duration::from_secs(30) {
                return Err("the gateway does not get ready".into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Self { process, folder, api, operations, ready_in: began.elapsed() })
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("partnership")
    }

    /// Runs the operator's command.
    pub(crate) fn build_release(&self, as_of: NaiveDate) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.args(["release", "build", "--as-of", &as_of.to_string(), "--config"]).arg(self.dir().join("gateway.toml"));
        if command.stdout(Stdio::null()).status()?.success() { Ok(()) } else { Err("the release was not built".into()) }
    }

    /// Runs the operator's command.
    pub(crate) fn rotate_keys(&self, key: &str, delay: u32) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.args(["keys", "rotate", "--key", key, "--delay", &delay.to_string(), "--config"]).arg(self.dir().join("gateway.toml"));
        if command.stdout(Stdio::null()).status()?.success() { Ok(()) } else { Err("the key was not changed".into()) }
    }

    /// How many values the metrics say are under keys that are no longer in force.
    pub(crate) async fn left_to_reseal(&self) -> Result<u64> {
        let metrics = reqwest::get(format!("http://{}/metrics", self.operations)).await?.text().await?;
        let counts = metrics.lines().filter(|line| line.starts_with("sendbridge_values_left_to_reseal{"));
        Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// Resident memory now, in MiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    /// The highest resident memory so far, in MiB.
    pub(crate) fn peak(&self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    /// The processor time used so far, to a hundredth of a second.
    pub(crate) fn processor(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<_> = stat.rsplit_once(')').ok_or("no such field")?.1.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().map(|at| fields.get(*at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0)).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    fn memory(&self, field: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such field")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name("sendbridge");
    if path.exists() { Ok(path) } else { Err("build it first: cargo build --release -p sendbridge".into()) }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn is_ready(operations: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(operations) else { return false };
    let mut answer = [0; 12];
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}
