//! One transaction on either database. Methods that read or write a table stand in the file that is
//! named after it.

use diesel::{PgConnection, SqliteConnection};

use crate::vault::Vault;

/// The connection of a transaction.
pub(crate) enum Handle<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A transaction under way. Dropped without an error it is committed, with one it is rolled back.
pub struct Tx<'a> {
    pub(crate) handle: Handle<'a>,
    pub(crate) vault: &'a Vault,
}

/// Runs one diesel expression on whichever connection there is.
macro_rules! on {
    ($tx:expr, $connection:ident => $query:expr) => {
        match &mut $tx.handle {
            $crate::transactions::Handle::Sqlite($connection) => $query,
            $crate::transactions::Handle::Postgres($connection) => $query,
        }
    };
}
pub(crate) use on;

/// Reads one row for a change of it, and holds it until the transaction ends: what is read is what is changed.
/// SQLite has one writer at a time; PostgreSQL locks the row.
macro_rules! held {
    ($tx:expr, $query:expr => $Row:ty) => {
        match &mut $tx.handle {
            $crate::transactions::Handle::Sqlite(connection) => $query.select(<$Row>::as_select()).first(*connection),
            $crate::transactions::Handle::Postgres(connection) => $query.for_update().select(<$Row>::as_select()).first(*connection),
        }
    };
}
pub(crate) use held;
