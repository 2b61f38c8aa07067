//! Who the audit log says it was.

use domain::audit::{Actor, Attribution};

use crate::callers::Caller;
use crate::exchanges::RequestId;

/// The attribution of one call, by the name that its operation has in the document.
pub fn attribute(caller: &Caller, actor: Option<Actor>, id: RequestId, operation: &'static str) -> Attribution {
    Attribution {
        client: caller.client().id.clone(),
        organisation: caller.organisation(),
        actor,
        operation,
        request_id: id.0,
        resource: None,
    }
}
