//! Who the audit log says it was.

use domain::audit::{Actor, Attribution};
use domain::operations::Operation;

use crate::callers::Caller;
use crate::exchanges::RequestId;

/// The attribution of one call, by the name that its operation has in the document.
pub fn attribute(caller: &Caller, actor: Option<Actor>, id: RequestId, operation: Operation) -> Attribution {
    Attribution {
        client: caller.client().id.clone(),
        organisation: caller.organisation(),
        actor,
        operation,
        request_id: id.0,
        resource: None,
    }
}
