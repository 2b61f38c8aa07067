//! `GET /v1/waiting-list/entries`: a provider's own list, or another's if an agreement and each family allow it.

use actix_web::{get, web};
use domain::operations::ListEntries;
use domain::{OrganisationCode, Pathway, PathwaySet, Recognised, ReferralFlow, ReferralStage, ReferralStatus, Waited};
use exchange::{EntryChoice, ListedReferral};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::children::{JourneyWaitView, WaitedView};
use crate::bodies::Query;
use crate::calls::Call;
use crate::pages::{Page, limit, one_more, row};
use crate::problems::Problem;
use crate::state::State;

/// One referral on a list. It names no child.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    pub provider: OrganisationCode,
    pub list: String,
    /// The provider's own id: shown to the provider alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<String>,
    pub pathways: PathwaySet,
    pub status: ReferralStatus,
    pub stage: Option<ReferralStage>,
    pub flow: ReferralFlow,
    /// Whether its accuracy is disputed: said to the provider alone, and shown to nobody else meanwhile.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disputed: bool,
    pub referral_received_date: chrono::NaiveDate,
    /// Since the start of the present stage.
    pub stage_wait: WaitedView,
    /// Of an open one, on each pathway and through what this provider sent: what went before with others is among the
    /// child's waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journeys: Vec<EntryJourneyView>,
    /// Whether the family chose the provider under Right to Choose, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_to_choose: Option<bool>,
    /// For whom the provider does it, under a contract: said to the provider alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcontracted_by: Option<String>,
    /// Which rules held, and by which codes, where the format bears codes: said to the provider alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recognised: Vec<Recognised>,
}

/// The wait of an entry on one pathway since the first referral that its provider sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryJourneyView {
    pub pathway: Pathway,
    #[serde(flatten)]
    pub journey: JourneyWaitView,
}

/// Whose entries, and which.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// The client's own organisation where it is left out.
    pub(super) organisation: Option<OrganisationCode>,
    pub(super) list: Option<String>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<i64>,
}

/// Waiting list entries
///
/// Another organisation's entries are shown where an agreement covers them and the child's family
/// permits it.
#[utoipa::path(tag = "waiting lists", params(EntryQuery), responses((status = 200, description = "A page", body = Page<EntryView>)))]
#[get("/v1/waiting-list/entries")]
pub async fn list_entries(
    call: Call<ListEntries>,
    query: Query<EntryQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<EntryView>>, Problem> {
    let (limit, choice) = query.0.choice(call.organisation(), &state)?;
    let (is_own, today) = (choice.holder == call.organisation(), call.today());
    let rows = exchange::list_entries(&state.store, call.context(), choice).await?;
    let cursor = |row: &ListedReferral| state.child_ids.cursor(call.organisation(), row.cursor).unwrap_or_default();
    Ok(web::Json(Page::of(rows, limit, cursor, |row| view(row, is_own, today))))
}

impl EntryQuery {
    /// How many entries a page shows, and a choice that asks for one more.
    pub(super) fn choice(self, caller: OrganisationCode, state: &State) -> Result<(i64, EntryChoice), Problem> {
        let limit = limit(self.limit)?;
        let after = row(self.after.as_deref(), caller, &state.child_ids)?;
        let holder = self.organisation.unwrap_or(caller);
        Ok((limit, EntryChoice { holder, list: self.list, after, most: one_more(limit) }))
    }
}

fn view(listed: ListedReferral, own: bool, today: chrono::NaiveDate) -> EntryView {
    let referral = listed.held.referral;
    let start = referral.details.stage_start_date.unwrap_or(referral.referral_received_date);
    EntryView {
        provider: listed.held.provider,
        list: listed.list,
        referral_id: own.then_some(referral.referral_id),
        pathways: referral.pathways,
        status: referral.status,
        stage: referral.details.stage,
        flow: listed.held.flow,
        disputed: listed.disputed,
        referral_received_date: referral.referral_received_date,
        stage_wait: Waited::between(start, today).into(),
        journeys: listed.journeys.into_iter().map(|(pathway, journey)| EntryJourneyView { pathway, journey: journey.into() }).collect(),
        right_to_choose: referral.details.right_to_choose,
        subcontracted_by: referral.details.subcontracted_by.filter(|_| own),
        recognised: if own { referral.recognised } else { Vec::new() },
    }
}
