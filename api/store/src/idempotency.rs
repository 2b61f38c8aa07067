//! Idempotency keys: the same key and the same request give the same answer once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::StoreError;
use crate::schema::idempotency;
use crate::transactions::{Tx, on};

/// SHA-256 over the decoded body and the query.
pub type Fingerprint = [u8; 32];

/// What a key stands for at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody had it: it is the caller's now, to settle or to give back.
    Ours,
    /// Somebody works under it.
    InFlight,
    /// It was settled, with this request and this answer.
    Settled { fingerprint: Vec<u8>, answer: String },
}

impl Tx<'_> {
    /// Claims a client's key.
    pub fn claim(&mut self, client: &str, key: &str, now: DateTime<Utc>) -> Result<Claim, StoreError> {
        let row = (idempotency::client.eq(client), idempotency::key.eq(key), idempotency::claimed_at.eq(now.naive_utc()));
        let claimed = on!(self, c => diesel::insert_into(idempotency::table).values(row).on_conflict_do_nothing().execute(*c))?;
        if claimed == 1 {
            return Ok(Claim::Ours);
        }
        let held: (Option<Vec<u8>>, Option<String>) = on!(self, c => idempotency::table
            .find((client, key))
            .select((idempotency::fingerprint, idempotency::answer))
            .first(*c))?;
        Ok(match held {
            (Some(fingerprint), Some(answer)) => Claim::Settled { fingerprint, answer },
            _ => Claim::InFlight,
        })
    }

    /// Keeps the answer under a key that was claimed.
    pub fn settle(&mut self, client: &str, key: &str, fingerprint: &Fingerprint, answer: &str) -> Result<(), StoreError> {
        on!(self, c => diesel::update(idempotency::table.find((client, key)))
            .set((idempotency::fingerprint.eq(fingerprint.as_slice()), idempotency::answer.eq(answer)))
            .execute(*c))?;
        Ok(())
    }

    /// Gives back a key whose work came to nothing, so that it may be tried again.
    pub fn unclaim(&mut self, client: &str, key: &str) -> Result<(), StoreError> {
        let unsettled = idempotency::table.find((client, key)).filter(idempotency::answer.is_null());
        on!(self, c => diesel::delete(unsettled).execute(*c))?;
        Ok(())
    }

    pub(crate) fn sweep_claims(&mut self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        let old = idempotency::table.filter(idempotency::answer.is_null().and(idempotency::claimed_at.lt(before.naive_utc())));
        Ok(on!(self, c => diesel::delete(old).execute(*c))?)
    }
}
