//! Which keys stored data still needs. An old key that nothing needs may be retired.

use std::collections::BTreeMap;

use domain::KeyPurpose;
use store::{Journal, KeyUsage, Store, StoreError};

/// The keys that stored data needs.
#[derive(Debug)]
pub struct NeededKeys {
    usage: KeyUsage,
    releases: Vec<(u32, u64)>,
    /// How many marks in the journal of tombstones are sealed under each key.
    journal: BTreeMap<u32, u64>,
}

impl NeededKeys {
    /// Reads every row of the database, and the journal. It blocks.
    pub fn read(store: &Store, journal: &Journal) -> Result<Self, StoreError> {
        let journal = journal.marks_by_key()?;
        Ok(Self { usage: store.key_usage_blocking()?, releases: store.release_secrets_blocking()?, journal })
    }

    /// Refuses a key that stored data needs. The error tells an operator what needs it.
    pub fn check_unneeded(&self, purpose: KeyPurpose, id: u32) -> Result<(), String> {
        let under = match purpose {
            KeyPurpose::Release => self.releases.iter().find(|(secret, _)| *secret == id).map(|(_, releases)| *releases),
            _ => self.usage.get(&(purpose, id)).copied(),
        };
        match under {
            Some(releases) if releases > 0 && purpose == KeyPurpose::Release => {
                return Err(format!(
                    "{releases} releases were made with it, and their days are to be rounded alike if they are released again"
                ));
            }
            Some(values) if values > 0 => return Err(format!("{values} stored values are still under it")),
            _ => {}
        }
        match self.journal.get(&id).filter(|_| purpose == KeyPurpose::Envelope) {
            Some(marks) => Err(format!(
                "{marks} marks in the journal of tombstones are still under it; a running gateway writes them anew once every stored value is under newer keys"
            )),
            None => Ok(()),
        }
    }
}
