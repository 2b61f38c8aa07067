//! `keys rotate --retire`: the old keys go, once nothing needs them. A backup needs the keys of its day:
//! keep them with it, and as safe as it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::keys::KeyPurpose;
use store::{Journal, KeyUsage, Store};

use super::lines::{self, KeyLines};
use super::rotation::{instant, purposes};
use super::sources::Source;
use super::{KeysError, Old, UNDER_WAY, about};
use crate::clocks::Clock;
use crate::configuration::Configuration;
use crate::files;
use crate::maintenance::{self, OperationError};
use crate::secrets;

/// What came of it.
#[derive(Debug)]
pub struct Retirement {
    pub told: Vec<String>,
    /// Whether no old key is left.
    pub done: bool,
}

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
    let retired = retire_from(configuration, clock.now(), named, &store);
    store.close();
    retired
}

fn retire_from(
    configuration: &Configuration,
    now: DateTime<Utc>,
    named: Option<KeyPurpose>,
    store: &Store,
) -> Result<Retirement, OperationError> {
    let journal = Journal::new(&configuration.database.tombstones).marks_by_key()?;
    let stored = Stored { usage: store.key_usage_blocking()?, releases: store.release_secrets_blocking()?, journal };
    let mut retirement = Retirement { told: Vec::new(), done: true };
    for purpose in purposes(named) {
        let source = configuration.keys.source(purpose);
        let mut keys = secrets::parse(purpose, &source, &source.read()?)?;
        let current = secrets::primary(&source, &keys, now)?;
        let old: Vec<u32> = keys.range(..current).map(|(id, _)| *id).collect();
        if old.is_empty() {
            retirement.told.push(format!("{purpose}: there is no old key."));
        }
        for id in old {
            if let Err(why) = stored.may_go(purpose, id, &keys, now) {
                retirement.told.push(format!("{purpose}: key {id} stays: {why}."));
                retirement.done = false;
                continue;
            }
            let Source::File(path) = &source else {
                retirement
                    .told
                    .push(format!("{purpose}: nothing needs key {id}. Remove it from {source}, which is not the gateway's to write."));
                continue;
            };
            keys.remove(&id);
            let text = lines::write(&keys, about(purpose).form);
            files::replace_secret(path, text.as_bytes()).map_err(KeysError::from)?;
            retirement.told.push(format!("{purpose}: key {id} is removed from {source}. Backups of its time still need it."));
        }
    }
    Ok(retirement)
}

impl Stored {
    /// Whether an old key may go; else why not.
    fn may_go(&self, purpose: KeyPurpose, id: u32, keys: &KeyLines, now: DateTime<Utc>) -> Result<(), String> {
        let under = match purpose {
            KeyPurpose::Envelope => self.usage.get(&(KeyPurpose::Envelope, id)).copied(),
            KeyPurpose::LookUp => self.usage.get(&(KeyPurpose::LookUp, id)).copied(),
            KeyPurpose::Release => self.releases.iter().find(|(secret, _)| *secret == id).map(|(_, releases)| *releases),
            KeyPurpose::Token | KeyPurpose::Pairwise | KeyPurpose::Checkpoint => None,
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
        if let Some(marks) = self.journal.get(&id).filter(|_| purpose == KeyPurpose::Envelope) {
            return Err(format!(
                "{marks} marks in the journal of tombstones are still under it; a running gateway writes them anew once every stored value is under newer keys"
            ));
        }
        let (next, since) = keys.range(id + 1..).next().map(|(next, key)| (*next, key.from)).unwrap_or((id, None));
        let since = since.ok_or_else(|| format!("the line of key {next} does not say since when it is in force (@INSTANT)"))?;
        let (wait, why): (TimeDelta, _) = match about(purpose).old {
            Old::Unused => (UNDER_WAY, "what began under it may still be under way"),
            Old::After(wait) => (wait, "what was made with it is still good"),
        };
        if since + wait <= now { Ok(()) } else { Err(format!("{why}; it may go from {} on", instant(since + wait))) }
    }
}
