//! Re-seals stored values under newer keys, some rows at a time, while everything else goes on.
//!
//! Rows are read and opened in one transaction and written in another, which changes only those that are still as they
//! were read. So nobody waits for the encryption, and nothing written meanwhile is undone. How many rows a step takes
//! follows from how long the last step took, so that SQLite's one writer is never kept long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use domain::{Case, ChildReference, KeyPurpose};

use crate::StoreError;
use crate::databases::Store;
use crate::records::record_row;
use crate::rows::{from_json, read};
use crate::sealed_columns::{Bound, SEALED, SealedColumn};
use crate::tombstones::place;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{LookUp, Vault, key_id, uuid_row};

/// Rows re-sealed in the first step, and the fewest and the most in a later one.
const FIRST: usize = 500;
const FEWEST: usize = 100;
const MOST: usize = 4_000;
/// How long the writing of a step should take.
const STEP: Duration = Duration::from_millis(50);
/// Rows in one statement: SQLite searches all the parameter names of a statement for each parameter.
const STATEMENT: usize = 100;
/// The key of the advisory lock that lets one gateway re-seal at a time.
const LOCK: i64 = 7_364_659;

/// How many values there are under each key.
pub type KeyUsage = BTreeMap<(KeyPurpose, u32), u64>;

/// Where to go on, and with how many rows.
#[derive(Debug, Clone)]
pub struct ResealCursor {
    column: usize,
    after: String,
    rows: usize,
}

impl Default for ResealCursor {
    fn default() -> Self {
        Self { column: 0, after: String::new(), rows: FIRST }
    }
}

/// The result of one step.
#[derive(Debug)]
pub enum Resealed {
    /// Go on there. The step took this long, without the time it waited for others.
    On(Duration, ResealCursor),
    /// Another gateway is re-sealing.
    Elsewhere,
    /// Every column is done.
    End,
}

#[derive(QueryableByName)]
struct OldRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    /// The row's own index or, for a record, its child's.
    #[diesel(sql_type = Nullable<Binary>)]
    look_up: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    value_look_up: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    organisation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    record_key: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    case_index: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    cause: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    position: Option<i32>,
}

struct NewRow {
    old: OldRow,
    sealed: Vec<u8>,
    /// In the order of [`SealedColumn::indexes`].
    indexes: Vec<Option<Vec<u8>>>,
}

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = Nullable<Binary>)]
    key: Option<Vec<u8>>,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    taken: bool,
}

impl Store {
    /// Does one step of re-sealing everything under the keys in force.
    pub async fn reseal(&self, cursor: ResealCursor) -> Result<Resealed, StoreError> {
        let ResealCursor { column, after, rows } = cursor;
        let Some(sealed) = SEALED.get(column).copied() else { return Ok(Resealed::End) };
        let (began, (new, last)) = self.read(move |tx| Ok((Instant::now(), tx.renewed(&sealed, &after, rows)?))).await?;
        let reading = began.elapsed();
        let (column, after) = last.map_or_else(|| (column + 1, String::new()), |after| (column, after));
        if new.is_empty() {
            return Ok(Resealed::On(reading, ResealCursor { column, after, rows }));
        }
        let (began, written) = self.transaction(move |tx| Ok((Instant::now(), tx.replace(&sealed, &new)?))).await?;
        let writing = began.elapsed();
        Ok(if written {
            Resealed::On(reading + writing, ResealCursor { column, after, rows: next_rows(rows, writing) })
        } else {
            Resealed::Elsewhere
        })
    }

    /// How many stored values each key is needed for. It reads every row.
    pub async fn key_usage(&self) -> Result<KeyUsage, StoreError> {
        self.read(|tx| tx.key_usage()).await
    }

    /// How many stored values are under each key that is older than the one in force: purpose, key,
    /// values. It reads every row.
    pub async fn values_left(&self) -> Result<Vec<(KeyPurpose, u32, u64)>, StoreError> {
        let usage = self.key_usage().await?;
        let old = self.vault().older_keys();
        Ok(old.into_iter().map(|(purpose, id)| (purpose, id, usage.get(&(purpose, id)).copied().unwrap_or_default())).collect())
    }

    /// [`Store::key_usage`] on this thread.
    pub fn key_usage_blocking(&self) -> Result<KeyUsage, StoreError> {
        self.read_blocking(|tx| tx.key_usage())
    }

    /// How many releases were made with each secret. It blocks.
    pub fn release_secrets_blocking(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        self.read_blocking(|tx| tx.release_secrets())
    }

    /// Deletes the claims on children that were made while there were two look-up keys.
    pub async fn forget_claims(&self) -> Result<(), StoreError> {
        use crate::schema::child_claim;
        self.transaction(|tx| Ok(on!(tx, c => diesel::delete(child_claim::table).execute(*c))?)).await?;
        Ok(())
    }
}

