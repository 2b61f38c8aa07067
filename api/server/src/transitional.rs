//! What handlers that still open their own transactions use.

use actix_web::HttpResponse;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use domain::audit::Attribution;
use serde::Serialize;
use store::{Claim, Fingerprint, StoreError, Tx};

use crate::problems::{Kind, Problem};

/// What a JSON request is, whatever its spacing: the operation and the body as it was read.
pub fn fingerprint(operation: &str, body: &impl Serialize) -> Result<Fingerprint, Problem> {
    let mut bytes = operation.as_bytes().to_vec();
    bytes.push(0);
    serde_json::to_writer(&mut bytes, body).map_err(Problem::internal)?;
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    Ok(fingerprint)
}

/// An answer that was made now, or the one that was made before.
#[derive(Debug)]
pub enum Once<T> {
    Made(T),
    /// As JSON.
    Before(String),
}

impl<T: Serialize> Once<T> {
    /// 201 for what was made, 200 for what was there.
    pub fn respond(self) -> HttpResponse {
        match self {
            Self::Made(view) => HttpResponse::Created().json(view),
            Self::Before(json) => HttpResponse::Ok().content_type("application/json").body(json),
        }
    }
}

/// Does the work of a request once, in the transaction that it is done in.
pub fn once<T: Serialize>(
    tx: &mut Tx<'_>,
    (by, key, fingerprint): (&Attribution, Option<&str>, &Fingerprint),
    now: DateTime<Utc>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Result<T, Problem>, StoreError>,
) -> Result<Result<Once<T>, Problem>, StoreError> {
    let Some(key) = key else { return Ok(work(tx)?.map(Once::Made)) };
    let (client, owner) = (by.client.as_str(), by.request_id);
    match tx.claim(client, key, owner, now)? {
        Claim::InFlight => Ok(Err(in_flight())),
        Claim::Settled { fingerprint: theirs, answer } if theirs == fingerprint => Ok(Ok(Once::Before(answer))),
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
            Ok(done.map(Once::Made))
        }
    }
}

/// Somebody works under the key.
pub fn in_flight() -> Problem {
    Problem::new(Kind::IdempotencyInFlight).retry_after(1)
}

/// The key stands for another request.
pub fn mismatch() -> Problem {
    Problem::new(Kind::IdempotencyMismatch).detail("Send another key with another request.")
}
