//! The log of disclosures and refusals, as an auditor reads it.

use bytes::Bytes;
use domain::{AuditOutcome, OrganisationCode, RefusalReason};
use reqwest::Method;
use serde::Deserialize;

use crate::bodies::Body;
use crate::calls::body_of;
use crate::{Client, ClientError, Page};

/// One disclosure or refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuditEvent {
    pub at: chrono::DateTime<chrono::Utc>,
    pub client: String,
    pub organisation: OrganisationCode,
    pub operation: String,
    /// Whose data it was.
    pub holder: OrganisationCode,
    pub outcome: AuditOutcome,
    /// Why it was refused.
    #[serde(default)]
    pub reason: Option<RefusalReason>,
    #[serde(default)]
    pub agreements: Vec<String>,
}

impl Client {
    /// A page of the log, oldest first.
    pub async fn audit_events(&self, after: Option<&str>) -> Result<Page<AuditEvent>, ClientError> {
        let mut query = vec![("limit", "500")];
        query.extend(after.map(|after| ("after", after)));
        self.get("/v1/audit/events", &query).await
    }

    /// The signed state of the log. Keep its bytes unchanged.
    pub async fn audit_checkpoint(&self) -> Result<Bytes, ClientError> {
        let call = self.call(Method::GET, self.url("/v1/audit/checkpoint")?, &[], Body::Empty);
        body_of(self.send(&call).await?).await
    }
}
