//! `[database]`: where records are kept.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigurationError;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: DatabaseUrl,
    /// For PostgreSQL only: the role that owns the tables. It makes them, and gives the role of `url` what serving needs.
    /// That role cannot change or remove what the audit log holds.
    pub owner_url: Option<DatabaseUrl>,
    /// The journal of what was erased. It outlives the database, and must not be restored with it.
    #[serde(default = "tombstones")]
    pub tombstones: PathBuf,
}

/// Where the records are kept. It never prints a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// An embedded SQLite database.
    File(PathBuf),
    /// `postgres://…`, with its password, if any.
    Postgres(SecretString),
}

fn tombstones() -> PathBuf {
    PathBuf::from("data/tombstones")
}

impl Database {
    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        if matches!((&self.url, &self.owner_url), (DatabaseUrl::File(_), Some(_)) | (_, Some(DatabaseUrl::File(_)))) {
            return Err(ConfigurationError::Unsafe("[database] owner_url is for PostgreSQL: both are postgres://…"));
        }
        Ok(())
    }
}

impl DatabaseUrl {
    /// The path or the address, including any password.
    pub fn expose(&self) -> Cow<'_, str> {
        match self {
            Self::File(path) => path.to_string_lossy(),
            Self::Postgres(url) => secrecy::ExposeSecret::expose_secret(url).into(),
        }
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = String::deserialize(deserializer)?;
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(url.into()))
        } else if url.is_empty() || url.contains("://") {
            Err(serde::de::Error::custom("the database is a file's path or postgres://…"))
        } else {
            Ok(Self::File(url.into()))
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}
