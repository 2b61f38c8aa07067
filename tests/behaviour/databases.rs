//! What the gateway does with the database it is given, and with PostgreSQL's errors when it cannot serve.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use domain::{Issue, IssueCode, KeyBytes, Ring, SubmissionId};
use integration_tests::{Cluster, Database, on_both};
use store::vault::Vault;
use store::{Claim, Store, StoreError};
use uuid::Uuid;

/// What a database holds, byte by byte if it is a file.
fn content(database: Database, url: &str) -> Vec<Vec<u8>> {
    match database {
        Database::Sqlite => {
            let folder = Path::new(url).parent().unwrap();
            let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            files.iter().filter(|file| file.is_file()).map(|file| std::fs::read(file).unwrap()).collect()
        }
        Database::Postgres => {
            let backup = String::from_utf8(Cluster::backup(url)).unwrap();
            // Newer versions of pg_dump write a random key on these lines.
            backup.lines().filter(|line| !line.contains("restrict ")).map(|line| line.as_bytes().to_vec()).collect()
        }
    }
}

on_both! {
    async fn a_database_from_before_the_present_tables_is_refused_and_left_untouched(world: World) {
        let database = world.database();
        world.meddle("UPDATE __diesel_schema_migrations SET version = '20261122000016'");
        let (configuration, _folder) = world.stop().await;
        let url = configuration.database.url.expose().into_owned();
        let before = content(database, &url);
        let started = server::start(configuration.clone(), trust::Clock::system()).await.err().unwrap().to_string();
        let migrated = tokio::task::spawn_blocking(move || server::migrate(&configuration)).await.unwrap().unwrap_err().to_string();
        for said in [started, migrated] {
            assert!(said.contains("an earlier version of Sendbridge (migration 20261122000016)"), "{said}");
            assert!(said.contains("Nothing was changed"), "{said}");
        }
        assert!(content(database, &url) == before);
    }
}

/// A store on PostgreSQL, with its tables made.
async fn store(url: String) -> Store {
    let ring = || Ring::new([(1, KeyBytes::new([1; 32]))].into(), 1).unwrap();
    let vault = Arc::new(Vault::new(&ring(), &ring()).unwrap());
    tokio::task::spawn_blocking(move || Store::open(&url, move || Arc::clone(&vault)).unwrap()).await.unwrap()
}

fn on(url: &str, statements: &str) {
    PgConnection::establish(url).unwrap().batch_execute(statements).unwrap();
}

/// Ends every other session of this database (SQLSTATE 57P01), and waits until they have ended.
const END_SESSIONS: &str =
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// SQLSTATE 40P01.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_postgresql_ends_to_break_a_deadlock_is_run_again() {
    let store = store(Cluster::shared().fresh_database()).await;
    let (attempts, both) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let claim = |first: &'static str, second: &'static str| {
        let (attempts, both) = (Arc::clone(&attempts), Arc::clone(&both));
        store.transaction(move |tx| {
            tx.claim("client", first, Uuid::nil(), NOW)?;
            // Each transaction holds what the other wants next.
            if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
                both.wait();
            }
            tx.claim("client", second, Uuid::nil(), NOW)
        })
    };
    let (one, other) = futures_util::future::join(claim("a", "b"), claim("b", "a")).await;
    let mut claims = [one.unwrap(), other.unwrap()];
    claims.sort_by_key(|claim| *claim == Claim::InFlight);
    assert_eq!(claims, [Claim::Ours, Claim::InFlight]);
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
}

/// SQLSTATE 40001.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_cannot_be_serialised_is_run_again() {
    let url = Cluster::shared().fresh_database();
    let store = store(url.clone() + "?options=-c%20default_transaction_isolation%3Dserializable").await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let claim = store.transaction(move |tx| {
        tx.claim("client", "a", Uuid::nil(), NOW)?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            on(&url, "INSERT INTO idempotency (client, key, owner, claimed_at) VALUES ('client', 'b', 'other', now())");
        }
        tx.claim("client", "b", Uuid::nil(), NOW)
    });
    assert_eq!(claim.await.unwrap(), Claim::InFlight);
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

/// SQLSTATE 57P01.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_postgresql_ends_is_a_database_that_is_away_until_the_next() {
    let url = Cluster::shared().fresh_database();
    let store = store(url.clone()).await;
    let ended = url.clone();
    let failed = store.transaction(move |tx| {
        tx.claim("client", "a", Uuid::nil(), NOW)?;
        on(&ended, END_SESSIONS);
        tx.claim("client", "b", Uuid::nil(), NOW)
    });
    let error = failed.await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
    assert_eq!(store.transaction(|tx| tx.claim("client", "a", Uuid::nil(), NOW)).await.unwrap(), Claim::Ours);

    let staged = tokio::task::spawn_blocking(move || {
        let mut staging = store.stage(SubmissionId(Uuid::nil()), "RY4".parse().unwrap()).unwrap();
        on(&url, END_SESSIONS);
        let issue = Issue { row: 1, referral_id: None, field: "referral_id", code: IssueCode::ReferralOld };
        let noted = staging.issues(vec![issue]);
        noted.and_then(|()| staging.finish(IssueCode::ReferralOld, "referral_id").map(|_| ()))
    });
    let error = staged.await.unwrap().unwrap_err();
    assert!(error.is_away(), "{error:?}");
}

/// SQLSTATE 57P03.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_sessions_is_a_database_that_is_away() {
    let cluster = Cluster::own();
    let url = cluster.fresh_database();
    let store = store(url.clone()).await;
    let mut last = PgConnection::establish(&url).unwrap();
    cluster.shut_down();
    while PgConnection::establish(&url).is_ok() {}
    last.batch_execute(END_SESSIONS).unwrap();
    let error = store.transaction(|tx| tx.claim("client", "a", Uuid::nil(), NOW)).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error:?}");
}
