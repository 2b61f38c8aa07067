//! What the gateway is measured against: the same number of rows of the same shape, staged and
//! upserted in the same database by bare statements, with no TLS, parsing, checks or encryption.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};

use crate::{Result, per_second};

diesel::table! {
    peer_staged (record_key) {
        record_key -> Text,
        child_id -> BigInt,
        pathways -> SmallInt,
        digest -> Binary,
        sealed_record -> Binary,
    }
}

#[derive(Insertable)]
#[diesel(table_name = peer_staged, treat_none_as_default_value = false)]
struct Row {
    record_key: String,
    child_id: i64,
    pathways: i16,
    digest: Vec<u8>,
    sealed_record: Vec<u8>,
}

const BATCH: usize = 500;
/// Bytes of a sealed record of the benchmark's list.
const SEALED: usize = 300;

const STAGED: &str = "peer_staged (record_key TEXT NOT NULL, child_id BIGINT NOT NULL, pathways SMALLINT NOT NULL, digest BYTES NOT NULL,
    sealed_record BYTES NOT NULL)";
const TARGET: &str = "peer_record (id IDENTITY, record_key TEXT NOT NULL UNIQUE, child_id BIGINT NOT NULL, pathways SMALLINT NOT NULL,
    digest BYTES NOT NULL, sealed_record BYTES NOT NULL)";
const UPSERT: &str = "INSERT INTO peer_record (record_key, child_id, pathways, digest, sealed_record)
    SELECT record_key, child_id, pathways, digest, sealed_record FROM peer_staged WHERE true
    ON CONFLICT (record_key) DO UPDATE SET digest = excluded.digest, sealed_record = excluded.sealed_record";

/// Rows a second.
pub(crate) fn staged_upsert(url: Option<&str>, rows: u64) -> Result<f64> {
    match url {
        None => sqlite(rows),
        Some(url) => postgres(url, rows),
    }
}

fn sqlite(rows: u64) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut connection = SqliteConnection::establish(&folder.path().join("peer.db").to_string_lossy())?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;")?;
    let fill = |text: &str| text.replace("BYTES", "BLOB").replace("IDENTITY", "INTEGER PRIMARY KEY");
    connection.batch_execute(&format!("CREATE TEMPORARY TABLE {}; CREATE TABLE {};", fill(STAGED), fill(TARGET)))?;
    let began = Instant::now();
    connection.immediate_transaction(|connection| {
        for batch in batches(rows) {
            diesel::insert_into(peer_staged::table).values(&batch).execute(connection)?;
        }
        connection.batch_execute(UPSERT)
    })?;
    Ok(per_second(rows, began))
}

fn postgres(url: &str, rows: u64) -> Result<f64> {
    let mut connection = PgConnection::establish(url)?;
    let fill = |text: &str| text.replace("BYTES", "BYTEA").replace("IDENTITY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
    connection.batch_execute(&format!("CREATE TEMPORARY TABLE {}; CREATE TABLE {};", fill(STAGED), fill(TARGET)))?;
    let began = Instant::now();
    connection.transaction(|connection| {
        for batch in batches(rows) {
            diesel::copy_from(peer_staged::table).from_insertable(&batch).execute(connection)?;
        }
        connection.batch_execute(UPSERT)
    })?;
    Ok(per_second(rows, began))
}

fn batches(rows: u64) -> impl Iterator<Item = Vec<Row>> {
    let row = |at: u64| Row {
        record_key: format!("BENCHMARK-{at:08}"),
        child_id: i64::try_from(at).unwrap_or(0),
        pathways: 1,
        digest: at.to_be_bytes().repeat(2),
        sealed_record: at.to_be_bytes().repeat(SEALED / 8),
    };
    (0..rows).step_by(BATCH).map(move |start| (start..rows.min(start + BATCH as u64)).map(row).collect())
}
