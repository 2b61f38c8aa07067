//! One call of one operation: who calls, with what right, for whom, and when. A handler names its operation in its
//! signature, `Call<GetWaits>`. Scope, person and audit event follow from its line in `domain::operations`.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::{Payload, Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::{DateTime, NaiveDate, Utc};
use domain::operations::Access;
use domain::operations::Named;
use domain::operations::Operation;
use domain::{Actor, Attribution, CallContext, Client, Instants, OrganisationCode, Partnership};
use trust::Clock;
use utoipa::openapi::OpenApi;

use crate::actors::actor_of;
use crate::callers::Caller;
use crate::exchanges::RequestId;
use crate::problems::Problem;
use crate::state::State;

/// A call of the operation `O` by a client that may use it.
#[derive(Debug)]
pub(crate) struct Call<O> {
    caller: Caller,
    actor: Option<Actor>,
    request_id: RequestId,
    clock: Clock,
    now: DateTime<Utc>,
    operation: PhantomData<O>,
}

impl<O: Named> Call<O> {
    pub(crate) fn client(&self) -> &Client {
        self.caller.client()
    }

    pub(crate) fn organisation(&self) -> OrganisationCode {
        self.caller.organisation()
    }

    /// The partnership in force when the request came in.
    pub(crate) fn partnership(&self) -> &Arc<Partnership> {
        self.caller.partnership()
    }

    /// The person behind the call, if the operation asks for one.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// When the request came in.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The day on which it came in, in Europe/London.
    pub(crate) fn today(&self) -> NaiveDate {
        domain::london_day(self.now)
    }

    /// What every decision of the call shares.
    pub(crate) fn context(&self) -> CallContext {
        let by = Attribution {
            client: self.client().id.clone(),
            organisation: self.organisation(),
            actor: self.actor.clone(),
            operation: O::OPERATION,
            request_id: self.request_id.0,
            resource: None,
        };
        let clock = self.clock.clone();
        CallContext { partnership: Arc::clone(self.partnership()), by, now: self.now, instants: Instants::new(move || clock.now()) }
    }

    /// A call of another operation that the same request carries: an entry of a batch.
    pub(crate) fn carrying<P: Named>(&self) -> Result<Call<P>, Problem> {
        Call::admit(self.caller.clone(), self.actor.clone(), self.request_id, self.clock.clone())
    }

    /// Admits a client that holds one of the operation's scopes now.
    fn admit(caller: Caller, actor: Option<Actor>, request_id: RequestId, clock: Clock) -> Result<Self, Problem> {
        match O::OPERATION.access() {
            Access::Token([]) => {}
            Access::Token(scopes) => caller.require_any(scopes)?,
            Access::Certificate | Access::Inside => return Err(Problem::internal("an operation that takes no token")),
        }
        Ok(Self { now: clock.now(), caller, actor, request_id, clock, operation: PhantomData })
    }

    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if let Some(asked) = request.extensions().get::<WhichOperation>() {
            return Err(asked.answer(O::OPERATION));
        }
        let state = request.app_data::<web::Data<State>>().ok_or_else(|| Problem::internal("no state"))?;
        let caller = Caller::of(request)?;
        let actor = if O::OPERATION.names_a_person() { Some(actor_of(request.headers())?) } else { None };
        let request_id = request.extensions().get().copied().ok_or_else(|| Problem::internal("a request without an id"))?;
        Self::admit(caller, actor, request_id, state.clock.clone())
    }
}

impl<O: Named> FromRequest for Call<O> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// Before it listens, the gateway asks each of its routes which operation its handler names. Nobody can ask this over the
/// wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct WhichOperation(Arc<std::sync::OnceLock<Operation>>);

impl WhichOperation {
    /// What the handler named; `None` if it takes no call.
    pub(crate) fn named(&self) -> Option<Operation> {
        self.0.get().copied()
    }

    fn answer(&self, operation: Operation) -> Problem {
        // If a handler takes two calls, the first is its own.
        let _ = self.0.set(operation);
        Problem::internal("a question of the gateway's own")
    }
}

/// A documented operation whose handler names another operation, or none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the handler of {method} {path}, which is {documented}, takes {}",
    named.map_or_else(|| "no call".to_owned(), |named| format!("a call of {named}"))
)]
pub struct Misnamed {
    method: String,
    path: String,
    documented: String,
    named: Option<Operation>,
}

