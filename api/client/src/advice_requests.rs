//! Health advice: a council asks for it, a health body answers, the council pulls the answer.

use chrono::NaiveDate;
use domain::{Advice, AdviceKind, AdviceRequestId, AdviceStatus, OrganisationCode};
use serde::{Deserialize, Serialize};

use crate::{ChildBody, Client, ClientError, Page};

/// A council's request.
#[derive(Clone, Serialize)]
pub struct AdviceRequestBody {
    pub child: ChildBody,
    pub case_reference: String,
    pub addressed_to: OrganisationCode,
    pub role: String,
    pub kinds: Vec<AdviceKind>,
    /// The day the health body received the request. Absent means today; an earlier day needs evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_evidence: Option<String>,
}

/// A request, as both sides see it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AdviceRequest {
    pub id: AdviceRequestId,
    pub status: AdviceStatus,
    /// The last day on which the answer is in time.
    pub due_on: NaiveDate,
}

/// A body without fields: the call itself says everything.
#[derive(Serialize)]
struct Empty {}

impl Client {
    /// Asks for advice. The answer says when it is due.
    pub async fn create_advice_request(&self, request: &AdviceRequestBody) -> Result<AdviceRequest, ClientError> {
        self.post("/v1/advice-requests", request).await
    }

    /// A page of the client's requests. `status` is a status, or `open` for all that still need an answer.
    pub async fn advice_requests(&self, status: &str, after: Option<&str>) -> Result<Page<AdviceRequest>, ClientError> {
        let mut query = vec![("status", status)];
        query.extend(after.map(|after| ("after", after)));
        self.get("/v1/advice-requests", &query).await
    }

    /// Confirms that the request arrived and which child it is about. It does not stop the clock.
    pub async fn acknowledge_advice(&self, id: AdviceRequestId) -> Result<AdviceRequest, ClientError> {
        self.post(&format!("/v1/advice-requests/{id}/acknowledgement"), &Empty {}).await
    }

    pub async fn answer_advice(&self, id: AdviceRequestId, advice: &Advice) -> Result<AdviceRequest, ClientError> {
        self.put(&format!("/v1/advice-requests/{id}/advice"), advice).await
    }

    /// Pulls the answer; 409 `not-yet-answered` until there is one.
    pub async fn advice(&self, id: AdviceRequestId) -> Result<Advice, ClientError> {
        self.get(&format!("/v1/advice-requests/{id}/advice"), &[]).await
    }
}
