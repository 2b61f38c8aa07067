//! One transaction on either database. Methods that read or write a table are in the file named after it.

use diesel::{PgConnection, SqliteConnection};

use crate::vault::Vault;

/// The connection of a transaction.
pub(crate) enum Handle<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A transaction under way. It is committed if its work returns `Ok`, and rolled back otherwise.
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

/// Reads one row in order to change it, and holds it until the transaction ends, so that nobody else changes it
/// meanwhile. SQLite has one writer at a time; PostgreSQL locks the row.
macro_rules! held {
    ($tx:expr, $query:expr => $Row:ty) => {
        match &mut $tx.handle {
            $crate::transactions::Handle::Sqlite(connection) => $query.select(<$Row>::as_select()).first(*connection),
            $crate::transactions::Handle::Postgres(connection) => $query.for_update().select(<$Row>::as_select()).first(*connection),
        }
    };
}
pub(crate) use held;