/// Asks the route of each documented operation which operation its handler names, and compares the two. A handler with
/// another operation's call would be admitted under that one's scopes, and one without a call under none. `request` makes
/// what the service takes.
pub(crate) async fn check_names<S, R, B>(service: &S, request: fn(TestRequest) -> R, document: &OpenApi) -> Result<(), Misnamed>
where
    R: HttpMessage,
    S: Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    for (path, item) in &document.paths.paths {
        let operations = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
            (Method::PATCH, &item.patch),
        ];
        for (method, operation) in operations {
            let Some(documented) = operation.as_ref().and_then(|operation| operation.operation_id.as_deref()) else { continue };
            let asked = WhichOperation::default();
            let request = request(TestRequest::with_uri(&filled(path)).method(method.clone()));
            request.extensions_mut().insert(asked.clone());
            // The answer itself does not matter: without its state no route does anything.
            let _ = service.call(request).await;
            let named = asked.named();
            let is_right = named.map_or_else(|| may_be_unnamed(documented), |named| named.as_str() == documented);
            if !is_right {
                return Err(Misnamed { method: method.to_string(), path: path.clone(), documented: documented.to_owned(), named });
            }
        }
    }
    Ok(())
}

/// Whether an operation's handler need not name it: one that is called without a token takes no call.
fn may_be_unnamed(documented: &str) -> bool {
    let takes_a_token = |operation: Operation| matches!(operation.access(), Access::Token(_));
    !documented.parse().is_ok_and(takes_a_token)
}

/// A path that the template matches.
fn filled(template: &str) -> String {
    let parts = template.split('/').map(|part| if part.starts_with('{') { "0" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use actix_web::test::init_service;
    use actix_web::{App, get};
    use domain::operations::GetWaits;
    use domain::operations::ListEntries;
    use utoipa_actix_web::AppExt;

    use super::*;
    use crate::routes;

    const WAITS: &str = "/v1/children/{child_id}/waits";

    #[get("/v1/children/{child_id}/waits")]
    async fn right(_call: Call<GetWaits>) -> &'static str {
        "waits"
    }

    #[get("/v1/children/{child_id}/waits")]
    async fn wrong(_call: Call<ListEntries>) -> &'static str {
        "waits"
    }

    #[get("/v1/children/{child_id}/waits")]
    async fn unnamed() -> &'static str {
        "waits"
    }

    fn document_of_waits() -> OpenApi {
        let mut document = routes::document();
        document.paths.paths.retain(|path, _| path == WAITS);
        assert_eq!(document.paths.paths.len(), 1);
        document
    }

    fn misnamed(named: Option<Operation>) -> Misnamed {
        Misnamed { method: "GET".into(), path: WAITS.into(), documented: "get_waits".into(), named }
    }

    #[actix_web::test]
    async fn a_handler_with_another_operations_call_keeps_the_gateway_from_starting() {
        let document = document_of_waits();
        let service = init_service(App::new().service(right)).await;
        assert_eq!(check_names(&service, TestRequest::to_request, &document).await, Ok(()));
        let service = init_service(App::new().service(wrong)).await;
        let found = check_names(&service, TestRequest::to_request, &document).await;
        assert_eq!(found, Err(misnamed(Some(Operation::ListEntries))));
        let message = found.unwrap_err().to_string();
        assert_eq!(message, format!("the handler of GET {WAITS}, which is get_waits, takes a call of list_entries"));
    }

    #[actix_web::test]
    async fn a_handler_without_a_call_where_a_token_is_needed_keeps_the_gateway_from_starting() {
        let service = init_service(App::new().service(unnamed)).await;
        let found = check_names(&service, TestRequest::to_request, &document_of_waits()).await;
        assert_eq!(found, Err(misnamed(None)));
        assert_eq!(misnamed(None).to_string(), format!("the handler of GET {WAITS}, which is get_waits, takes no call"));
    }

    #[actix_web::test]
    async fn every_operation_of_the_document_has_a_handler_that_names_it() {
        let (app, _) = App::new().into_utoipa_app().configure(routes::table).split_for_parts();
        assert_eq!(check_names(&init_service(app).await, TestRequest::to_request, &routes::document()).await, Ok(()));
    }
}
