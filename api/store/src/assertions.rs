//! Client assertions that were used. Each works once, whichever gateway it is sent to.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::schema::assertion_jti;
use crate::transactions::{Tx, on};
use crate::{Store, StoreError};

impl Tx<'_> {
    /// Marks a client's assertion as used, by the SHA-256 of its id. Answers whether it was unused before. It is
    /// remembered until it expires.
    pub fn use_assertion(&mut self, client: &str, digest: &[u8; 32], expires: DateTime<Utc>) -> Result<bool, StoreError> {
        let row = (
            assertion_jti::client.eq(client),
            assertion_jti::digest.eq(digest.as_slice()),
            assertion_jti::expires_at.eq(expires.naive_utc()),
        );
        Ok(on!(self, c => diesel::insert_into(assertion_jti::table).values(row).on_conflict_do_nothing().execute(*c))? == 1)
    }
}

impl Store {
    /// Forgets assertions that expired before an instant.
    pub async fn sweep_assertions(&self, expired: DateTime<Utc>) -> Result<usize, StoreError> {
        self.transaction(move |tx| {
            let old = assertion_jti::expires_at.lt(expired.naive_utc());
            Ok(on!(tx, c => diesel::delete(assertion_jti::table.filter(old)).execute(*c))?)
        })
        .await
    }
}
