//! What the gateway makes from its keys, and makes again when they change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use disclosure::ReleaseSecret;
use domain::{KeyPurpose, Ring};
use store::vault::Vault;
use trust::{CheckpointKeys, ChildKeys, Clock, KeyReader, Keys, KeysError, SealingKeys, Secrets, SigningKeys, Watch};

/// The keys are read again for unknown key ids at most once in this time.
const REREAD_PERIOD: Duration = Duration::from_secs(1);

/// The secrets, with the store's vault and the secrets of releases made from the keys.
pub struct GatewaySecrets {
    pub vault: Arc<Vault>,
    pub child_keys: Arc<ChildKeys>,
    pub signing_keys: Arc<SigningKeys>,
    pub release: ReleaseSecrets,
    /// These sign for the audit log.
    pub checkpoints: Arc<CheckpointKeys>,
}

/// Release secrets, by the id that a release is published with.
pub(crate) type ReleaseSecrets = Ring<Arc<ReleaseSecret>>;

/// Reads every key once; `origin` is the audit log's name. It blocks.
pub fn read_secrets(keys: &Keys, origin: &str, clock: Clock) -> Result<GatewaySecrets, KeysError> {
    let reader = Arc::new(KeyReader::new(keys, origin, clock));
    GatewaySecrets::new(reader.read()?, &Arc::new(Rereading::new(reader)))
}

/// Watches the sources of the keys. It blocks for the first reading.
pub fn watch_secrets(keys: &Keys, origin: &str, clock: Clock) -> Result<Watch<GatewaySecrets, KeysError>, KeysError> {
    let reader = Arc::new(KeyReader::new(keys, origin, clock));
    let rereading = Arc::new(Rereading::new(Arc::clone(&reader)));
    reader.watch(move |secrets| GatewaySecrets::new(secrets, &rereading))
}

impl GatewaySecrets {
    fn new(secrets: Secrets, rereading: &Arc<Rereading>) -> Result<Self, KeysError> {
        let rereading = Arc::clone(rereading);
        let vault = vault(&secrets.sealing)?.with_reread(Arc::new(move || rereading.vault()));
        Ok(Self {
            vault: Arc::new(vault),
            child_keys: secrets.child_keys,
            signing_keys: secrets.signing_keys,
            release: secrets.release.map(|bytes| Ok::<_, KeysError>(Arc::new(ReleaseSecret::new(**bytes))))?,
            checkpoints: secrets.checkpoints,
        })
    }
}

/// Reads the keys again when a stored value needs one that is not known.
struct Rereading {
    reader: Arc<KeyReader>,
    last: Mutex<Option<(Instant, Option<Arc<Vault>>)>>,
}

impl Rereading {
    fn new(reader: Arc<KeyReader>) -> Self {
        Self { reader, last: Mutex::default() }
    }

    /// The vault of the keys as their sources give them now. Somebody who makes up key ids causes one reading a second at
    /// most.
    fn vault(&self) -> Option<Arc<Vault>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, vault)) = &*last
            && at.elapsed() < REREAD_PERIOD
        {
            return vault.clone();
        }
        let vault = self.reader.read_sealing_keys().and_then(|keys| vault(&keys));
        if let Err(error) = &vault {
            tracing::error!(%error, "a stored value needs a key that is not known, and the keys cannot be read anew");
        }
        let vault = vault.ok().map(Arc::new);
        *last = Some((Instant::now(), vault.clone()));
        vault
    }
}

fn vault(keys: &SealingKeys) -> Result<Vault, KeysError> {
    Vault::new(&keys.envelope, &keys.look_up).map_err(|_| KeysError::Unusable { purpose: KeyPurpose::Envelope })
}
