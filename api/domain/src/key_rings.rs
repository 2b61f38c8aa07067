//! Keys: what each is for, and rings of several keys for one purpose.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// Bytes of a secret key, cleared when dropped.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// What a key is for. A new purpose needs a variant and a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// Signs access tokens.
    Token,
    /// Seals what is stored.
    Envelope,
    /// Makes the indexes by which sealed values are found.
    LookUp,
    /// Makes the ids that each partner uses for a child.
    Pairwise,
    /// Rounds the figures of releases.
    Release,
    /// Signs checkpoints of the audit log.
    Checkpoint,
}

impl KeyPurpose {
    pub const ALL: [Self; 6] = [Self::Token, Self::Envelope, Self::LookUp, Self::Pairwise, Self::Release, Self::Checkpoint];

    /// Its name in `gateway.toml`, on the command line and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Envelope => "envelope",
            Self::LookUp => "look-up",
            Self::Pairwise => "pairwise",
            Self::Release => "release",
            Self::Checkpoint => "checkpoint",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyPurpose {
    type Err = String;

    /// The error is for an operator: it repeats the text and names every purpose.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|purpose| purpose.as_str() == text);
        found.ok_or_else(|| format!("no key is for `{text}`: one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

impl<'de> serde::Deserialize<'de> for KeyPurpose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Keys by id, and the one that new values are made under. Keys with higher ids are known already, so that what another
/// gateway makes under them can be read; keys with lower ids are being retired.
#[derive(Clone)]
pub struct Ring<K> {
    keys: BTreeMap<u32, K>,
    primary: u32,
}

impl<K> Ring<K> {
    /// `None` where the primary is not among the keys.
    pub fn new(keys: BTreeMap<u32, K>, primary: u32) -> Option<Self> {
        keys.contains_key(&primary).then_some(Self { keys, primary })
    }

    /// The id of the key in force.
    pub fn primary_id(&self) -> u32 {
        self.primary
    }

    pub fn get(&self, id: u32) -> Option<&K> {
        self.keys.get(&id)
    }

    /// Each key with its id, from the oldest.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &K)> {
        self.keys.iter().map(|(id, key)| (*id, key))
    }

    /// Whether an older key is being retired.
    pub fn is_rotating(&self) -> bool {
        self.keys.range(..self.primary).next().is_some()
    }

    /// A ring of what `make` makes from each key.
    pub fn map<T, E>(&self, make: impl Fn(&K) -> Result<T, E>) -> Result<Ring<T>, E> {
        let keys = self.keys.iter().map(|(id, key)| Ok((*id, make(key)?))).collect::<Result<_, E>>()?;
        Ok(Ring { keys, primary: self.primary })
    }
}

impl<K> fmt::Debug for Ring<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ring({:?}, {} in force)", self.keys.keys().collect::<Vec<_>>(), self.primary)
    }
}
