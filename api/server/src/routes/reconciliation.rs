//! `GET /v1/waiting-list/reconciliation`: a provider's own list beside what it last published.

use actix_web::{get, web};
use chrono::NaiveDate;
use domain::operations::Reconcile;
use domain::{HeldCount, OrganisationCode, PathwaySet, PublishedCount, PublishedReturn, ServiceLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::submissions::submitting_for;
use crate::bodies::Query;
use crate::calls::Call;
use crate::problems::Problem;
use crate::state::State;

/// A provider's list beside what it last published.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationView {
    pub organisation: OrganisationCode,
    /// The day on which the list was counted: today, as the gateway knows only the present state.
    pub as_of: NaiveDate,
    /// One for each line that was published and sent.
    pub items: Vec<ReconciledLineView>,
}

/// One line of a return.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciledLineView {
    pub source: PublishedReturn,
    pub service_line: ServiceLine,
    /// The pathways whose open referrals are counted: each referral once, from its receipt.
    pub pathways: PathwaySet,
    /// The last month that was sent.
    #[schema(example = "2026-09")]
    pub period: String,
    pub total: ReconciledCountView,
    /// Nothing where the total alone was published.
    pub bands: Vec<ReconciledBandView>,
    /// Why the two may differ though both are right.
    pub caveat: &'static str,
}

/// Two counts of the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciledCountView {
    pub published: u64,
    /// On the list today.
    pub held: u64,
    /// How many more are on the list than were published.
    pub difference: i64,
}

/// The same of a band of weeks.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciledBandView {
    /// Weeks waiting.
    #[schema(example = "18-52")]
    pub weeks: &'static str,
    #[serde(flatten)]
    pub count: ReconciledCountView,
}

/// Whose list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReconciliationQuery {
    /// The client's own organisation where it is left out; another that it may send for.
    organisation: Option<OrganisationCode>,
}

/// A waiting list beside what was last published of it
///
/// For each line of a published return that was sent (formats `dm01` and `chs-sitrep`), the last month's total and
/// bands, and the provider's own open referrals as they stand today: those on hold too, but for those that did not
/// flow, and for children who died.
#[utoipa::path(tag = "waiting lists", params(ReconciliationQuery), responses((status = 200, description = "The two counts, line by line", body = ReconciliationView)))]
#[get("/v1/waiting-list/reconciliation")]
pub async fn reconcile(
    call: Call<Reconcile>,
    query: Query<ReconciliationQuery>,
    state: web::Data<State>,
) -> Result<web::Json<ReconciliationView>, Problem> {
    let as_of = call.today();
    // A client that may send the provider's list may ask for this.
    let organisation = submitting_for(call.client(), call.partnership(), query.0.organisation, as_of)?;
    let found = exchange::reconcile(&state.store, call.context(), organisation).await?;
    let items = found.into_iter().map(|(published, held)| line(&published, &held)).collect();
    Ok(web::Json(ReconciliationView { organisation, as_of, items }))
}

fn line(published: &PublishedCount, held: &HeldCount) -> ReconciledLineView {
    let line = published.line;
    let bands = published.bands.iter().flatten().zip(&held.bands).zip(line.source().bands());
    ReconciledLineView {
        source: line.source(),
        service_line: line,
        pathways: line.pathways(),
        period: month(published.period),
        total: count(published.total, held.total),
        bands: bands.map(|((published, held), band)| ReconciledBandView { weeks: band.name, count: count(*published, *held) }).collect(),
        caveat: line.caveat(),
    }
}

fn count(published: u64, held: u64) -> ReconciledCountView {
    let difference = i64::try_from(i128::from(held) - i128::from(published)).unwrap_or(i64::MIN);
    ReconciledCountView { published, held, difference }
}

fn month(period: NaiveDate) -> String {
    period.format("%Y-%m").to_string()
}
