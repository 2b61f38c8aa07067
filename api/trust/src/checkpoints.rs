//! Signed checkpoints of the audit log (C2SP tlog-checkpoint): a signed note of its origin, size and root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::{KeyBytes, KeyPurpose, LogHash, Ring, TreeHead};

use crate::files::{self, FileError};
use crate::keys::{Keys, KeysError};

/// The byte that means Ed25519 in a key's hash and text (C2SP signed-note).
const ALGORITHM: u8 = 1;
/// The longest checkpoint that is read, in bytes: many witnesses' signatures fit.
const LONGEST: usize = 64 * 1024;

/// Why a checkpoint cannot be signed or trusted.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: not a checkpoint: three lines (origin, size, root), an empty line, signatures", .0.display())]
    Malformed(PathBuf),
    #[error("{}: a checkpoint of another log: its origin is not {origin}", path.display())]
    Foreign { path: PathBuf, origin: String },
    #[error("{}: signed by no key of this log", .0.display())]
    UnknownKey(PathBuf),
    #[error("{}: its signature does not hold", .0.display())]
    Forged(PathBuf),
}

/// The log's name and the keys that sign for it.
pub struct CheckpointKeys {
    origin: String,
    /// The key that signs comes first, then the others, newest first.
    keys: Vec<(Ed25519KeyPair, [u8; 4])>,
}

impl CheckpointKeys {
    /// Reads the keys of the log called `origin` from their configured source. It blocks.
    pub fn read(keys: &Keys, origin: &str, now: DateTime<Utc>) -> Result<Self, KeysError> {
        let source = keys.source(KeyPurpose::Checkpoint);
        let lines = source.parse(KeyPurpose::Checkpoint, &source.read()?)?;
        Self::new(origin, &source.secrets(&lines, now)?)
    }

    /// Makes a log's keys from seeds. The key in force signs.
    pub(crate) fn new(origin: &str, seeds: &Ring<KeyBytes>) -> Result<Self, KeysError> {
        let key = |seed: &KeyBytes| {
            let key = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
                .map_err(|_| KeysError::Unusable { purpose: KeyPurpose::Checkpoint })?;
            let hash = key_hash(origin, key.public_key().as_ref());
            Ok((key, hash))
        };
        let mut seeds_by_use: Vec<_> = seeds.iter().collect();
        seeds_by_use.sort_by_key(|(id, _)| (*id != seeds.primary_id(), std::cmp::Reverse(*id)));
        let keys = seeds_by_use.into_iter().map(|(_, seed)| key(seed)).collect::<Result<_, KeysError>>()?;
        Ok(Self { origin: origin.to_owned(), keys })
    }

    /// Signs a checkpoint of this size and root.
    pub fn sign(&self, head: TreeHead) -> String {
        let text = format!("{}\n{}\n{}\n", self.origin, head.size, STANDARD.encode(head.root));
        let signature = self.keys.first().map(|(key, hash)| [hash.as_slice(), key.sign(text.as_bytes()).as_ref()].concat());
        format!("{text}\n— {} {}\n", self.origin, STANDARD.encode(signature.unwrap_or_default()))
    }

    /// The public keys as C2SP signed-note text, one a line. The key that signs comes first.
    pub fn public(&self) -> Vec<String> {
        let line = |(key, hash): &(Ed25519KeyPair, [u8; 4])| {
            let public = [&[ALGORITHM], key.public_key().as_ref()].concat();
            format!("{}+{:08x}+{}", self.origin, u32::from_be_bytes(*hash), STANDARD.encode(public))
        };
        self.keys.iter().map(line).collect()
    }

    /// The size and root that a checkpoint in a file states, if one of these keys signed it. It blocks.
    pub fn open(&self, path: &Path) -> Result<TreeHead, CheckpointError> {
        let bytes = files::read_file(path)?;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= LONGEST);
        let (origin, head, note, signatures) = text.and_then(split).ok_or_else(|| CheckpointError::Malformed(path.into()))?;
        if origin != self.origin {
            return Err(CheckpointError::Foreign { path: path.into(), origin: self.origin.clone() });
        }
        let mut known = false;
        for signature in signatures.lines() {
            let signature = signature.strip_prefix("— ").and_then(|line| line.split_once(' ')).filter(|(name, _)| *name == self.origin);
            let Some(signature) = signature.and_then(|(_, base64)| STANDARD.decode(base64).ok()) else { continue };
            let Some((hash, signature)) = signature.split_first_chunk::<4>() else { continue };
            for (key, _) in self.keys.iter().filter(|(_, known)| known == hash) {
                known = true;
                let key = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
                if key.verify(note.as_bytes(), signature).is_ok() {
                    return Ok(head);
                }
            }
        }
        Err(if known { CheckpointError::Forged(path.into()) } else { CheckpointError::UnknownKey(path.into()) })
    }
}

