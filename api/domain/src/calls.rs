//! What every decision of one call shares.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::audit::Attribution;
use crate::operations::Operation;
use crate::organisations::OrganisationCode;
use crate::partnerships::Partnership;

/// Under which partnership file, by whom and when something is asked. It is made once, before the transaction: PostgreSQL
/// may run that several times.
#[derive(Debug, Clone)]
pub struct Context {
    pub partnership: Arc<Partnership>,
    pub by: Attribution,
    pub now: DateTime<Utc>,
}

impl Context {
    /// What the gateway does by itself, in its host's name.
    pub fn of_gateway(partnership: Arc<Partnership>, operation: Operation, request_id: Uuid, now: DateTime<Utc>) -> Self {
        let organisation = partnership.host();
        let by = Attribution { client: "gateway".to_owned(), organisation, actor: None, operation, request_id, resource: None };
        Self { partnership, by, now }
    }

    /// Whose call it is.
    pub fn organisation(&self) -> OrganisationCode {
        self.by.organisation
    }

    /// The day it is in Europe/London.
    pub fn today(&self) -> NaiveDate {
        crate::dates::london_day(self.now)
    }

    /// The same call, about one resource that it names or makes.
    #[must_use]
    pub fn about(self, resource: Uuid) -> Self {
        Self { by: self.by.about(resource), ..self }
    }
}
