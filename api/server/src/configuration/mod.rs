//! `gateway.toml`: where the gateway listens and what it uses. The partnership file says who may do what.

mod api;
mod audit;
mod database;
#[cfg(test)]
mod tests;
mod watching;

use std::path::{Path, PathBuf};

use domain::{RecognitionRules, RecognitionRulesError, RetentionPeriods};
use exchange::Submissions;
use serde::Deserialize;
use trust::{AuthorityFiles, FileError, Keys, line_of, read_file};

pub(crate) use api::Api;
pub(crate) use audit::Audit;
pub(crate) use database::Database;
pub use database::DatabaseUrl;
pub(crate) use watching::{Operations, Telemetry};

/// The contents of `gateway.toml`. In the file paths are relative to its folder; here they are resolved.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Whether made-up data and the demonstration's authority are allowed: on loopback only.
    #[serde(default)]
    pub demonstration: bool,
    pub partnership: PathBuf,
    pub api: Api,
    #[serde(default)]
    pub authority: Vec<AuthorityFiles>,
    #[serde(default)]
    pub operations: Operations,
    pub database: Database,
    pub keys: Keys,
    #[serde(default)]
    pub submissions: Submissions,
    /// How many days records of each class are kept after their end, where not the default.
    #[serde(default)]
    pub retention: RetentionPeriods,
    #[serde(default)]
    pub telemetry: Telemetry,
    #[serde(default)]
    pub audit: Audit,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}:{line}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, message: String },
    #[error("{}: {error}", path.display())]
    Recognition { path: PathBuf, error: RecognitionRulesError },
    #[error("{0}")]
    Unsafe(&'static str),
}

impl Configuration {
    /// Reads the file. It blocks.
    pub fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let bytes = read_file(path)?;
        let invalid = |line, message| ConfigurationError::Invalid { path: path.into(), line, message };
        let text = str::from_utf8(&bytes).map_err(|_| invalid(1, "not UTF-8".into()))?;
        // Only the message: the parser's full text repeats the line, which may hold a password.
        let mut configuration: Self = toml::from_str(text)
            .map_err(|error| invalid(line_of(text, error.span().map_or(0, |span| span.start)), error.message().to_owned()))?;
        configuration.resolve(path.parent().unwrap_or(Path::new("")));
        configuration.check()?;
        Ok(configuration)
    }

    /// Refuses what would be unsafe to run.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        if self.demonstration && !(self.api.listen.ip().is_loopback() && self.operations.listen.ip().is_loopback()) {
            return Err(ConfigurationError::Unsafe("a demonstration listens on loopback addresses alone"));
        }
        if self.authority.is_empty() {
            return Err(ConfigurationError::Unsafe("no [[authority]]: no client could be known"));
        }
        let named_twice = |(at, authority): (usize, &AuthorityFiles)| self.authority[..at].iter().any(|other| other.name == authority.name);
        if self.authority.iter().enumerate().any(named_twice) {
            return Err(ConfigurationError::Unsafe("two [[authority]] share a name"));
        }
        self.api.check()?;
        self.submissions.check().map_err(ConfigurationError::Unsafe)?;
        self.audit.check()?;
        self.database.check()?;
        if !self.retention.are_sound() {
            return Err(ConfigurationError::Unsafe("[retention] counts in days: 1 to 3650, and more for reports than for answers"));
        }
        Ok(())
    }

    /// Brings the tables up to date, as their owner if one is named. It blocks.
    pub(crate) fn prepare_database(&self) -> Result<(), exchange::StoreError> {
        let owner = self.database.owner_url.as_ref().map(DatabaseUrl::expose);
        exchange::prepare_database(&self.database.url.expose(), owner.as_deref(), self.audit.limits())
    }

    /// Reads the recognition rules. It blocks.
    pub(crate) fn rules(&self) -> Result<RecognitionRules, ConfigurationError> {
        let Some(path) = &self.submissions.recognition else { return Ok(RecognitionRules::built_in().clone()) };
        let refused = |error| ConfigurationError::Recognition { path: path.clone(), error };
        let text = String::from_utf8(read_file(path)?).map_err(|_| refused(RecognitionRulesError::Shape("not UTF-8".into())))?;
        RecognitionRules::parse(&text).map_err(refused)
    }

    /// The names of the authorities.
    pub fn authorities(&self) -> Vec<String> {
        self.authority.iter().map(|authority| authority.name.clone()).collect()
    }

    fn resolve(&mut self, folder: &Path) {
        let mut paths = vec![
            &mut self.partnership,
            &mut self.api.certificate,
            &mut self.api.key,
            &mut self.audit.checkpoint_file,
            &mut self.database.tombstones,
            &mut self.submissions.scratch,
        ];
        paths.extend(&mut self.submissions.recognition);
        for authority in &mut self.authority {
            paths.push(&mut authority.certificates);
            paths.push(&mut authority.crl);
        }
        if let DatabaseUrl::File(file) = &mut self.database.url {
            paths.push(file);
        }
        for path in paths {
            *path = folder.join(&*path);
        }
        self.keys.resolve(folder);
    }
}
