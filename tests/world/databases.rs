//! A world's database, reached without the gateway, as by an attacker or an operator.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use server::Configuration;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

pub(crate) enum Opened {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

macro_rules! on {
    ($opened:expr, $connection:ident => $query:expr) => {
        match $opened {
            Opened::Sqlite($connection) => $query,
            Opened::Postgres($connection) => $query,
        }
        .expect("the database does as it is told")
    };
}
pub(crate) use on;

pub(crate) fn execute(configuration: &Configuration, statements: &str) {
    on!(&mut open(configuration), c => c.batch_execute(statements));
}

/// The database's error, if it refuses the statements.
pub(crate) fn refusal(configuration: &Configuration, statements: &str) -> Option<String> {
    let done = match &mut open(configuration) {
        Opened::Sqlite(connection) => connection.batch_execute(statements),
        Opened::Postgres(connection) => connection.batch_execute(statements),
    };
    done.err().map(|error| error.to_string())
}

pub(crate) fn number(configuration: &Configuration, query: &str) -> i64 {
    let query = sql_query(format!("SELECT CAST(({query}) AS BIGINT) AS value"));
    on!(&mut open(configuration), c => query.get_result::<Number>(c)).value
}

/// Every row of every table. Binary values are in hexadecimal.
pub(crate) fn dump(configuration: &Configuration) -> String {
    let mut opened = open(configuration);
    let tables = match opened {
        Opened::Sqlite(_) => "SELECT name AS value FROM sqlite_schema WHERE type = 'table'",
        Opened::Postgres(_) => "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public'",
    };
    let tables: Vec<Line> = on!(&mut opened, c => sql_query(tables).load(c));
    assert!(!tables.is_empty());
    let mut dump = String::new();
    for Line { value: table } in tables {
        let rows = match &mut opened {
            Opened::Postgres(_) => format!("SELECT t::text AS value FROM \"{table}\" t"),
            Opened::Sqlite(connection) => {
                let columns = format!("SELECT name AS value FROM pragma_table_info('{table}')");
                let columns: Vec<Line> = sql_query(columns).load(connection).expect("its columns");
                let columns: Vec<_> = columns.iter().map(|column| format!("quote(\"{}\")", column.value)).collect();
                format!("SELECT {} AS value FROM \"{table}\"", columns.join(" || ',' || "))
            }
        };
        let rows: Vec<Line> = on!(&mut opened, c => sql_query(rows).load(c));
        dump.push_str(&format!("-- {table}\n"));
        dump.extend(rows.into_iter().map(|row| row.value + "\n"));
    }
    dump
}

pub(crate) fn open(configuration: &Configuration) -> Opened {
    let url = configuration.database.url.expose();
    if url.starts_with("postgres://") {
        return Opened::Postgres(PgConnection::establish(&url).expect("PostgreSQL"));
    }
    let mut connection = SqliteConnection::establish(&url).expect("SQLite");
    connection.batch_execute("PRAGMA busy_timeout = 600000").expect("patience");
    Opened::Sqlite(connection)
}
