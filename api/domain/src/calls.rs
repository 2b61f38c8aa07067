//! What every decision of one call shares.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::audit::Attribution;
use crate::operations::Operation;
use crate::organisations::OrganisationCode;
use crate::partnerships::Partnership;

/// The partnership file, the caller and the time of a call. It is made once, before the transaction, which PostgreSQL
/// may run several times.
#[derive(Debug, Clone)]
pub struct CallContext {
    pub partnership: Arc<Partnership>,
    pub by: Attribution,
    /// When the call came in.
    pub now: DateTime<Utc>,
    /// Tells the time of a decision that had to wait for its gate.
    pub instants: Instants,
}

/// Tells the time. A decision is dated when its gate is passed, so a withdrawal that waited for a disclosure to end is
/// dated after that disclosure.
#[derive(Clone)]
pub struct Instants(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Instants {
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Instants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instants")
    }
}

impl CallContext {
    /// Whether a claimant's own word that two identifiers are one child's is enough for a holder's records.
    pub fn trusts(&self, holder: OrganisationCode, claimant: OrganisationCode) -> bool {
        self.partnership.trusts(holder, claimant, crate::dates::london_day(self.now))
    }

    /// What the gateway does by itself, in its host's name.
    pub fn of_gateway(partnership: Arc<Partnership>, operation: Operation, request_id: Uuid, now: DateTime<Utc>) -> Self {
        let organisation = partnership.host();
        let by = Attribution { client: "gateway".to_owned(), organisation, actor: None, operation, request_id, resource: None };
        Self { partnership, by, now, instants: Instants::new(move || now) }
    }

    /// The organisation that made the call.
    pub fn organisation(&self) -> OrganisationCode {
        self.by.organisation
    }

    /// The day of the call in Europe/London.
    pub fn today(&self) -> NaiveDate {
        crate::dates::london_day(self.now)
    }

    /// The same call, about one resource that it names or makes.
    #[must_use]
    pub fn about(self, resource: Uuid) -> Self {
        Self { by: self.by.about(resource), ..self }
    }
}
