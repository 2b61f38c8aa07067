//! `keys rotate`: adds a new key beside the one in force. Every gateway knows the new key before it is used.
//!
//! A release secret is changed only if it is asked for by name and confirmed. A new one rounds unchanged figures
//! differently. Whoever compares both releases learns more than either tells and, from enough of them, the figure itself.
//! So change it only if it has leaked. What was published stays as it is, and a day that was released once is always
//! rounded with the secret of its first release.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::KeyPurpose;

use super::lines::{self, KeyLine, KeyLines};
use super::sections::Keys;
use super::sources::KeySource;
use super::{CHILD_IDS_HOLD, Form, KeysError, Old, about, makers};
use crate::files;

/// The least time from adding a key to its coming into force: enough for every gateway to read a changed file.
pub const LEAST_DELAY: TimeDelta = TimeDelta::seconds(5);

/// Why no key was added.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("{purpose}: key {id} is not in force before {from}; nothing was changed")]
    UnderWay { purpose: KeyPurpose, id: u32, from: String },
    #[error("{purpose}: the last rotation is not over; retire the old key first (keys rotate --retire)")]
    NotRetired { purpose: KeyPurpose },
    #[error(
        "release: a new secret rounds unchanged figures anew, which helps whoever compares releases; \
         say --confirm-fresh-noise if the secret has leaked"
    )]
    NotConfirmed,
    #[error("a new key is known for {} seconds at the least before it is in force", LEAST_DELAY.num_seconds())]
    TooSoon,
}

/// What to change.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// One purpose, or all but the release secret and the checkpoint key.
    pub purpose: Option<KeyPurpose>,
    /// How long after now the new keys come into force.
    pub delay: TimeDelta,
    pub confirm_fresh_noise: bool,
}

/// Adds a new key to each source that is a file. Returns lines that tell the operator what will happen and what to do.
/// Nothing is written unless every key could be read and made. It blocks.
pub fn rotate(keys: &Keys, now: DateTime<Utc>, rotation: &Rotation) -> Result<Vec<String>, RotationError> {
    if rotation.delay < LEAST_DELAY {
        return Err(RotationError::TooSoon);
    }
    if rotation.purpose == Some(KeyPurpose::Release) && !rotation.confirm_fresh_noise {
        return Err(RotationError::NotConfirmed);
    }
    let from = now + rotation.delay;
    let mut told = Vec::new();
    let mut changes = Vec::new();
    for purpose in purposes(rotation.purpose) {
        let source = keys.source(purpose);
        let content = source.read()?;
        let mut lines = source.parse(purpose, &content)?;
        let current = source.primary(&lines, now)?;
        check(purpose, &lines, current)?;
        let id = lines.last_key_value().map_or(1, |(id, _)| id + 1);
        let KeySource::File(path) = &source else {
            told.push(by_hand(purpose, &source, id, from));
            continue;
        };
        lines.insert(id, KeyLine { text: makers::make(about(purpose).form)?, from: Some(from) });
        changes.push((path.clone(), lines::write(&lines, about(purpose).form)));
        told.push(format!("{purpose}: key {id} added to {source}, in force from {}. {}", instant(from), then(purpose, current)));
    }
    for (path, text) in &changes {
        files::replace_secret_file(path, text.as_bytes()).map_err(KeysError::from)?;
    }
    if rotation.purpose.is_none() {
        told.push("release: left as it is; name it with --key release if it has leaked.".to_owned());
        told.push("checkpoint: left as it is; name it with --key checkpoint.".to_owned());
    }
    Ok(told)
}

/// The named purpose, or all that change together.
pub(super) fn purposes(named: Option<KeyPurpose>) -> Vec<KeyPurpose> {
    let all = || KeyPurpose::ALL.into_iter().filter(|purpose| about(*purpose).with_all).collect();
    named.map_or_else(all, |purpose| vec![purpose])
}

/// Allows one rotation at a time. A key that is not in force yet is a rotation that has only begun. A third look-up key
/// would make stored records hard to find.
fn check(purpose: KeyPurpose, keys: &KeyLines, current: u32) -> Result<(), RotationError> {
    if let Some((id, key)) = keys.range(current + 1..).next() {
        return Err(RotationError::UnderWay { purpose, id: *id, from: key.from.map(instant).unwrap_or_default() });
    }
    if purpose == KeyPurpose::LookUp && keys.len() > 1 { Err(RotationError::NotRetired { purpose }) } else { Ok(()) }
}

fn then(purpose: KeyPurpose, old: u32) -> String {
    match (purpose, about(purpose).old) {
        (KeyPurpose::Release, _) => {
            format!("Releases of days that were not released before are made with it; key {old} stays for those that were.")
        }
        (_, Old::Unused) => {
            format!("The gateways bring what is stored under key {old} under it by themselves; then: keys rotate --key {purpose} --retire.")
        }
        (KeyPurpose::Pairwise, _) => {
            format!(
                "Child ids made under key {old} are understood for {} days more; then: keys rotate --key {purpose} --retire.",
                CHILD_IDS_HOLD.num_days()
            )
        }
        (KeyPurpose::Checkpoint, _) => {
            format!("Checkpoints that key {old} signed count for as long as it is kept; give auditors the new public key (`.pub`).")
        }
        (_, Old::After(time)) => {
            format!(
                "What was signed with key {old} counts for {} minutes more; then: keys rotate --key {purpose} --retire.",
                time.num_minutes()
            )
        }
    }
}

fn by_hand(purpose: KeyPurpose, source: &KeySource, id: u32, from: DateTime<Utc>) -> String {
    let from = instant(from);
    let line = match about(purpose).form {
        Form::Secret => format!("a line `{id}:BASE64 @{from}`, BASE64 being 32 random bytes"),
        Form::P256 => format!("a line `{id}: @{from}` and after it a P-256 private key in PKCS#8 PEM"),
    };
    let restart = match source {
        KeySource::Environment(_) => {
            " Then restart the gateways one after another, all of them before that instant: put it far enough ahead."
        }
        _ => " The gateways ask the command again within 20 seconds.",
    };
    format!("{purpose}: nothing was changed, because {source} is not the gateway's to write. Add to what it gives {line}.{restart}")
}

/// An instant in the form of key lines.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
