//! `keys rotate --retire`: removes old keys that nothing needs any more. A backup still needs the keys of its day: keep
//! them with it, and as safe.

use chrono::{DateTime, TimeDelta, Utc};
use domain::KeyPurpose;

use super::lines::{self, KeyLines};
use super::rotation::{instant, purposes};
use super::sections::Keys;
use super::sources::KeySource;
use super::{KeysError, Old, UNDER_WAY, about};
use crate::files;

/// The result of a retirement.
#[derive(Debug)]
pub struct Retirement {
    /// What was done and what was not, as lines for the operator.
    pub told: Vec<String>,
    /// False if an old key is still needed.
    pub done: bool,
}

/// Removes each old key that nothing needs from its file. `unneeded` says whether stored data needs a key; its error
/// tells the operator what does. It blocks.
pub fn retire(
    keys: &Keys,
    now: DateTime<Utc>,
    named: Option<KeyPurpose>,
    unneeded: impl Fn(KeyPurpose, u32) -> Result<(), String>,
) -> Result<Retirement, KeysError> {
    let mut retirement = Retirement { told: Vec::new(), done: true };
    for purpose in purposes(named) {
        let source = keys.source(purpose);
        let mut lines = source.parse(purpose, &source.read()?)?;
        let current = source.primary(&lines, now)?;
        let old: Vec<u32> = lines.range(..current).map(|(id, _)| *id).collect();
        if old.is_empty() {
            retirement.told.push(format!("{purpose}: there is no old key."));
        }
        for id in old {
            if let Err(why) = unneeded(purpose, id).and_then(|()| is_over(purpose, id, &lines, now)) {
                retirement.told.push(format!("{purpose}: key {id} stays: {why}."));
                retirement.done = false;
                continue;
            }
            let KeySource::File(path) = &source else {
                retirement
                    .told
                    .push(format!("{purpose}: nothing needs key {id}. Remove it from {source}, which is not the gateway's to write."));
                continue;
            };
            lines.remove(&id);
            let text = lines::write(&lines, about(purpose).form);
            files::replace_secret_file(path, text.as_bytes())?;
            retirement.told.push(format!("{purpose}: key {id} is removed from {source}. Backups of its time still need it."));
        }
    }
    Ok(retirement)
}

/// Whether an old key may go now. The error says why not, and until when.
fn is_over(purpose: KeyPurpose, id: u32, keys: &KeyLines, now: DateTime<Utc>) -> Result<(), String> {
    let (next, since) = keys.range(id + 1..).next().map(|(next, key)| (*next, key.from)).unwrap_or((id, None));
    let since = since.ok_or_else(|| format!("the line of key {next} does not say since when it is in force (@INSTANT)"))?;
    let (wait, why): (TimeDelta, _) = match about(purpose).old {
        Old::Unused => (UNDER_WAY, "what began under it may still be under way"),
        Old::After(wait) => (wait, "what was made with it is still good"),
    };
    if since + wait <= now { Ok(()) } else { Err(format!("{why}; it may go from {} on", instant(since + wait))) }
}
