//! What the gateway is compared with: bare statements that stage and upsert as many rows into the same
//! tables of the same kind of database, with no TLS, parsing, checks or encryption.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};

use crate::costs::LIMITS;
use crate::{Result, per_second};

diesel::table! {
    peer_staged (record_key) {
        record_key -> Text,
        look_up -> Binary,
        sealed_reference -> Binary,
        digest -> Binary,
        sealed_record -> Binary,
    }
}

#[derive(Insertable)]
#[diesel(table_name = peer_staged, treat_none_as_default_value = false)]
struct Row {
    record_key: String,
    look_up: Vec<u8>,
    sealed_reference: Vec<u8>,
    digest: Vec<u8>,
    sealed_record: Vec<u8>,
}

const BATCH: usize = 500;
/// Bytes of a sealed record and of a sealed reference of the benchmark's list.
const SEALED_RECORD: usize = 400;
const SEALED_REFERENCE: usize = 120;

/// Drops the indexes that bare statements do not use.
const BARE: &str = "DROP INDEX record_by_case; DROP INDEX record_by_retention; DROP INDEX record_by_list;";
const STAGED: &str =
    "CREATE TEMPORARY TABLE peer_staged (record_key TEXT NOT NULL, look_up BYTES NOT NULL, sealed_reference BYTES NOT NULL,
    digest BYTES NOT NULL, sealed_record BYTES NOT NULL)";
const UPSERT: &str = "
    INSERT INTO child_identifier (look_up, sealed_reference) SELECT look_up, sealed_reference FROM peer_staged WHERE true ON CONFLICT DO NOTHING;
    INSERT INTO record (dataset, organisation, list, submission_id, record_key, child_id, pathways, is_open, flow, digest, sealed_record)
    SELECT 'waiting-list', 'RY4', 'autism', 'none', s.record_key, c.id, 1, TRUE, 'flowed', s.digest, s.sealed_record
    FROM peer_staged s CROSS JOIN child_identifier c WHERE c.look_up = s.look_up
    ON CONFLICT (dataset, organisation, record_key) DO UPDATE SET digest = excluded.digest, sealed_record = excluded.sealed_record;";

/// Rows a second.
pub(crate) fn staged_upsert(url: Option<&str>, rows: u64) -> Result<f64> {
    match url {
        None => sqlite(rows),
        Some(url) => postgres(url, rows),
    }
}

fn sqlite(rows: u64) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("peer.db").to_string_lossy().into_owned();
    store::prepare(&path, None, LIMITS)?;
    let mut connection = SqliteConnection::establish(&path)?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;")?;
    connection.batch_execute(BARE)?;
    connection.batch_execute(&STAGED.replace("BYTES", "BLOB"))?;
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
    store::prepare(url, None, LIMITS)?;
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute(BARE)?;
    connection.batch_execute(&STAGED.replace("BYTES", "BYTEA"))?;
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
    // A stride that spreads the look-ups like a keyed index, without repeats.
    let row = |at: u64| Row {
        record_key: format!("BENCHMARK-{at:08}"),
        look_up: at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().repeat(2),
        sealed_reference: at.to_be_bytes().repeat(SEALED_REFERENCE / 8),
        digest: at.to_be_bytes().repeat(2),
        sealed_record: at.to_be_bytes().repeat(SEALED_RECORD / 8),
    };
    (0..rows).step_by(BATCH).map(move |start| (start..rows.min(start + BATCH as u64)).map(row).collect())
}
