//! Reads the audit log: every disclosure and every refusal, for those who may see it.

use domain::{Act, AuditOutcome, CallContext, LogHash, OrganisationCode};
use serde_json::{Map, Value};
use store::{AuditEntry, Store};

use crate::troubles::Trouble;

/// One entry of the log: who did what, when, why, under which agreement and decision.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Its place in the log, from 1.
    pub position: i64,
    pub leaf: i64,
    /// The child, or none, bound under a salt that is shown to nobody. Of no two entries is it alike.
    pub child: LogHash,
    /// What the entry says, in the form that is hashed.
    pub members: Map<String, Value>,
}

/// The entries in a stretch of the log that an organisation may read.
#[derive(Debug)]
pub struct AuditEvents {
    pub events: Vec<AuditEvent>,
    /// The last position of the stretch, if there may be more.
    pub next: Option<i64>,
}

impl AuditEvent {
    /// The value of a member that is text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }

    /// `None` for an entry that is past its retention.
    fn of(entry: AuditEntry) -> Option<Result<Self, Trouble>> {
        let AuditEntry { position, leaf, child, body } = entry;
        let members = serde_json::from_str(&body?).map_err(Trouble::internal);
        Some(members.map(|members| Self { position, leaf, child, members }))
    }

    /// An organisation reads everything done or tried with its own records; of others', what it was given. Why it was
    /// refused, or that somebody decided against it, would tell it more than the refusal does.
    fn concerns(&self, organisation: OrganisationCode) -> bool {
        let says = |member: &str, value: &str| self.text(member) == Some(value);
        let flowed =
            says("outcome", AuditOutcome::Permitted.as_str()) && [Act::Disclose, Act::Count].iter().any(|act| says("act", act.as_str()));
        let own = organisation.as_str();
        says("holder", own) || (flowed && (says("organisation", own) || says("recipient", own)))
    }
}

/// Looks through `limit` entries after a position. The host of the area reads all of them, any other organisation those
/// it took part in.
pub async fn list_audit_events(store: &Store, cx: CallContext, after: i64, limit: i64) -> Result<AuditEvents, Trouble> {
    // Append waiting entries now, so that the answer has what happened a moment ago.
    store.append_audit().await?;
    let entries = store.read(move |tx| tx.audit_entries(after, limit)).await?;
    let full = i64::try_from(entries.len()).is_ok_and(|length| length == limit);
    let next = entries.last().filter(|_| full).map(|last| last.position);
    let reader = cx.organisation();
    let sees_all = reader == cx.partnership.host();
    let events: Result<Vec<_>, _> = entries.into_iter().filter_map(AuditEvent::of).collect();
    let events = events?.into_iter().filter(|event| sees_all || event.concerns(reader)).collect();
    Ok(AuditEvents { events, next })
}