impl Tx<'_> {
    /// The next rows under an older key, re-sealed under the keys in force, and the last id that was read; `None` at
    /// the end of the column.
    fn renewed(&mut self, sealed: &SealedColumn, after: &str, rows: usize) -> Result<(Vec<NewRow>, Option<String>), StoreError> {
        let query = self.old_rows(sealed, rows);
        let old: Vec<OldRow> = on!(self, c => diesel::sql_query(&query).bind::<Text, _>(after).load(*c))?;
        let last = old.last().filter(|_| old.len() == rows).map(|row| row.id.clone());
        let new = old.into_iter().filter_map(|row| renew(self.vault, sealed, row).transpose()).collect::<Result<_, _>>()?;
        Ok((new, last))
    }

    fn old_rows(&self, sealed: &SealedColumn, rows: usize) -> String {
        let (table, name) = (sealed.table(), sealed.name());
        let mut old = vec![format!("substr(t.{name}, 2, 4) < {}", self.literal(self.vault.seals_under()))];
        let indexed = self.literal(self.vault.indexes_under());
        old.extend(sealed.indexes().iter().map(|index| format!("substr(t.{index}, 1, 4) < {indexed}")));
        let join = if matches!(sealed.bound, Bound::Record) { "JOIN child_identifier c ON c.id = t.child_id" } else { "" };
        // What the row's place and its indexes are made from; a query gives every column of `OldRow`.
        let given: &[&str] = match sealed.bound {
            Bound::Uuid => &[],
            Bound::LookUp(_) => &["t.look_up"],
            Bound::Identifier => &["t.look_up", "t.value_look_up"],
            Bound::Record => &["c.look_up", "t.organisation", "t.record_key", "t.case_index"],
            Bound::Tombstone => &["t.cause", "t.position"],
        };
        let column = |(name, kind): (&str, &str)| {
            let own = given.iter().find(|given| given.split('.').nth(1) == Some(name));
            let none = if self.is_postgres() { format!("NULL::{kind} AS {name}") } else { format!("NULL AS {name}") };
            own.map_or(none, |own| (*own).to_owned())
        };
        let columns = [
            ("look_up", "bytea"),
            ("value_look_up", "bytea"),
            ("organisation", "text"),
            ("record_key", "text"),
            ("case_index", "bytea"),
            ("cause", "text"),
            ("position", "integer"),
        ];
        let columns = columns.map(column).join(", ");
        let after = if matches!(sealed.bound, Bound::Uuid) { "$1" } else { "CAST(COALESCE(NULLIF($1, ''), '0') AS BIGINT)" };
        format!(
            "SELECT CAST(t.id AS TEXT) AS id, t.{name} AS sealed, {columns} FROM {table} t {join}
             WHERE t.id > {after} AND t.{name} IS NOT NULL AND ({}) ORDER BY t.id LIMIT {rows}",
            old.join(" OR ")
        )
    }

    /// Writes the rows, unless another gateway is re-sealing. Answers whether it did.
    fn replace(&mut self, sealed: &SealedColumn, rows: &[NewRow]) -> Result<bool, StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            let lock = format!("SELECT pg_try_advisory_xact_lock({LOCK}) AS taken");
            let lock: Taken = diesel::sql_query(lock).get_result(*connection)?;
            if !lock.taken {
                return Ok(false);
            }
        }
        macro_rules! run {
            ($connection:expr, $backend:ty, $query:expr, $rows:expr) => {{
                let mut query = diesel::sql_query($query).into_boxed::<$backend>();
                for row in $rows {
                    query = query.bind::<Text, _>(&row.old.id).bind::<Binary, _>(&row.old.sealed).bind::<Binary, _>(&row.sealed);
                    for index in &row.indexes {
                        query = query.bind::<Nullable<Binary>, _>(index);
                    }
                }
                query.execute($connection)?
            }};
        }
        for rows in rows.chunks(STATEMENT) {
            let query = replacement(sealed, rows.len());
            match &mut self.handle {
                Handle::Sqlite(connection) => run!(*connection, diesel::sqlite::Sqlite, &query, rows),
                Handle::Postgres(connection) => run!(*connection, diesel::pg::Pg, &query, rows),
            };
        }
        Ok(true)
    }

    fn key_usage(&mut self) -> Result<KeyUsage, StoreError> {
        let mut usage = KeyUsage::new();
        for sealed in &SEALED {
            self.count_keys(&mut usage, KeyPurpose::Envelope, sealed.table(), &format!("substr({}, 2, 4)", sealed.name()))?;
            for index in sealed.indexes() {
                self.count_keys(&mut usage, KeyPurpose::LookUp, sealed.table(), &format!("substr({index}, 1, 4)"))?;
            }
        }
        Ok(usage)
    }

    fn count_keys(&mut self, usage: &mut KeyUsage, purpose: KeyPurpose, table: &str, key: &str) -> Result<(), StoreError> {
        let query = format!("SELECT {key} AS key, COUNT(*) AS number FROM {table} GROUP BY 1");
        let counted: Vec<Used> = on!(self, c => diesel::sql_query(&query).load(*c))?;
        for used in counted {
            if let Some(id) = used.key.as_deref().and_then(key_id) {
                *usage.entry((purpose, id)).or_default() += u64::try_from(used.number).unwrap_or_default();
            }
        }
        Ok(())
    }

    fn is_postgres(&self) -> bool {
        matches!(self.handle, Handle::Postgres(_))
    }

    fn literal(&self, id: u32) -> String {
        if self.is_postgres() { format!("'\\x{id:08x}'::bytea") } else { format!("X'{id:08x}'") }
    }
}

