//! Idempotency keys: a request that is repeated with its key is done once, and gets the same answer.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::SubmissionStatus;
use uuid::Uuid;

use crate::StoreError;
use crate::schema::{idempotency, submission};
use crate::transactions::{Tx, on};

/// SHA-256 over the decoded body and the query.
pub type Fingerprint = [u8; 32];

/// The state of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key was free. It is now the caller's, to settle or to give back.
    Ours,
    /// Another call is working under the key.
    InFlight,
    /// The key was settled, with this request and this answer.
    Settled { fingerprint: Vec<u8>, answer: String },
}

impl Tx<'_> {
    /// Claims a client's key for a piece of work, which `owner` names.
    pub fn claim(&mut self, client: &str, key: &str, owner: Uuid, now: DateTime<Utc>) -> Result<Claim, StoreError> {
        let row = (
            idempotency::client.eq(client),
            idempotency::key.eq(key),
            idempotency::owner.eq(owner.to_string()),
            idempotency::claimed_at.eq(now.naive_utc()),
        );
        let claimed = on!(self, c => diesel::insert_into(idempotency::table).values(row).on_conflict_do_nothing().execute(*c))?;
        if claimed == 1 {
            return Ok(Claim::Ours);
        }
        // A key that was given back in the meantime still counts as in flight.
        let held: Option<(Option<Vec<u8>>, Option<String>)> = on!(self, c => idempotency::table
            .find((client, key))
            .select((idempotency::fingerprint, idempotency::answer))
            .first(*c)
            .optional())?;
        Ok(match held {
            Some((Some(fingerprint), Some(answer))) => Claim::Settled { fingerprint, answer },
            _ => Claim::InFlight,
        })
    }

    /// Stores the answer under a key. Fails where the claim was lost in the meantime, so that the work is not committed
    /// twice.
    pub fn settle(&mut self, client: &str, key: &str, owner: Uuid, fingerprint: &Fingerprint, answer: &str) -> Result<(), StoreError> {
        let ours = idempotency::table.find((client, key)).filter(idempotency::owner.eq(owner.to_string()));
        let settled = on!(self, c => diesel::update(ours)
            .set((idempotency::fingerprint.eq(fingerprint.as_slice()), idempotency::answer.eq(answer)))
            .execute(*c))?;
        if settled == 1 { Ok(()) } else { Err(StoreError::Busy) }
    }

    /// Gives back a key whose work came to nothing, so that it may be tried again.
    pub fn unclaim(&mut self, client: &str, key: &str, owner: Uuid) -> Result<(), StoreError> {
        let ours = idempotency::table.find((client, key)).filter(idempotency::owner.eq(owner.to_string()));
        on!(self, c => diesel::delete(ours.filter(idempotency::answer.is_null())).execute(*c))?;
        Ok(())
    }

    /// Deletes claims made before `unsettled` and never settled, except those of submissions being worked on, and all
    /// claims made before `answered`.
    pub(crate) fn sweep_claims(&mut self, unsettled: DateTime<Utc>, answered: DateTime<Utc>) -> Result<usize, StoreError> {
        let dead = idempotency::answer.is_null().and(idempotency::claimed_at.lt(unsettled.naive_utc()));
        let processing = submission::table.filter(submission::status.eq(SubmissionStatus::Processing.as_str())).select(submission::id);
        let dead = dead.and(idempotency::owner.ne_all(processing));
        let old = idempotency::claimed_at.lt(answered.naive_utc());
        Ok(on!(self, c => diesel::delete(idempotency::table.filter(dead.or(old))).execute(*c))?)
    }
}