impl std::fmt::Debug for CheckpointKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckpointKeys").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Gives the log's keys as they are when something is signed.
pub struct Checkpoints(Box<dyn Fn() -> Arc<CheckpointKeys> + Send + Sync>);

impl Checkpoints {
    pub fn new(keys: impl Fn() -> Arc<CheckpointKeys> + Send + Sync + 'static) -> Self {
        Self(Box::new(keys))
    }

    pub fn keys(&self) -> Arc<CheckpointKeys> {
        (self.0)()
    }
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checkpoints(…)")
    }
}

/// The short hash by which a signature names its key.
fn key_hash(name: &str, public: &[u8]) -> [u8; 4] {
    let named = [name.as_bytes(), b"\n", &[ALGORITHM], public].concat();
    let mut hash = [0; 4];
    hash.copy_from_slice(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &named).as_ref()[..4]);
    hash
}

/// The origin, the size and root, the text that is signed, and the lines of signatures.
fn split(text: &str) -> Option<(&str, TreeHead, &str, &str)> {
    let end = text.find("\n\n")?;
    let (note, signatures) = (&text[..=end], &text[end + 2..]);
    let mut lines = note.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let is_plain = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    let root: LogHash = STANDARD.decode(root).ok()?.try_into().ok()?;
    Some((origin, TreeHead { size: size.parse().ok().filter(|_| is_plain)?, root }, note, signatures))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys from ids and seed bytes. The last is in force.
    fn keys(seeds: &[(u32, u8)]) -> CheckpointKeys {
        let ring = seeds.iter().map(|(id, byte)| (*id, zeroize::Zeroizing::new([*byte; 32]))).collect();
        CheckpointKeys::new("example.org/log", &Ring::new(ring, seeds.last().unwrap().0).unwrap()).unwrap()
    }

    fn open(keys: &CheckpointKeys, text: &str) -> Result<TreeHead, CheckpointError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        keys.open(file.path())
    }

    const HEAD: TreeHead = TreeHead { size: 42, root: [7; 32] };

    #[test]
    fn a_checkpoint_is_a_signed_note() {
        let keys = keys(&[(1, 1)]);
        let text = keys.sign(HEAD);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..4], ["example.org/log", "42", &STANDARD.encode([7; 32]), ""]);
        assert!(lines[4].starts_with("— example.org/log ") && lines.len() == 5 && text.ends_with('\n'));
        assert_eq!(open(&keys, &text).unwrap(), HEAD);
        let public = &keys.public()[0];
        assert!(public.starts_with("example.org/log+") && public.split('+').count() >= 3, "{public}");
    }

    #[test]
    fn the_key_in_force_signs_and_the_older_still_count() {
        let (old, both, new) = (keys(&[(1, 1)]), keys(&[(1, 1), (2, 2)]), keys(&[(2, 2)]));
        assert_eq!(open(&both, &old.sign(HEAD)).unwrap(), HEAD);
        assert_eq!(open(&new, &both.sign(HEAD)).unwrap(), HEAD);
        assert!(matches!(open(&old, &both.sign(HEAD)), Err(CheckpointError::UnknownKey(_))));
        assert_eq!(both.public(), [new.public(), old.public()].concat());
        // A key that is not in force yet is published before it signs.
        let coming = {
            let ring = [(1, 1), (2, 2)].map(|(id, byte)| (id, zeroize::Zeroizing::new([byte; 32])));
            CheckpointKeys::new("example.org/log", &Ring::new(ring.into(), 1).unwrap()).unwrap()
        };
        assert_eq!((coming.public(), coming.sign(HEAD)), ([old.public(), new.public()].concat(), old.sign(HEAD)));
        // Witnesses may have added their signatures.
        let witnessed = old.sign(HEAD) + "— witness.example AAAAAAAA\n";
        assert_eq!(open(&old, &witnessed).unwrap(), HEAD);
    }

    #[test]
    fn a_changed_or_malformed_checkpoint_is_refused_with_its_reason() {
        let keys = keys(&[(1, 1)]);
        let text = keys.sign(HEAD);
        assert!(matches!(open(&keys, &text.replacen("\n42\n", "\n41\n", 1)), Err(CheckpointError::Forged(_))));
        assert!(matches!(open(&keys, &text.replace("example.org/log", "example.org/other")), Err(CheckpointError::Foreign { .. })));
        for wrong in [
            "",
            "example.org/log\n42\n",
            &text.replacen("\n42\n", "\n042\n", 1),
            &text.replacen("\n42\n", "\n-1\n", 1),
            &text.replace("\n\n", "\n"),
        ] {
            assert!(matches!(open(&keys, wrong), Err(CheckpointError::Malformed(_))), "{wrong}");
        }
        let unsigned = text.split_inclusive("\n\n").next().unwrap();
        assert!(matches!(open(&keys, unsigned), Err(CheckpointError::UnknownKey(_))));
    }
}
