//! `POST /v1/consents/{id}/withdrawal`: a family takes its decision back.

use actix_web::{post, web};
use domain::ConsentId;
use domain::operations::WithdrawConsent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consents::{ConsentView, LONGEST};
use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// Why something that was recorded is taken back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// 1 to 2,000 characters. It is sealed.
    pub reason: String,
}

impl ReasonBody {
    pub(super) fn checked(self) -> Result<String, Problem> {
        checked(self.reason, "reason")
    }
}

/// Checks a text in somebody's own words.
pub(super) fn checked(text: String, field: &'static str) -> Result<String, Problem> {
    if text.trim().is_empty() || text.len() > LONGEST {
        return Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "1 to 2,000 characters").field(field)));
    }
    Ok(text)
}

/// Withdraw a decision
///
/// From the moment this is answered nothing that the decision permitted is disclosed. It can always
/// be done by whoever recorded the decision; doing it again changes nothing.
#[utoipa::path(
    tag = "consents",
    params(("id" = ConsentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Withdrawn", body = ConsentView))
)]
#[post("/v1/consents/{id}/withdrawal")]
pub async fn withdraw_consent(
    call: Call<WithdrawConsent>,
    consent_id: web::Path<String>,
    body: Json<ReasonBody>,
    state: web::Data<State>,
) -> Result<web::Json<ConsentView>, Problem> {
    let consent_id = consent_id.parse::<ConsentId>().map_err(|_| Problem::new(Kind::NotFound))?;
    let withdrawn = exchange::withdraw_consent(&state.store, call.context(), consent_id, body.0.checked()?);
    Ok(web::Json(withdrawn.await?.into()))
}
