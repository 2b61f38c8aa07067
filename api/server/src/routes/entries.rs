//! `GET /v1/waiting-list/entries`: a provider's own list, or another's where an agreement and each
//! family let it be seen.

use actix_web::{get, web};
use domain::agreements::{DataClass, Purpose};
use domain::audit::Actor;
use domain::dates::london_day;
use domain::journeys::Waited;
use domain::operations::Operation;
use domain::organisations::OrganisationCode;
use domain::pathways::{Pathway, PathwaySet};
use domain::policy::{Act, Ask, ChildFacts, Facts, NOBODY, Refusal, decide};
use domain::recognition::Recognised;
use domain::referrals::{Flow, Stage, Status};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::ListedReferral;
use utoipa::{IntoParams, ToSchema};

use super::children::{JourneyWaitView, WaitedView};
use crate::attributions::attribute;
use crate::bodies::Query;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::pages::{Page, limit, one_more, unknown_cursor};
use crate::problems::{Kind, Problem};
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
    pub status: Status,
    pub stage: Option<Stage>,
    pub flow: Flow,
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
    caller: Caller,
    query: Query<EntryQuery>,
    id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<EntryView>>, Problem> {
    let found = find(&caller, query.0, id, Operation::ListEntries, None, &state).await?;
    let cursor = |row: &ListedReferral| state.child_ids.cursor(caller.organisation(), row.cursor).unwrap_or_default();
    let (own, today) = (found.own, found.today);
    Ok(web::Json(Page::of(found.rows, found.limit, cursor, |row| view(row, own, today))))
}

/// What a query found.
pub(super) struct Found {
    /// One more than the limit, where there are more.
    pub(super) rows: Vec<ListedReferral>,
    pub(super) limit: i64,
    /// Whether they are the caller's own.
    pub(super) own: bool,
    pub(super) today: chrono::NaiveDate,
}

/// The entries that the caller may see, with their leaves.
pub(super) async fn find(
    caller: &Caller,
    query: EntryQuery,
    id: RequestId,
    operation: Operation,
    actor: Option<Actor>,
    state: &State,
) -> Result<Found, Problem> {
    caller.require(Scope::WaitingListRead)?;
    let by = attribute(caller, actor, id, operation);
    let limit = limit(query.limit)?;
    let after =
        query.after.as_deref().map(|after| state.child_ids.row(caller.organisation(), after).ok_or_else(unknown_cursor)).transpose()?;
    let after = after.unwrap_or(0);
    let now = state.clock.now();
    let today = london_day(now);
    let ask = Ask {
        act: Act::Disclose,
        holder: query.organisation.unwrap_or_else(|| caller.organisation()),
        recipient: caller.organisation(),
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: PathwaySet::all(),
        child: None,
        item: None,
        loses_nothing: false,
    };
    let (own, list, partnership) = (ask.holder == ask.recipient, query.list, std::sync::Arc::clone(caller.partnership()));
    let found = state.store.transaction(move |tx| {
        if own {
            return match decide(ask, Facts::at(now, &partnership, &NOBODY)) {
                Ok(permit) => tx.own_referrals(&permit, list.as_deref(), after, one_more(limit), &by).map(Ok),
                Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| Err(Kind::NoAgreement)),
            };
        }
        // Without any agreement there is nothing to look for, and that may be said.
        if let Err(refusal) = decide(ask, Facts::at(now, &partnership, &NOBODY))
            && refusal.is_structural()
        {
            tx.leave_refused(&refusal, &by, now)?;
            return Ok(Err(Kind::NoAgreement));
        }
        // Of all that was refused, what came nearest is told of, and only where nothing was shown.
        let mut nearest = Refusal::not_held(ask);
        let judge = |child, pathways, facts: &ChildFacts| {
            let decided = decide(Ask { child: Some(child), pathways, ..ask }, Facts::at(now, &partnership, facts));
            let note = |refusal: Refusal| {
                if refusal.reason() >= nearest.reason() {
                    nearest = refusal.of_all(ask);
                }
            };
            decided.map_err(note).ok()
        };
        let most = usize::try_from(one_more(limit)).unwrap_or(usize::MAX);
        let found = tx.permitted_referrals(ask.holder, list.as_deref(), (after, most), (partnership.needs(), &by), judge)?;
        if found.is_empty() {
            tx.leave_refused(&nearest, &by, now)?;
        }
        Ok(Ok(found))
    });
    Ok(Found { rows: found.await?.map_err(Problem::from)?, limit, own, today })
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
