//! The gateway as a client meets it: real handshakes, real tokens, real files that change.

mod certificates;
mod exchanges;
mod limbo;
mod starts;
mod tokens;
mod worlds;

use std::time::Duration;

use actix_web::{get, post, web};
use domain::scopes::Scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::actors::ActingFor;
use crate::bodies::{Json, Query};
use crate::callers::Caller;
use crate::problems::Problem;
use crate::routes;

/// The gateway's own routes, and one that takes all a caller can bring.
fn table(config: &mut ServiceConfig<'_>) {
    routes::table(config);
    config.service(whoami).service(echo).service(fail).service(linger);
}

#[utoipa::path(responses((status = 200)))]
#[get("/test/children/{child_id}")]
async fn whoami(caller: Caller, actor: ActingFor, _query: Query<NoQuery>) -> Result<String, Problem> {
    caller.require(Scope::EhcpRead)?;
    Ok(format!("{} {} {}", caller.client().id, caller.organisation(), actor.0.id))
}

#[utoipa::path(responses((status = 200)))]
#[post("/test/echo")]
async fn echo(_caller: Caller, body: Json<NoQuery>) -> String {
    format!("{:?}", body.0)
}

#[utoipa::path(responses((status = 200)))]
#[get("/test/failures/{number}")]
async fn fail(_number: web::Path<u32>) -> Result<String, Problem> {
    Err(Problem::internal("the cause"))
}

#[utoipa::path(responses((status = 200)))]
#[get("/test/linger")]
async fn linger() -> &'static str {
    tokio::time::sleep(Duration::from_secs(2)).await;
    "done"
}

#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NoQuery {}
