//! The gateway's secrets, read from its keys and read again when those change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use domain::{KeyBytes, KeyPurpose, Ring};

use crate::checkpoints::CheckpointKeys;
use crate::child_ids::ChildKeys;
use crate::clocks::Clock;
use crate::keys::lines::KeyLines;
use crate::keys::{KeySource, Keys, KeysError};
use crate::tokens::{SigningKey, SigningKeys};
use crate::watches::{Content, Contents, Watch};

/// How often a command is asked for keys.
const COMMAND_PERIOD: Duration = Duration::from_secs(20);

/// The gateway's secrets.
pub struct Secrets {
    pub sealing: SealingKeys,
    pub child_keys: Arc<ChildKeys>,
    pub signing_keys: Arc<SigningKeys>,
    /// These round the figures of releases, by the id that a release is published with. A new one gives unchanged figures
    /// fresh noise, which invites averaging: see [`crate::rotate`].
    pub release: Ring<KeyBytes>,
    /// These sign for the audit log.
    pub checkpoints: Arc<CheckpointKeys>,
}

/// The keys that protect stored data.
pub struct SealingKeys {
    pub envelope: Ring<KeyBytes>,
    /// One or, during a rotation, two.
    pub look_up: Ring<KeyBytes>,
}

/// Who asks for the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The watch, each second: a command's recent answer is good enough.
    Watch,
    Now,
}

/// Reads every key from where the configuration says it comes from.
pub struct KeyReader {
    sources: Vec<(KeyPurpose, KeySource)>,
    /// The audit log's name, for its checkpoints.
    origin: String,
    clock: Clock,
    /// What each command answered, and when.
    said: Mutex<BTreeMap<KeyPurpose, (Instant, Content)>>,
    /// A digest of every key ever read, so that no key changes under its id.
    known: Mutex<BTreeMap<(KeyPurpose, u32), Vec<u8>>>,
}

impl KeyReader {
    /// A reader that has read nothing yet. `origin` is the audit log's name.
    pub fn new(keys: &Keys, origin: &str, clock: Clock) -> Self {
        let sources = KeyPurpose::ALL.map(|purpose| (purpose, keys.source(purpose))).into();
        let origin = origin.to_owned();
        Self { sources, origin, clock, said: Mutex::default(), known: Mutex::default() }
    }

    /// Reads every key once. It blocks.
    pub fn read(&self) -> Result<Secrets, KeysError> {
        let (contents, _) = self.contents(Asked::Now)?;
        self.secrets(&contents)
    }

    /// Reads the sealing keys as they are at this moment. It blocks.
    pub fn read_sealing_keys(&self) -> Result<SealingKeys, KeysError> {
        let (contents, _) = self.contents(Asked::Now)?;
        self.sealing_keys(&contents, self.clock.now())
    }

    /// Keeps what `make` builds from the secrets up to date with the keys. It blocks for the first reading.
    pub fn watch<T: Send + Sync + 'static>(
        self: Arc<Self>,
        make: impl Fn(Secrets) -> Result<T, KeysError> + Send + Sync + 'static,
    ) -> Result<Watch<T, KeysError>, KeysError> {
        let reading = Arc::clone(&self);
        Watch::of("keys", move || reading.contents(Asked::Watch), move |contents| self.secrets(contents).and_then(&make))
    }

    /// The written keys, and a digest that changes when they do or when another key comes into force.
    fn contents(&self, asked: Asked) -> Result<(Vec<Content>, Vec<u8>), KeysError> {
        let now = self.clock.now();
        let mut whole = digest::Context::new(&digest::SHA256);
        let mut contents = Vec::with_capacity(self.sources.len());
        for (purpose, source) in &self.sources {
            let content = self.content(*purpose, source, asked)?;
            let primary = source.parse(*purpose, &content).and_then(|keys| source.primary(&keys, now))?;
            whole.update(digest::digest(&digest::SHA256, &content).as_ref());
            whole.update(&primary.to_be_bytes());
            contents.push(content);
        }
        Ok((contents, whole.finish().as_ref().to_vec()))
    }

    fn content(&self, purpose: KeyPurpose, source: &KeySource, asked: Asked) -> Result<Content, KeysError> {
        if !source.is_command() {
            return source.read();
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match said.get(&purpose) {
            Some((at, content)) if asked == Asked::Watch && at.elapsed() < COMMAND_PERIOD => Ok(content.clone()),
            _ => {
                let content = source.read()?;
                said.insert(purpose, (Instant::now(), content.clone()));
                Ok(content)
            }
        }
    }

    /// Makes all secrets from the written keys, in the order of the sources.
    fn secrets(&self, contents: &Contents) -> Result<Secrets, KeysError> {
        let now = self.clock.now();
        let sealing = self.sealing_keys(contents, now)?;
        let release = self.ring(contents, KeyPurpose::Release, now)?;
        let child_keys = Arc::new(ChildKeys::new(&self.ring(contents, KeyPurpose::Pairwise, now)?)?);
        let (source, keys) = self.lines(contents, KeyPurpose::Token)?;
        let signing = keys.iter().map(|(id, key)| Ok((*id, SigningKey::from_pem(key.text.as_bytes())?)));
        let signing: jsonwebtoken::errors::Result<_> = signing.collect();
        let signing = signing.map_err(|_| KeysError::NotP256 { origin: source.to_string() })?;
        let signing_keys = Ring::new(signing, source.primary(&keys, now)?).ok_or(KeysError::Unusable { purpose: KeyPurpose::Token })?;
        let checkpoints = Arc::new(CheckpointKeys::new(&self.origin, &self.ring(contents, KeyPurpose::Checkpoint, now)?)?);
        Ok(Secrets { sealing, child_keys, signing_keys: Arc::new(signing_keys), release, checkpoints })
    }

    fn sealing_keys(&self, contents: &Contents, now: DateTime<Utc>) -> Result<SealingKeys, KeysError> {
        let look_up = self.ring(contents, KeyPurpose::LookUp, now)?;
        if look_up.iter().count() > 2 {
            let (source, _) = self.lines(contents, KeyPurpose::LookUp)?;
            return Err(KeysError::ThreeLookUpKeys { origin: source.to_string() });
        }
        Ok(SealingKeys { envelope: self.ring(contents, KeyPurpose::Envelope, now)?, look_up })
    }

    fn ring(&self, contents: &Contents, purpose: KeyPurpose, now: DateTime<Utc>) -> Result<Ring<KeyBytes>, KeysError> {
        let (source, keys) = self.lines(contents, purpose)?;
        source.secrets(&keys, now)
    }

    fn lines(&self, contents: &Contents, purpose: KeyPurpose) -> Result<(&KeySource, KeyLines), KeysError> {
        let found = self.sources.iter().zip(contents).find(|((other, _), _)| *other == purpose);
        let ((_, source), content) = found.ok_or(KeysError::Unusable { purpose })?;
        let keys = source.parse(purpose, content)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, key) in &keys {
            let digest = digest::digest(&digest::SHA256, key.text.as_bytes()).as_ref().to_vec();
            if *known.entry((purpose, *id)).or_insert_with(|| digest.clone()) != digest {
                return Err(KeysError::Changed { origin: source.to_string(), id: *id });
            }
        }
        Ok((source, keys))
    }
}
