//! One child: its id for the asking organisation, and its waits.

use actix_web::{get, post, web};
use chrono::NaiveDate;
use domain::operations::GetWaits;
use domain::operations::SearchChild;
use domain::{
    ChildIdentifier, ChildReference, Journey, KnownBy, LinkedBy, NamedChild, NhsNumber, OrganisationCode, Pathway, ReferralFlow,
    ReferralStage, ReferralStatus, RttClock, Upn, Wait, Waited, waits,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bodies::Json;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A child, as a partner names it: in a body, never in a URL. By its NHS number or by its UPN, one of the two.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "9990000018")]
    pub nhs_number: Option<NhsNumber>,
    /// In place of the NHS number: the pupil number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<Upn>,
    pub date_of_birth: NaiveDate,
}

impl ChildBody {
    /// The child that it names; none where that is not by one identifier.
    pub(super) fn reference(&self) -> Option<ChildReference> {
        let identifier = match (self.nhs_number, self.upn) {
            (Some(number), None) => ChildIdentifier::NhsNumber(number),
            (None, Some(upn)) => ChildIdentifier::Upn(upn),
            _ => return None,
        };
        Some(ChildReference { identifier, date_of_birth: self.date_of_birth })
    }

    /// How a body names a child; none where it is known by neither number.
    pub(super) fn of(child: &ChildReference) -> Option<Self> {
        let none = Self { nhs_number: None, upn: None, date_of_birth: child.date_of_birth };
        match child.identifier {
            ChildIdentifier::NhsNumber(number) => Some(Self { nhs_number: Some(number), ..none }),
            ChildIdentifier::Upn(upn) => Some(Self { upn: Some(upn), ..none }),
            ChildIdentifier::LocalPatient { .. } | ChildIdentifier::Named { .. } => None,
        }
    }

    /// What is wrong with one that names none.
    pub(super) fn fault() -> Fault {
        Fault::new("invalid-value", "name a child by nhs_number or by upn, one of the two")
    }
}

/// The caller's own id for a child.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChildView {
    pub child_id: String,
}

/// A length of waiting: completed weeks are floor(days / 7).
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitedView {
    #[schema(example = 290)]
    pub days: i64,
    #[schema(example = 41)]
    pub weeks: i64,
}

impl From<Waited> for WaitedView {
    fn from(waited: Waited) -> Self {
        Self { days: waited.days, weeks: waited.weeks() }
    }
}

/// The wait since the first referral, and how that is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct JourneyWaitView {
    #[schema(example = 512)]
    pub days: i64,
    #[schema(example = 73)]
    pub weeks: i64,
    pub started_on: NaiveDate,
    pub known_by: KnownBy,
    /// What joined its referrals, each kind once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linked_by: Vec<LinkedBy>,
}

impl From<Journey> for JourneyWaitView {
    fn from(journey: Journey) -> Self {
        Self {
            days: journey.waited.days,
            weeks: journey.waited.weeks(),
            started_on: journey.started_on,
            known_by: journey.known_by,
            linked_by: journey.linked_by,
        }
    }
}

/// One wait of one child.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitView {
    pub pathway: Pathway,
    pub stage: Option<ReferralStage>,
    pub provider: OrganisationCode,
    pub status: ReferralStatus,
    /// Whether it was in the provider's last list. One that did not flow is shown, and counts as open no more.
    pub flow: ReferralFlow,
    pub stage_wait: WaitedView,
    pub journey_wait: JourneyWaitView,
    /// Whether the family chose the provider under Right to Choose, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_to_choose: Option<bool>,
    /// The referral-to-treatment clock, where the provider measures one. It takes nobody off a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_clock: Option<RttClock>,
}

/// A child's waits on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitsView {
    pub as_of: NaiveDate,
    pub waits: Vec<WaitView>,
}

impl From<Wait> for WaitView {
    fn from(wait: Wait) -> Self {
        Self {
            pathway: wait.pathway,
            stage: wait.stage,
            provider: wait.provider,
            status: wait.status,
            flow: wait.flow,
            stage_wait: wait.stage_wait.into(),
            journey_wait: wait.journey.into(),
            right_to_choose: wait.right_to_choose,
            rtt_clock: wait.rtt_clock,
        }
    }
}

/// The caller's id for a child
///
/// There is one for every well-formed pair of NHS number or UPN and date of birth, held or not: nobody
/// learns here whether the gateway knows the child. Each organisation gets an id of its own, of one length
/// for all. It answers only for the identifier that was named.
#[utoipa::path(
    tag = "children",
    request_body = ChildBody,
    responses((status = 200, description = "The id", body = ChildView))
)]
#[post("/v1/children/search")]
pub async fn search_child(
    call: Call<SearchChild>,
    body: Json<ChildBody>,
    state: web::Data<State>,
) -> Result<web::Json<ChildView>, Problem> {
    let child = body.0.reference().ok_or_else(|| Problem::new(Kind::InvalidValue).fault(ChildBody::fault()))?;
    let id = state.child_ids.id(call.organisation(), &NamedChild::Reference(child));
    id.map(|child_id| web::Json(ChildView { child_id })).ok_or_else(|| Problem::internal("a child's id could not be made"))
}

/// A child's waits
///
/// In the present stage, and since the first referral across stages and providers, for each pathway
/// that an agreement and the family let be seen now. What is not there and what is not permitted
/// are the same 404.
#[utoipa::path(
    tag = "children",
    params(("child_id" = String, Path)),
    responses((status = 200, description = "The waits, longest journey first", body = WaitsView))
)]
#[get("/v1/children/{child_id}/waits")]
pub async fn get_waits(
    call: Call<GetWaits>,
    child_id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<WaitsView>, Problem> {
    let today = call.today();
    let child = state.child_ids.child(call.organisation(), &child_id);
    let listed = exchange::child_waits(&state.store, call.context(), child).await?;
    if listed.is_empty() {
        return Err(Problem::new(Kind::NotFound));
    }
    let held: Vec<_> = listed.into_iter().map(|listed| listed.held).collect();
    let waits = waits(&held, today);
    Ok(web::Json(WaitsView { as_of: today, waits: waits.into_iter().map(WaitView::from).collect() }))
}
