//! Idempotency keys: the same key with the same request gets the same answer, and nothing is made twice.

use aws_lc_rs::digest::{SHA256, digest};
use domain::CallContext;
use serde::Serialize;
use store::{Claim, Fingerprint, StoreError, Tx};

use crate::troubles::{Kind, Trouble};

/// What identifies a request: the caller's own key, if it gave one, and what it asked.
#[derive(Debug, Clone)]
pub struct Key {
    pub key: Option<String>,
    pub fingerprint: Fingerprint,
}

/// Identifies a request, whatever its spacing: the operation with the names in its path, and the parsed body.
pub fn fingerprint(operation: &str, body: &impl Serialize) -> Result<Fingerprint, Trouble> {
    let mut bytes = operation.as_bytes().to_vec();
    bytes.push(0);
    serde_json::to_writer(&mut bytes, body).map_err(Trouble::internal)?;
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    Ok(fingerprint)
}

/// An answer made now, or the one made before.
#[derive(Debug)]
pub enum Once<T> {
    Made(T),
    /// The answer as JSON.
    Before(String),
}

/// Does the work of a request once, and records that in the same transaction.
pub(crate) fn once<T: Serialize, E>(
    tx: &mut Tx<'_>,
    key: &Key,
    cx: &CallContext,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Result<T, E>, StoreError>,
) -> Result<Result<Once<T>, Trouble>, StoreError>
where
    Trouble: From<E>,
{
    let Key { key: Some(key), fingerprint } = key else {
        return Ok(work(tx)?.map(Once::Made).map_err(Trouble::from));
    };
    let (client, owner) = (cx.by.client.as_str(), cx.by.request_id);
    match tx.claim(client, key, owner, cx.now)? {
        Claim::InFlight => Ok(Err(in_flight())),
        Claim::Settled { fingerprint: theirs, answer } if theirs == *fingerprint => Ok(Ok(Once::Before(answer))),
        Claim::Settled { .. } => Ok(Err(mismatch())),
        Claim::Ours => {
            let done = work(tx)?;
            match &done {
                Ok(view) => {
                    let answer = serde_json::to_string(view).map_err(|_| StoreError::Corrupt("an answer that JSON cannot hold"))?;
                    tx.settle(client, key, owner, fingerprint, &answer)?;
                }
                Err(_) => tx.unclaim(client, key, owner)?,
            }
            Ok(done.map(Once::Made).map_err(Trouble::from))
        }
    }
}

/// Another request with this key is still being worked on.
pub(crate) fn in_flight() -> Trouble {
    Trouble::new(Kind::IdempotencyInFlight)
}

/// The key belongs to another request.
pub(crate) fn mismatch() -> Trouble {
    Trouble::new(Kind::IdempotencyMismatch).detail("Send another key with another request.")
}
