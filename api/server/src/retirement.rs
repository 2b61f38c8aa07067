//! `keys rotate --retire`: which of the old keys something that is stored still needs.

use std::collections::BTreeMap;

use domain::keys::KeyPurpose;
use store::{Journal, KeyUsage, Store};
use trust::{Clock, Retirement};

use crate::configuration::Configuration;
use crate::maintenance::{self, OperationError};

/// What is stored, as far as keys are concerned.
struct Stored {
    usage: KeyUsage,
    releases: Vec<(u32, u64)>,
    /// How many marks of the journal of tombstones are sealed under each key.
    journal: BTreeMap<u32, u64>,
}

/// Removes each old key that nothing needs from its file. It blocks.
pub fn retire(configuration: &Configuration, clock: &Clock, named: Option<KeyPurpose>) -> Result<Retirement, OperationError> {
    let (store, _) = maintenance::open(configuration, clock)?;
    let retired = Stored::read(configuration, &store)
        .and_then(|stored| Ok(trust::retire(&configuration.keys, clock.now(), named, |purpose, id| stored.check_unneeded(purpose, id))?));
    store.close();
    retired
}

impl Stored {
    fn read(configuration: &Configuration, store: &Store) -> Result<Self, OperationError> {
        let journal = Journal::new(&configuration.database.tombstones).marks_by_key()?;
        Ok(Self { usage: store.key_usage_blocking()?, releases: store.release_secrets_blocking()?, journal })
    }

    /// Refuses a key that something stored needs, and says what.
    fn check_unneeded(&self, purpose: KeyPurpose, id: u32) -> Result<(), String> {
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
