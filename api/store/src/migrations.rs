//! Creates and updates the tables. A migration is one script for both databases, and one more for what only one of them
//! has. A new one is a line in [`MIGRATIONS`].

use std::fmt;

use diesel::backend::Backend;
use diesel::connection::BoxableConnection;
use diesel::migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::StoreError;
use crate::transactions::Handle;

struct Scripts {
    /// Digits. Migrations run in the order of their versions.
    version: &'static str,
    name: &'static str,
    both: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Scripts] = &[Scripts {
    version: FOUNDATION,
    name: "foundation",
    both: include_str!("../migrations/foundation.sql"),
    sqlite: include_str!("../migrations/audit_log.sqlite.sql"),
    postgres: include_str!("../migrations/audit_log.postgres.sql"),
}];

/// The version of the first migration. Databases with earlier ones were made before the tables had their present
/// foundation.
const FOUNDATION: &str = "20261130180000";

/// Words in the script for both databases: as SQLite needs them, and as PostgreSQL needs them.
const POSTGRES_WORDS: [(&str, &str); 3] =
    [("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"), (" BLOB", " BYTEA"), (" WITHOUT ROWID", "")];

/// All migrations, for diesel to run those that a database has not had.
pub(crate) struct Migrations;

impl MigrationSource<Sqlite> for Migrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(MIGRATIONS.iter().map(|scripts| Script::boxed(scripts, scripts.both.to_owned() + scripts.sqlite)).collect())
    }
}

impl MigrationSource<Pg> for Migrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        let told = |both: &str| POSTGRES_WORDS.iter().fold(both.to_owned(), |both, (word, instead)| both.replace(word, instead));
        Ok(MIGRATIONS.iter().map(|scripts| Script::boxed(scripts, told(scripts.both) + scripts.postgres)).collect())
    }
}

/// One migration, as it is run on one database.
struct Script {
    version: &'static str,
    name: &'static str,
    sql: String,
}

impl Script {
    fn boxed<DB: Backend>(scripts: &Scripts, sql: String) -> Box<dyn Migration<DB>> {
        Box::new(Self { version: scripts.version, name: scripts.name, sql })
    }
}

impl<DB: Backend> Migration<DB> for Script {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Ok(connection.batch_execute(&self.sql)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Err("migrations only go forward".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

/// Each is run in a transaction, as is the default.
impl MigrationMetadata for Script {}

impl MigrationName for Script {
    fn version(&self) -> MigrationVersion<'_> {
        self.version.into()
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.version, self.name)
    }
}

/// The versions of the migrations that a database has had. Reading them changes nothing.
pub(crate) struct Applied(Vec<Line>);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Bool)]
    is_there: bool,
}

impl Applied {
    pub(crate) fn read(mut database: Handle<'_>) -> diesel::QueryResult<Self> {
        let table: Table = match &mut database {
            Handle::Sqlite(connection) => {
                sql_query("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '__diesel_schema_migrations') AS is_there")
                    .get_result(*connection)?
            }
            Handle::Postgres(connection) => {
                sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS is_there").get_result(*connection)?
            }
        };
        if !table.is_there {
            return Ok(Self(Vec::new()));
        }
        let versions = sql_query("SELECT version FROM __diesel_schema_migrations");
        match database {
            Handle::Sqlite(connection) => versions.load(connection),
            Handle::Postgres(connection) => versions.load(connection),
        }
        .map(Self)
    }

    /// Fails for a database with tables older than [`FOUNDATION`].
    pub(crate) fn refuse_older(&self) -> std::result::Result<(), StoreError> {
        let older = self.0.iter().map(|line| &line.version).filter(|version| version.as_str() < FOUNDATION).max();
        older.map_or(Ok(()), |version| Err(StoreError::OlderTables(version.clone())))
    }

    /// Whether no migration is left to run.
    pub(crate) fn are_all(&self) -> bool {
        MIGRATIONS.iter().all(|scripts| self.0.iter().any(|line| line.version == scripts.version))
    }
}
