//! What the gateway keeps secret, made from its keys and made again when they change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use disclosure::ReleaseSecret;
use domain::keys::{KeyBytes, KeyPurpose, Ring};
use store::vault::Vault;

use crate::checkpoints::CheckpointKeys;
use crate::child_ids::ChildKeys;
use crate::clocks::Clock;
use crate::configuration::Keys;
use crate::keys::lines::{self, KeyLines};
use crate::keys::sources::Source;
use crate::keys::{KeysError, about};
use crate::tokens::keys::{SigningKey, SigningKeys};
use crate::watches::{Content, Contents, Watch};

/// How often a command is asked for keys: with the least delay of a new key, before it is in force.
const COMMAND_PERIOD: Duration = Duration::from_secs(20);

/// How often the keys are asked for at the most because a stored value needs one that is not known.
const REREAD_PERIOD: Duration = Duration::from_secs(1);

/// What the gateway keeps secret.
pub struct Secrets {
    pub vault: Arc<Vault>,
    pub child_keys: Arc<ChildKeys>,
    pub signing_keys: Arc<SigningKeys>,
    /// A new one gives unchanged figures fresh noise, which invites averaging: see `keys::rotation`.
    pub release: ReleaseSecrets,
    /// Sign for the audit log.
    pub checkpoints: Arc<CheckpointKeys>,
}

/// Secrets of releases, by the id that a release is published with.
pub type ReleaseSecrets = Ring<Arc<ReleaseSecret>>;

/// Reads every key once; `origin` is the audit log's. It blocks.
pub fn read(keys: &Keys, origin: &str, clock: Clock) -> Result<Secrets, KeysError> {
    let reader = Reader::new(keys, origin, clock);
    let contents = reader.read(Asked::Now)?.0;
    reader.secrets(&contents)
}

/// Watches the sources. It blocks for the first reading.
pub fn watch(keys: &Keys, origin: &str, clock: Clock) -> Result<Watch<Secrets, KeysError>, KeysError> {
    let reader = Reader::new(keys, origin, clock);
    let reading = Arc::clone(&reader);
    Watch::of("keys", move || reading.read(Asked::Watch), move |contents| reader.secrets(contents))
}

/// Reads the keys of the audit log of that origin alone. It blocks.
pub fn checkpoint_keys(keys: &Keys, origin: &str, now: DateTime<Utc>) -> Result<CheckpointKeys, KeysError> {
    let source = keys.source(KeyPurpose::Checkpoint);
    let lines = parse(KeyPurpose::Checkpoint, &source, &source.read()?)?;
    let seeds = lines::secrets(&lines, now).map_err(|fault| KeysError::Lines { origin: source.to_string(), fault })?;
    Ok(CheckpointKeys::new(origin, &seeds)?)
}

/// Who asks for the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The watch, each second: what a command said lately is good enough.
    Watch,
    Now,
}

struct Reader {
    sources: Vec<(KeyPurpose, Source)>,
    /// The audit log's, for its checkpoints.
    origin: String,
    clock: Clock,
    /// What each command said, and when.
    said: Mutex<BTreeMap<KeyPurpose, (Instant, Content)>>,
    /// A digest of every key that was ever read, so that none changes under its id.
    known: Mutex<BTreeMap<(KeyPurpose, u32), Vec<u8>>>,
    reread: Mutex<Option<(Instant, Option<Arc<Vault>>)>>,
}

impl Reader {
    fn new(keys: &Keys, origin: &str, clock: Clock) -> Arc<Self> {
        let sources = KeyPurpose::ALL.map(|purpose| (purpose, keys.source(purpose))).into();
        let origin = origin.to_owned();
        Arc::new(Self { sources, origin, clock, said: Mutex::default(), known: Mutex::default(), reread: Mutex::default() })
    }

    /// The keys' texts, and a digest that changes when they do or when another key comes into force.
    fn read(&self, asked: Asked) -> Result<(Vec<Content>, Vec<u8>), KeysError> {
        let now = self.clock.now();
        let mut whole = digest::Context::new(&digest::SHA256);
        let mut contents = Vec::with_capacity(self.sources.len());
        for (purpose, source) in &self.sources {
            let content = self.content(*purpose, source, asked)?;
            let primary = parse(*purpose, source, &content).and_then(|keys| primary(source, &keys, now))?;
            whole.update(digest::digest(&digest::SHA256, &content).as_ref());
            whole.update(&primary.to_be_bytes());
            contents.push(content);
        }
        Ok((contents, whole.finish().as_ref().to_vec()))
    }

