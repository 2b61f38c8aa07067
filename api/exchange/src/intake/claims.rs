//! The key that a body is sent under. It is claimed before anything else, and given back if nothing comes of the body.

use domain::Submission;
use store::Claim;

use super::orders::Outcome;
use super::states::{Errand, Received};
use super::threads::blocking;
use crate::idempotency::{in_flight, mismatch};
use crate::troubles::Trouble;

/// What is stored under the key of an order.
pub(super) enum Claimed {
    /// Nothing else: the order has to settle the key or give it back.
    Ours,
    /// An earlier body: its fingerprint, and what became of it.
    Before { fingerprint: Vec<u8>, answer: String },
}

impl Errand {
    /// Claims the key. Fails if another request with this key is being worked on.
    pub(super) async fn claim(&self) -> Result<Claimed, Trouble> {
        let Some(key) = self.order.key.clone() else { return Ok(Claimed::Ours) };
        let (client, owner, now) = (self.order.cx.by.client.clone(), self.order.id.0, self.order.cx.now);
        let claimed = self.intake.store.transaction(move |tx| {
            let claim = tx.claim(&client, &key, owner, now)?;
            let worked_on = if claim == Claim::InFlight { tx.worked_on(&client, &key)? } else { None };
            Ok((claim, worked_on))
        });
        match claimed.await? {
            (Claim::Ours, _) => Ok(Claimed::Ours),
            (Claim::Settled { fingerprint, answer }, _) => Ok(Claimed::Before { fingerprint, answer }),
            (Claim::InFlight, None) => Err(in_flight()),
            // Say where to look, because the client may have lost the answer that said so.
            (Claim::InFlight, Some(id)) => Err(in_flight().about(id)),
        }
    }

    /// Gives the key back, unless the published submission uses it, or work that goes on will use it or give it back.
    pub(super) async fn give_back_unless_used(&self, outcome: &Result<Outcome, Trouble>) -> Result<(), Trouble> {
        let used = matches!(outcome, Ok(Outcome::Published(_) | Outcome::Later(..)));
        let (Some(key), false) = (self.order.key.clone(), used) else { return Ok(()) };
        let (client, owner) = (self.order.cx.by.client.clone(), self.order.id.0);
        Ok(self.intake.store.transaction(move |tx| tx.unclaim(&client, &key, owner)).await?)
    }
}

impl Received {
    /// Answers the same body as before, and refuses any other.
    pub(super) async fn answer_again(self, fingerprint: Vec<u8>, answer: String) -> Result<Submission, Trouble> {
        let (store, client) = (self.errand.intake.store.clone(), self.errand.order.cx.by.client.clone());
        let ours = blocking(move || self.fingerprint()).await?;
        let (Ok(id), true) = (answer.parse(), ours.as_slice() == fingerprint) else { return Err(mismatch()) };
        let found = store.read(move |tx| tx.submission(id, &client)).await?;
        found.ok_or_else(|| Trouble::internal("a settled submission is gone"))
    }
}
