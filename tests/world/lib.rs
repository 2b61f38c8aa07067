//! A gateway for tests: a demonstration partnership in its own folder, on embedded SQLite or on
//! PostgreSQL, on free ports, with a persona for each client. Personas use the contract over mutual TLS
//! and know nothing of the gateway's code.

#![expect(clippy::expect_used, clippy::panic, reason = "a world that cannot be made fails its test")]

mod choosers;
mod clusters;
mod databases;
mod hands;
pub mod logs;
mod personas;
mod processes;
pub mod records;
mod sizes;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use domain::KeyPurpose;
use sendbridge::demonstration::{LayOut, lay_out};
use serde_json::Value;
use server::{CommandError, Configuration, Gateway};
use store::AuditReport;
use tempfile::TempDir;
use trust::{Clock, LEAST_DELAY, Retirement, Rotation, RotationError};

pub use choosers::Chooser;
pub use clusters::Cluster;
pub use personas::{ACTOR, Answer, Call, GUARDIAN, Persona};
pub use processes::{Process, run_command};
pub use sizes::short_or_whole;

use hands::Hands;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A running gateway and everything around it.
pub struct World {
    pub gateway: Gateway,
    pub configuration: Configuration,
    folder: TempDir,
    hands: Arc<Hands>,
    database: Database,
    url: String,
}

