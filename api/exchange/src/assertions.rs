//! Clients' signed assertions. Each may be used once.

use chrono::{DateTime, Utc};
use store::Store;

use crate::troubles::Trouble;

/// Marks a client's assertion as used, by the SHA-256 of its id, and returns whether this is its first use. It is
/// remembered until it expires.
pub async fn use_assertion(store: &Store, client: String, digest: [u8; 32], expires: DateTime<Utc>) -> Result<bool, Trouble> {
    Ok(store.transaction(move |tx| tx.use_assertion(&client, &digest, expires)).await?)
}
