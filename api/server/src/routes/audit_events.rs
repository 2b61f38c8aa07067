//! `GET /v1/audit/events`: every disclosure and every refusal, for who may look after them.

use actix_web::{get, web};
use domain::organisations::OrganisationCode;
use domain::scopes::Scope;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::AuditEntry;
use utoipa::{IntoParams, ToSchema};

use crate::bodies::Query;
use crate::callers::Caller;
use crate::pages::{Page, cursor, limit};
use crate::problems::Problem;
use crate::state::State;

/// One entry of the log: who did what, when, why, under which agreement and decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventView {
    /// Its place in the log, from 1.
    pub id: i64,
    /// `at`, `client`, `organisation`, `actor`, `operation`, `request_id`, `act`, `outcome`, `reason`,
    /// `holder`, `recipient`, `purpose`, `data`, `pathways`, `agreements`, `consents`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub event: Map<String, Value>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    after: Option<String>,
    limit: Option<i64>,
}

/// The audit log, oldest first
///
/// The host of the area reads all of it, any other organisation what it took part in: a page may
/// then be shorter than its limit and still have a next.
#[utoipa::path(tag = "audit", security(("oauth2" = ["audit:read"])), params(AuditQuery), responses((status = 200, description = "A page", body = Page<AuditEventView>)))]
#[get("/v1/audit/events")]
pub async fn list_audit_events(
    caller: Caller,
    query: Query<AuditQuery>,
    state: web::Data<State>,
) -> Result<web::Json<Page<AuditEventView>>, Problem> {
    caller.require(Scope::AuditRead)?;
    let (limit, after) = (limit(query.0.limit)?, cursor::<i64>(query.0.after.as_deref())?.unwrap_or(0));
    // What happened a moment ago is to be in the answer: it is chained now rather than within the second.
    state.store.chain_audit().await?;
    let rows = state.store.read(move |tx| tx.audit_entries(after, limit)).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|length| length == limit);
    let next = rows.last().filter(|_| full).map(|last| last.position.to_string());
    let sees_all = caller.organisation() == caller.partnership().host();
    let items: Result<Vec<_>, _> = rows.iter().map(view).collect();
    let items = items?.into_iter().filter(|event| sees_all || took_part(event, caller.organisation())).collect();
    Ok(web::Json(Page { items, next }))
}

fn view(entry: &AuditEntry) -> Result<AuditEventView, Problem> {
    let mut event: Map<String, Value> = serde_json::from_str(&entry.body).map_err(Problem::internal)?;
    // The gateway's own name for a child stays in the gateway.
    event.remove("child");
    Ok(AuditEventView { id: entry.position, event })
}

/// Of its own, everything that was done or tried; of others', what it was given. Why it was refused, or that
/// somebody decided against it, would tell it what the refusal does not.
fn took_part(event: &AuditEventView, organisation: OrganisationCode) -> bool {
    use domain::policy::Act;

    let says = |member: &str, value: &str| event.event.get(member).and_then(Value::as_str) == Some(value);
    let flowed = says("outcome", domain::audit::Outcome::Permitted.as_str())
        && [Act::Disclose, Act::Count].iter().any(|act| says("act", act.as_str()));
    let own = organisation.as_str();
    says("holder", own) || (flowed && (says("organisation", own) || says("recipient", own)))
}
