//! The keys in the keys' folder, beside the one that signs tokens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disclosure::ReleaseSecret;
use store::StoreError;
use store::vault::{KeyBytes, KeyFileError, Vault, parse_keys};

use crate::child_ids::ChildIds;
use crate::files::{self, FileError};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: {source}", path.display())]
    Keys { path: PathBuf, source: KeyFileError },
    #[error("{}: one key stands here, and is not to be changed", path.display())]
    NotOne { path: PathBuf },
    #[error("a key cannot be used: {0}")]
    Store(#[from] StoreError),
}

/// What the gateway keeps secret.
pub struct Secrets {
    pub vault: Vault,
    pub child_ids: ChildIds,
    /// Never changed between releases: fresh noise would invite averaging.
    pub release: Arc<ReleaseSecret>,
}

impl Secrets {
    /// Reads `envelope.key`, `look-up.key`, `pairwise.key` and `release.key`, each lines `ID:BASE64`.
    /// It blocks.
    pub fn read(folder: &Path) -> Result<Self, SecretsError> {
        let vault = Vault::new(&keys(folder, "envelope.key")?, &only(folder, "look-up.key")?)?;
        let child_ids = ChildIds::new(&keys(folder, "pairwise.key")?).ok_or(StoreError::Sealing)?;
        let release = Arc::new(ReleaseSecret::new(*only(folder, "release.key")?));
        Ok(Self { vault, child_ids, release })
    }
}

fn keys(folder: &Path, name: &str) -> Result<BTreeMap<u32, KeyBytes>, SecretsError> {
    let path = folder.join(name);
    let bytes = files::read_secret(&path)?;
    let parsed = std::str::from_utf8(&bytes).map_err(|_| KeyFileError).and_then(parse_keys);
    parsed.map_err(|source| SecretsError::Keys { path, source })
}

/// A key of which there is one: with another, what is held would not be found again, and figures that
/// were published would be rounded anew.
fn only(folder: &Path, name: &str) -> Result<KeyBytes, SecretsError> {
    let mut keys = keys(folder, name)?;
    match (keys.pop_last(), keys.is_empty()) {
        (Some((_, key)), true) => Ok(key),
        _ => Err(SecretsError::NotOne { path: folder.join(name) }),
    }
}
