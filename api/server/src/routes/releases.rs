//! Released tables of counts.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ReleaseId;
use domain::operations::GetRelease;
use domain::operations::GetTable;
use domain::operations::ListReleases;
use exchange::{PublishedRelease, Tagged};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bodies::Query;
use crate::calls::Call;
use crate::negotiation::{Form, negotiate};
use crate::pages::{Page, cursor, limit, one_more};
use crate::problems::Problem;
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
    call: Call<ListReleases>,
    query: Query<ReleaseQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<ReleaseView>>, Problem> {
    let releases = state.releases.reader(call.context()).await?;
    let limit = limit(query.0.limit)?;
    let skip = cursor::<u32>(query.0.after.as_deref())?.map_or(0, i64::from);
    let rows = releases.list(skip, one_more(limit)).await?;
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
    call: Call<GetRelease>,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<web::Json<ReleaseView>, Problem> {
    let releases = state.releases.reader(call.context()).await?;
    Ok(web::Json(releases.release(&id).await?.into()))
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
    call: Call<GetTable>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let releases = state.releases.reader(call.context()).await?;
    let form = negotiate(request.headers().get(ACCEPT))?;
    let (id, table) = path.into_inner();
    let table = releases.table(&id, table).await?;
    let Tagged { text, tag } = match form {
        Form::Json => &table.json,
        Form::Csv => &table.csv,
    };
    // A strong tag: a published table never changes.
    let etag = format!("\"{tag}\"");
    let held = is_held(&request, &etag);
    let mut response = if held { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, etag))
        .insert_header((VARY, "Accept, Authorization"))
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .content_type(form.media_type());
    Ok(if held { response.finish() } else { response.body(text.clone()) })
}

fn is_held(request: &HttpRequest, etag: &str) -> bool {
    let held = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    held.is_some_and(|tags| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag))
}
