//! `[keys]`: where each key comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::keys::KeyPurpose;
use serde::Deserialize;

use crate::keys::about;
use crate::keys::sources::Source;

/// Where keys are: each in its file in the folder, unless another source is named for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    pub directory: PathBuf,
    #[serde(flatten)]
    pub sources: BTreeMap<KeyPurpose, Source>,
}

impl Keys {
    /// Where the keys of a purpose come from.
    pub fn source(&self, purpose: KeyPurpose) -> Source {
        let own = || Source::File(self.directory.join(about(purpose).file));
        self.sources.get(&purpose).cloned().unwrap_or_else(own)
    }
}