/// How many rows the next step should have, to take about [`STEP`].
fn next_rows(rows: usize, took: Duration) -> usize {
    let fitting = STEP.as_micros().saturating_mul(rows as u128) / took.as_micros().max(1);
    // At most halved or doubled: one slow write says little.
    usize::try_from(fitting).unwrap_or(MOST).clamp(rows / 2, rows * 2).clamp(FEWEST, MOST)
}

/// A row re-sealed under the keys in force; `None` where its child has to be re-sealed first.
fn renew(vault: &Vault, sealed: &SealedColumn, old: OldRow) -> Result<Option<NewRow>, StoreError> {
    let look_up = || old.look_up.as_deref().and_then(|bytes| LookUp::try_from(bytes).ok()).ok_or(StoreError::Corrupt("an index"));
    let text = |text: &Option<String>| text.clone().ok_or(StoreError::Corrupt("a row's key"));
    let (place, indexes, plain) = match sealed.bound {
        Bound::Uuid => {
            let place = uuid_row(read(&old.id, "an id")?).to_vec();
            let plain = vault.open(sealed.column, &place, &old.sealed)?;
            (place, Vec::new(), plain)
        }
        Bound::Tombstone => {
            let position = old.position.ok_or(StoreError::Corrupt("a tombstone's position"))?;
            let place = place(&text(&old.cause)?, position);
            let plain = vault.open(sealed.column, &place, &old.sealed)?;
            (place, Vec::new(), plain)
        }
        Bound::LookUp(index) => {
            let plain = vault.open(sealed.column, &look_up()?, &old.sealed)?;
            let index = index(vault, &plain)?.to_vec();
            (index.clone(), vec![Some(index)], plain)
        }
        Bound::Identifier => {
            let plain = vault.open(sealed.column, &look_up()?, &old.sealed)?;
            let child: ChildReference = from_json(&plain, "a child's reference")?;
            let index = vault.look_up(&child).to_vec();
            let value = old.value_look_up.as_ref().map(|_| vault.value_look_ups(&child.identifier)[0].to_vec());
            (index.clone(), vec![Some(index), value], plain)
        }
        Bound::Record => {
            let look_up = look_up()?;
            if key_id(&look_up) != Some(vault.indexes_under()) {
                return Ok(None);
            }
            let place = record_row(&text(&old.organisation)?, &text(&old.record_key)?);
            let plain = vault.open(sealed.column, &place, &old.sealed)?;
            let case_index = match &old.case_index {
                None => None,
                Some(_) => {
                    let case: Case = from_json(&plain, "a case")?;
                    Some(vault.case_index(&look_up, case.request.received_on)?.to_vec())
                }
            };
            (place, vec![Some(vault.digest(&look_up, &plain)?.to_vec()), case_index], plain)
        }
    };
    Ok(Some(NewRow { sealed: vault.seal(sealed.column, &place, &plain)?, indexes, old }))
}

/// One statement for many rows, each with its id, the old value, the new value, and the indexes.
fn replacement(sealed: &SealedColumn, rows: usize) -> String {
    let (table, name, indexes) = (sealed.table(), sealed.name(), sealed.indexes());
    let width = 3 + indexes.len();
    let row = |row: usize| {
        let values: Vec<_> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    let id = if matches!(sealed.bound, Bound::Uuid) { "v.column1" } else { "CAST(v.column1 AS BIGINT)" };
    let set: String = indexes.iter().zip(4..).map(|(index, column)| format!(", {index} = v.column{column}")).collect();
    format!(
        "UPDATE {table} SET {name} = v.column3{set} FROM (VALUES {}) v WHERE {table}.id = {id} AND {table}.{name} = v.column2",
        rows.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_step_is_followed_by_a_smaller_and_a_fast_one_by_a_larger() {
        assert_eq!(next_rows(1_000, STEP), 1_000);
        assert_eq!(next_rows(1_000, STEP * 5 / 4), 800);
        assert_eq!(next_rows(1_000, STEP * 100), 500);
        assert_eq!(next_rows(1_000, Duration::ZERO), 2_000);
        assert_eq!((next_rows(MOST, Duration::ZERO), next_rows(FEWEST, STEP * 9)), (MOST, FEWEST));
    }
}