impl World {
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| {}).await
    }

    /// A fresh gateway whose configuration is changed first.
    pub async fn start_with(database: Database, change: impl FnOnce(&mut Configuration)) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the world");
        let (url, options) = {
            let url = match database {
                Database::Sqlite => "data/sendbridge.db".to_owned(),
                Database::Postgres => Cluster::shared().fresh_database(),
            };
            (url.clone(), LayOut { database_url: url, ..LayOut::new(today()) })
        };
        let path = folder.path().join("partnership");
        lay_out(&path, &options).expect("a demonstration");
        let mut configuration = Configuration::read(&path.join("gateway.toml")).expect("its configuration");
        configuration.api.listen.set_port(0);
        configuration.operations.listen.set_port(0);
        change(&mut configuration);
        let hands = Arc::<Hands>::default();
        let gateway = server::start(configuration.clone(), hands.clock()).await.expect("a gateway");
        Self { gateway, configuration, folder, hands, database, url }
    }

    /// Stops the gateway and starts it again on the same files and database.
    pub async fn restart(self) -> Self {
        let Self { gateway, configuration, folder, hands, database, url } = self;
        gateway.stop().await;
        let gateway = server::start(configuration.clone(), hands.clock()).await.expect("a gateway again");
        Self { gateway, configuration, folder, hands, database, url }
    }

    /// Stops the gateway and answers its configuration and folder. The folder exists while it is held.
    pub async fn stop(self) -> (Configuration, TempDir) {
        self.gateway.stop().await;
        (self.configuration, self.folder)
    }

    /// A second gateway on the same database and files, as a replica is.
    pub async fn replica(&self) -> Gateway {
        server::start(self.configuration.clone(), self.hands.clock()).await.expect("a replica")
    }

    /// The gateway's clock, set some time ahead.
    pub fn clock(&self, ahead: Duration) -> Clock {
        let clock = self.hands.clock();
        Clock::new(move || clock.now() + ahead)
    }

    /// Adds new keys, as the operator's command does, and answers what it prints.
    pub async fn rotate(&self, purpose: Option<KeyPurpose>, confirm_fresh_noise: bool) -> Result<Vec<String>, RotationError> {
        let rotation = Rotation { purpose, delay: LEAST_DELAY, confirm_fresh_noise };
        let (configuration, clock) = (self.configuration.clone(), self.clock(Duration::zero()));
        tokio::task::spawn_blocking(move || trust::rotate(&configuration.keys, clock.now(), &rotation)).await.expect("the command, run")
    }

    /// Removes the old keys that nothing needs, as the operator's command would some time later.
    pub async fn retire(&self, purpose: Option<KeyPurpose>, ahead: Duration) -> Retirement {
        let (configuration, clock) = (self.configuration.clone(), self.clock(ahead));
        let retired = tokio::task::spawn_blocking(move || server::retire(&configuration, &clock, purpose)).await;
        retired.expect("the command, run").expect("an answer")
    }

    /// How many stored values are under envelope or look-up keys older than the given ones.
    pub fn values_under_older_keys(&self, envelope: u32, look_up: u32) -> i64 {
        let literal = |key: u32| match self.database {
            Database::Sqlite => format!("X'{key:08x}'"),
            Database::Postgres => format!("'\\x{key:08x}'::bytea"),
        };
        let count = |table: &str, column: &str, at: u8, key: u32| {
            format!("(SELECT count(*) FROM {table} WHERE substr({column}, {at}, 4) < {})", literal(key))
        };
        let mut counts = Vec::new();
        for (table, column, indexes) in store::sealed_columns() {
            counts.push(count(table, column, 2, envelope));
            counts.extend(indexes.iter().map(|index| count(table, index, 1, look_up)));
        }
        self.ask_database(&format!("SELECT {}", counts.join(" + ")))
    }

    /// Moves the gateway's clock on.
    pub fn pass(&self, time: Duration) {
        self.hands.pass(time);
    }

    /// Stops the gateway's clock: from now on only [`Self::pass`] moves it.
    pub fn stop_clock(&self) {
        self.hands.stop();
    }

    pub fn database(&self) -> Database {
        self.database
    }

    /// The path or the address of the database.
    pub fn database_url(&self) -> &str {
        &self.url
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("partnership")
    }

    /// One of the demonstration's clients.
    pub fn persona(&self, client_id: &str) -> Persona {
        self.persona_at(client_id, &self.gateway)
    }

    /// One of the demonstration's clients, at a replica.
    pub fn persona_at(&self, client_id: &str, gateway: &Gateway) -> Persona {
        Persona::of(&self.dir(), client_id, gateway.api_address())
    }

    /// A client that trusts the gateway and has no certificate.
    pub fn nobody(&self) -> Persona {
        let authority = std::fs::read(self.dir().join("pki").join("ca.pem")).expect("the authority");
        Persona::new("nobody", self.gateway.api_address(), &authority, None)
    }

    /// A client that trusts the gateway and shows any certificate (PEM, with its key).
    pub fn bearer_of(&self, identity: &str) -> Persona {
        let authority = std::fs::read(self.dir().join("pki").join("ca.pem")).expect("the authority");
        Persona::new("somebody", self.gateway.api_address(), &authority, Some(identity.as_bytes()))
    }

    /// Changes the partnership file. The gateway reads it again within 2 seconds.
    pub fn change_partnership(&self, change: impl FnOnce(&str) -> String) {
        let path = &self.configuration.partnership;
        let before = std::fs::read_to_string(path).expect("the partnership file");
        let after = change(&before);
        assert_ne!(before, after, "a change that changes nothing");
        // Replaced in one step: no reader finds half a file.
        let new = path.with_extension("new");
        std::fs::write(&new, after).and_then(|()| std::fs::rename(&new, path)).expect("the partnership file, changed");
    }

    /// Gives a client other scopes, and waits until the gateway grants them.
    pub async fn grant(&self, client_id: &str, scopes: &str) {
        self.change_partnership(|text| {
            let (before, client) = text.split_once(&format!("id = \"{client_id}\"")).expect("the client");
            let (between, rest) = client.split_once("scopes = [").expect("its scopes");
            let (_, after) = rest.split_once(']').expect("the end of its scopes");
            let listed: Vec<_> = scopes.split(' ').map(|scope| format!("\"{scope}\"")).collect();
            format!("{before}id = \"{client_id}\"{between}scopes = [{}]{after}", listed.join(", "))
        });
        let persona = self.persona(client_id);
        let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scopes)];
        until("the scopes are granted", async || persona.ask_for_token(&form).await.status == 200).await;
    }

    /// Runs statements on the database, without the gateway.
    pub fn meddle(&self, statements: &str) {
        databases::execute(&self.configuration, statements);
    }

    /// The database's error, if it refuses the statements.
    pub fn refusal(&self, statements: &str) -> Option<String> {
        databases::refusal(&self.configuration, statements)
    }

    /// The whole number that a query answers.
    pub fn ask_database(&self, query: &str) -> i64 {
        databases::number(&self.configuration, query)
    }

    /// Every row of every table, as text.
    pub fn dump_database(&self) -> String {
        databases::dump(&self.configuration)
    }

    /// A backup, as an operator takes it while the gateway runs.
    pub fn back_up(&self) -> Vec<u8> {
        match self.database {
            Database::Postgres => Cluster::backup(&self.url),
            Database::Sqlite => {
                let path = self.folder.path().join("backup.db");
                self.meddle(&format!("VACUUM INTO '{}'", path.display()));
                let bytes = std::fs::read(&path).expect("the backup");
                std::fs::remove_file(path).expect("the backup, removed");
                bytes
            }
        }
    }

    /// Verifies the audit log, as the operator's command does.
    pub async fn verify_audit(&self, against: Option<PathBuf>) -> Result<AuditReport, CommandError> {
        let (configuration, clock) = (self.configuration.clone(), self.hands.clock());
        let look = move || server::verify_audit(&configuration, &clock, against.as_deref());
        tokio::task::spawn_blocking(look).await.expect("the look, to its end")
    }

    /// The whole audit log as its auditor reads it, once everything is appended.
    pub async fn audit_log(&self) -> Vec<Value> {
        until("everything is appended", async || self.ask_database("SELECT count(*) FROM audit_pending") == 0).await;
        let auditor = self.persona("auditor-herts").signed_in().await;
        let (mut log, mut after) = (Vec::new(), Some("0".to_owned()));
        while let Some(cursor) = after {
            let page = auditor.get(&format!("/v1/audit/events?limit=500&after={cursor}")).await.expect(200);
            log.extend(page["items"].as_array().expect("a page").iter().cloned());
            after = page["next"].as_str().map(str::to_owned);
        }
        log
    }

    /// What the gateway tells its operators.
    pub async fn operations(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}{path}", self.gateway.operations_address())).await.expect("the operations listener");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Stops the gateway, lets the test change its files, and starts it again.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Self {
        let Self { gateway, configuration, folder, hands, database, url } = self;
        gateway.stop().await;
        meanwhile(&folder.path().join("partnership"));
        let gateway = server::start(configuration.clone(), hands.clock()).await.expect("a gateway again");
        Self { gateway, configuration, folder, hands, database, url }
    }

    /// Removes what is past its retention, as the operator's command does.
    pub async fn run_retention(&self, dry_run: bool) -> domain::RetentionReport {
        server::run_retention(&self.configuration, self.hands.clock(), dry_run).await.expect("a run of the retention")
    }

    /// Builds a release, as the operator's command does.
    pub async fn build_release(&self, as_of: NaiveDate) {
        server::build_release(&self.configuration, self.hands.clock(), as_of).await.expect("a release");
    }
}

/// Anything that takes longer than this hangs: no slow machine needs so long.
pub const HANG: std::time::Duration = std::time::Duration::from_secs(600);

/// Asks again and again until the condition holds. Fails the test if it never does.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds().await {
        assert!(began.elapsed() < HANG, "it never comes: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Today in London, by the machine's clock.
pub fn today() -> NaiveDate {
    domain::london_day(Clock::system().now())
}

/// Tests that run on both databases: `on_both! { async fn what_is_true(world: World) { … } }` makes
/// `what_is_true::sqlite` and `what_is_true::postgres`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs what its file imports")]
            use super::*;

            async fn test($world: $crate::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test($crate::World::start($crate::Database::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                test($crate::World::start($crate::Database::Postgres).await).await;
            }
        }
    )+};
}
