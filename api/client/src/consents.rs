//! A family's decision about sharing.

use chrono::NaiveDate;
use domain::{ConsentDecision, ConsentId, ConsentStanding, DataClass, DecidedBy, OrganisationCode, PathwaySet, Purpose};
use serde::{Deserialize, Serialize};

use crate::{ChildBody, ChildKey, Client, ClientError, Page};

#[derive(Clone, Serialize)]
pub struct ConsentBody {
    pub child: ChildBody,
    pub decision: ConsentDecision,
    pub purpose: Purpose,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub recipient: OrganisationCode,
    pub decided_by: DecidedBy,
    /// What proves the decision, such as the form that was signed.
    pub evidence: String,
    pub valid_from: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordedConsent {
    pub id: ConsentId,
    pub standing: ConsentStanding,
}

#[derive(Serialize)]
struct WithdrawalBody<'a> {
    reason: &'a str,
}

impl Client {
    pub async fn record_consent(&self, consent: &ConsentBody) -> Result<RecordedConsent, ClientError> {
        self.post("/v1/consents", consent).await
    }

    /// The decisions about a child that the client's organisation recorded.
    pub async fn consents(&self, child: &ChildKey) -> Result<Page<RecordedConsent>, ClientError> {
        self.get("/v1/consents", &[("child_id", &child.0)]).await
    }

    /// Withdraws a decision. After the answer, no disclosure that relies on it is committed.
    pub async fn withdraw_consent(&self, id: ConsentId, reason: &str) -> Result<RecordedConsent, ClientError> {
        self.post(&format!("/v1/consents/{id}/withdrawal"), &WithdrawalBody { reason }).await
    }
}
