//! Finding a child, and the child's waits.

use chrono::NaiveDate;
use domain::{KnownBy, NhsNumber, OrganisationCode, Pathway, ReferralStage};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

use crate::bodies::Body;
use crate::{Client, ClientError};

/// What identifies a child to the gateway. It goes in a body, never in an address.
#[derive(Clone, Serialize)]
pub struct ChildBody {
    pub nhs_number: NhsNumber,
    pub date_of_birth: NaiveDate,
}

/// The gateway's id for a child, valid only for the client's own organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChildKey(pub String);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Waits {
    pub as_of: NaiveDate,
    pub waits: Vec<Wait>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wait {
    pub pathway: Pathway,
    #[serde(default)]
    pub stage: Option<ReferralStage>,
    pub provider: OrganisationCode,
    pub stage_wait: StageWait,
    pub journey_wait: JourneyWait,
}

/// The wait in the present stage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StageWait {
    pub days: i64,
    pub weeks: i64,
}

/// The whole wait since the first referral, and how that was known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JourneyWait {
    pub days: i64,
    pub weeks: i64,
    pub known_by: KnownBy,
}

#[derive(Deserialize)]
struct SearchAnswer {
    child_id: ChildKey,
}

impl Client {
    /// The key of a child. Every well-formed pair has one, whether the gateway holds the child or not.
    pub async fn search_child(&self, child: &ChildBody) -> Result<ChildKey, ClientError> {
        let answer: SearchAnswer = self.post("/v1/children/search", child).await?;
        Ok(answer.child_id)
    }

    /// The waits of a child that the client may see now. Waits that it may not see and waits that do not
    /// exist give the same 404.
    pub async fn waits(&self, child: &ChildKey) -> Result<Waits, ClientError> {
        let call = self.call(Method::GET, self.child_url(child, "waits")?, &[], Body::Empty);
        self.send_for_json(call).await
    }

    /// The gateway made the key, but it still has to be escaped in a path.
    fn child_url(&self, child: &ChildKey, what: &str) -> Result<Url, ClientError> {
        let mut url = self.url("/v1/children")?;
        url.path_segments_mut().map_err(|()| ClientError::Value("the path is no path"))?.extend([child.0.as_str(), what]);
        Ok(url)
    }
}