    fn content(&self, purpose: KeyPurpose, source: &Source, asked: Asked) -> Result<Content, KeysError> {
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

    /// Makes everything from the texts, in the order of the sources.
    fn secrets(self: &Arc<Self>, contents: &Contents) -> Result<Secrets, KeysError> {
        let now = self.clock.now();
        let vault = self.vault(contents, now)?;
        let reader = Arc::clone(self);
        let vault = Arc::new(vault.with_reread(Arc::new(move || reader.reread())));
        let release = self.ring(contents, KeyPurpose::Release, now)?;
        let release = release.map(|bytes| Ok::<_, KeysError>(Arc::new(ReleaseSecret::new(**bytes))))?;
        let child_keys = Arc::new(ChildKeys::new(&self.ring(contents, KeyPurpose::Pairwise, now)?)?);
        let (source, keys) = self.lines(contents, KeyPurpose::Token)?;
        let signing = keys.iter().map(|(id, key)| Ok((*id, SigningKey::from_pem(key.text.as_bytes())?)));
        let signing: jsonwebtoken::errors::Result<_> = signing.collect();
        let signing = signing.map_err(|_| KeysError::NotP256 { origin: source.to_string() })?;
        let signing_keys = Ring::new(signing, primary(source, &keys, now)?).ok_or(store::StoreError::Sealing)?;
        let checkpoints = Arc::new(CheckpointKeys::new(&self.origin, &self.ring(contents, KeyPurpose::Checkpoint, now)?)?);
        Ok(Secrets { vault, child_keys, signing_keys: Arc::new(signing_keys), release, checkpoints })
    }

    fn vault(&self, contents: &Contents, now: DateTime<Utc>) -> Result<Vault, KeysError> {
        let look_up = self.ring(contents, KeyPurpose::LookUp, now)?;
        if look_up.iter().count() > 2 {
            let (source, _) = self.lines(contents, KeyPurpose::LookUp)?;
            return Err(KeysError::ThreeLookUpKeys { origin: source.to_string() });
        }
        Ok(Vault::new(&self.ring(contents, KeyPurpose::Envelope, now)?, &look_up)?)
    }

    fn ring(&self, contents: &Contents, purpose: KeyPurpose, now: DateTime<Utc>) -> Result<Ring<KeyBytes>, KeysError> {
        let (source, keys) = self.lines(contents, purpose)?;
        lines::secrets(&keys, now).map_err(|fault| KeysError::Lines { origin: source.to_string(), fault })
    }

    fn lines(&self, contents: &Contents, purpose: KeyPurpose) -> Result<(&Source, KeyLines), KeysError> {
        let found = self.sources.iter().zip(contents).find(|((other, _), _)| *other == purpose);
        let ((_, source), content) = found.ok_or(store::StoreError::Sealing)?;
        let keys = parse(purpose, source, content)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, key) in &keys {
            let digest = digest::digest(&digest::SHA256, key.text.as_bytes()).as_ref().to_vec();
            if *known.entry((purpose, *id)).or_insert_with(|| digest.clone()) != digest {
                return Err(KeysError::Changed { origin: source.to_string(), id: *id });
            }
        }
        Ok((source, keys))
    }

    /// The vault as the sources say at this moment. Who made up a key id costs a reading each second
    /// and no more.
    fn reread(self: &Arc<Self>) -> Option<Arc<Vault>> {
        let mut last = self.reread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, vault)) = &*last
            && at.elapsed() < REREAD_PERIOD
        {
            return vault.clone();
        }
        let vault = self.read(Asked::Now).and_then(|(contents, _)| self.vault(&contents, self.clock.now()));
        if let Err(error) = &vault {
            tracing::error!(%error, "a stored value needs a key that is not known, and the keys cannot be read anew");
        }
        let vault = vault.ok().map(Arc::new);
        *last = Some((Instant::now(), vault.clone()));
        vault
    }
}

/// The keys in a source's text.
pub(crate) fn parse(purpose: KeyPurpose, source: &Source, content: &Content) -> Result<KeyLines, KeysError> {
    lines::parse(content, about(purpose).form).map_err(|fault| KeysError::Lines { origin: source.to_string(), fault })
}

/// The id of the key in force.
pub(crate) fn primary(source: &Source, keys: &KeyLines, now: DateTime<Utc>) -> Result<u32, KeysError> {
    lines::primary(keys, now).map_err(|fault| KeysError::Lines { origin: source.to_string(), fault })
}
