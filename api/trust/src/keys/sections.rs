//! `[keys]` of `gateway.toml`: where each key comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::KeyPurpose;
use serde::Deserialize;

use super::about;
use super::sources::KeySource;

/// Where keys are: each in its own file in the folder, unless another source is named for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    pub directory: PathBuf,
    #[serde(flatten)]
    pub sources: BTreeMap<KeyPurpose, KeySource>,
}

impl Keys {
    /// Where the keys of a purpose come from.
    pub fn source(&self, purpose: KeyPurpose) -> KeySource {
        let own = || KeySource::File(self.directory.join(about(purpose).file));
        self.sources.get(&purpose).cloned().unwrap_or_else(own)
    }

    /// Resolves relative paths against a folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.directory = folder.join(&self.directory);
        for source in self.sources.values_mut() {
            source.resolve(folder);
        }
    }
}
