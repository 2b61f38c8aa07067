//! Released tables: the only counts there are.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::agreements::{DataClass, Purpose};
use domain::dates::london_day;
use domain::identifiers::ReleaseId;
use domain::operations::Operation;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Refusal};
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use store::PublishedRelease;
use utoipa::{IntoParams, ToSchema};

use crate::attributions::attribute;
use crate::bodies::Query;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::negotiation::negotiate;
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::{Kind, Problem};
use crate::state::State;

/// A release: an immutable set of tables for one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleaseView {
    pub id: ReleaseId,
    pub as_of: NaiveDate,
    pub published_at: DateTime<Utc>,
    pub tables: Vec<TableNameView>,
}

/// A table that there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableNameView {
    #[schema(example = "waiting-list-by-weeks-and-district")]
    pub name: String,
    pub title: String,
}

impl From<PublishedRelease> for ReleaseView {
    fn from(release: PublishedRelease) -> Self {
        let tables = release.tables.into_iter().map(|(name, title)| TableNameView { name, title }).collect();
        Self { id: release.id, as_of: release.as_of, published_at: release.published_at, tables }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReleaseQuery {
    after: Option<String>,
    limit: Option<i64>,
}

/// Releases
///
/// From the latest day to the earliest.
#[utoipa::path(tag = "dashboard", params(ReleaseQuery), responses((status = 200, description = "A page", body = Page<ReleaseView>)))]
#[get("/v1/dashboard/releases")]
pub async fn list_releases(
    caller: Caller,
    query: Query<ReleaseQuery>,
    request_id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<Page<ReleaseView>>, Problem> {
    may_read(&caller, &state, request_id, Operation::ListReleases).await?;
    let limit = limit(query.0.limit)?;
    let skip = cursor::<u32>(query.0.after.as_deref())?.map_or(0, i64::from);
    let rows = state.store.read(move |tx| tx.releases(skip, one_more(limit))).await?;
    Ok(web::Json(Page::of(rows, limit, |_| (skip + limit).to_string(), ReleaseView::from)))
}

/// One release, or the `latest`
///
/// Its day, and the tables that there are.
#[utoipa::path(
    tag = "dashboard",
    params(("id" = String, Path, description = "A release's id, or `latest`")),
    responses((status = 200, description = "The release", body = ReleaseView))
)]
#[get("/v1/dashboard/releases/{id}")]
pub async fn get_release(
    caller: Caller,
    id: web::Path<String>,
    request_id: RequestId,
    state: web::Data<State>,
) -> Result<web::Json<ReleaseView>, Problem> {
    may_read(&caller, &state, request_id, Operation::GetRelease).await?;
    let id = state.releases.resolve(&id).await?;
    let found = state.store.read(move |tx| tx.release(id)).await?;
    found.map(|release| web::Json(release.into())).ok_or(Problem::new(Kind::NotFound))
}

/// One table of a release, or of the `latest`
///
/// As JSON or, with `Accept: text/csv`, as CSV. A published table never changes: its tag is strong.
#[utoipa::path(
    tag = "dashboard",
    params(("id" = String, Path, description = "A release's id, or `latest`"), ("table" = String, Path)),
    responses(
        (status = 200, description = "The table", content((Object = "application/json"), (String = "text/csv"))),
        (status = 304, description = "The table is the one that the client has"),
    )
)]
#[get("/v1/dashboard/releases/{id}/tables/{table}")]
pub async fn get_table(
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    request_id: RequestId,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    may_read(&caller, &state, request_id, Operation::GetTable).await?;
    let form = negotiate(request.headers().get(ACCEPT))?;
    let (id, table) = path.into_inner();
    let id = state.releases.resolve(&id).await?;
    let served = state.releases.table(id, &table, form).await?;
    let held = is_held(&request, &served.etag);
    let mut response = if held { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, served.etag.as_str()))
        .insert_header((VARY, "Accept, Authorization"))
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .content_type(form.media_type());
    Ok(if held { response.finish() } else { response.body(served.body.clone()) })
}

fn is_held(request: &HttpRequest, etag: &str) -> bool {
    let held = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    held.is_some_and(|tags| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag))
}

/// A released table is nobody's record, but it too flows under an agreement, and a refusal has its leaf.
async fn may_read(caller: &Caller, state: &State, id: RequestId, operation: Operation) -> Result<(), Problem> {
    caller.require(Scope::DashboardRead)?;
    let now = state.clock.now();
    if caller.partnership().release_agreement(caller.organisation(), london_day(now)).is_some() {
        return Ok(());
    }
    let by = attribute(caller, None, id, operation);
    let ask = Ask {
        act: Act::Disclose,
        holder: caller.partnership().host(),
        recipient: caller.organisation(),
        purpose: Purpose::JointCommissioning,
        data: DataClass::DashboardAggregate,
        pathways: PathwaySet::EMPTY,
        child: None,
        item: None,
        loses_nothing: false,
    };
    let refusal = Refusal::asks_itself(ask);
    state.store.transaction(move |tx| tx.leave_refused(&refusal, &by, now)).await?;
    Err(Problem::new(Kind::NoAgreement))
}
