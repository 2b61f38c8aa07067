//! Where keys come from: a file that only its owner may open, a variable of the environment, or a
//! command, which may be given a wrapped file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{KeyBytes, KeyPurpose, Ring};
use serde::Deserialize;

use super::lines::{self, KeyLines, LinesFault};
use super::{KeysError, about, commands, environment};
use crate::files;
use crate::watches::Content;

/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A source of keys, as `[keys]` names it: `{ file = … }`, `{ env = … }`, `{ command = […] }`, or a file
/// and the command that unwraps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SourceTable")]
pub enum KeySource {
    File(PathBuf),
    Environment(String),
    Command { argv: Vec<String>, wrapped: Option<PathBuf> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    file: Option<PathBuf>,
    env: Option<String>,
    command: Option<Vec<String>>,
}

impl TryFrom<SourceTable> for KeySource {
    type Error = &'static str;

    fn try_from(table: SourceTable) -> Result<Self, Self::Error> {
        match table {
            SourceTable { file: Some(file), env: None, command: None } => Ok(Self::File(file)),
            SourceTable { file: None, env: Some(name), command: None } => Ok(Self::Environment(name)),
            SourceTable { file, env: None, command: Some(argv) } if !argv.is_empty() => Ok(Self::Command { argv, wrapped: file }),
            _ => Err("a key comes from `file`, `env` or `command`, or from `file` through `command`"),
        }
    }
}

impl KeySource {
    /// Resolves a relative path.
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Self::File(path) | Self::Command { wrapped: Some(path), .. } = self {
            *path = folder.join(&*path);
        }
    }

    /// Whether this is a command, which costs too much to run each second.
    pub(crate) fn is_command(&self) -> bool {
        matches!(self, Self::Command { .. })
    }

    /// The written keys. It blocks.
    pub(crate) fn read(&self) -> Result<Content, KeysError> {
        let content = match self {
            Self::File(path) => files::read_secret_file(path)?,
            Self::Environment(name) => environment::variable(name).ok_or_else(|| KeysError::Environment { origin: self.to_string() })?,
            Self::Command { argv, wrapped } => {
                let input = wrapped.as_ref().map(|path| files::read_secret_file(path)).transpose()?;
                commands::run(argv, input, TIMEOUT).map_err(|fault| KeysError::Command { origin: self.to_string(), fault })?
            }
        };
        Ok(content)
    }

    /// Parses written keys from this source.
    pub(crate) fn parse(&self, purpose: KeyPurpose, content: &Content) -> Result<KeyLines, KeysError> {
        lines::parse(content, about(purpose).form).map_err(|fault| self.wrong(fault))
    }

    /// The id of the key in force among keys from this source.
    pub(crate) fn primary(&self, keys: &KeyLines, now: DateTime<Utc>) -> Result<u32, KeysError> {
        lines::primary(keys, now).map_err(|fault| self.wrong(fault))
    }

    /// The secrets among keys from this source.
    pub(crate) fn secrets(&self, keys: &KeyLines, now: DateTime<Utc>) -> Result<Ring<KeyBytes>, KeysError> {
        lines::secrets(keys, now).map_err(|fault| self.wrong(fault))
    }

    fn wrong(&self, fault: LinesFault) -> KeysError {
        KeysError::Lines { origin: self.to_string(), fault }
    }
}

/// Leaves out a command's arguments, because they may hold a secret.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Command { argv, .. } => write!(f, "the command {}", argv.first().map_or("", String::as_str)),
        }
    }
}
