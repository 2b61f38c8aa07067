//! Clients' signed assertions, each of which counts once.

use chrono::{DateTime, Utc};
use store::Store;

use crate::troubles::Trouble;

/// Marks a client's assertion as used, known by the SHA-256 of its id; answers whether it was not so before. It is
/// remembered until it expires.
pub async fn use_assertion(store: &Store, client: String, digest: [u8; 32], expires: DateTime<Utc>) -> Result<bool, Trouble> {
    Ok(store.transaction(move |tx| tx.use_assertion(&client, &digest, expires)).await?)
}
