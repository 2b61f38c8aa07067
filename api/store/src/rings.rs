//! Keys of one purpose.

use std::collections::BTreeMap;

/// Keys by id, and the one that new values are made under. Those above it are known already, so that
/// what another gateway makes under them is understood; those below it are on their way out.
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

    /// Whether a key is on its way out.
    pub fn is_rotating(&self) -> bool {
        self.keys.range(..self.primary).next().is_some()
    }

    /// A ring of what each key is made into.
    pub fn map<T, E>(&self, make: impl Fn(&K) -> Result<T, E>) -> Result<Ring<T>, E> {
        let keys = self.keys.iter().map(|(id, key)| Ok((*id, make(key)?))).collect::<Result<_, E>>()?;
        Ok(Ring { keys, primary: self.primary })
    }
}

impl<K> std::fmt::Debug for Ring<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring({:?}, {} in force)", self.keys.keys().collect::<Vec<_>>(), self.primary)
    }
}
