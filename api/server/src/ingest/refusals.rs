//! Why a body was not taken, as its sender is told.

use adapters::Unreadable;
use domain::submissions::{self, NilReturnFault};
use store::ListedIssue;

use super::Order;
use crate::bodies::faults::Fault;
use crate::problems::{Kind, Problem};

pub(super) fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::Malformed).detail("The body did not arrive whole; nothing of it was kept.").cause(error)
}

/// A body that is not what it should be, as a problem.
pub(crate) fn refuse_unreadable(unreadable: &Unreadable) -> Problem {
    let fault = |field: Option<&&'static str>| {
        let fault = Fault::new(unreadable.code(), unreadable.message()).fix(unreadable.fix());
        match field {
            Some(field) => fault.field(*field),
            None => fault,
        }
    };
    let fields = unreadable.fields();
    let faults: Vec<_> = if fields.is_empty() { vec![fault(None)] } else { fields.iter().map(|field| fault(Some(field))).collect() };
    Problem::new(Kind::UnreadableBody).detail(unreadable.message()).with_faults(faults)
}

pub(super) fn check_nil_return(order: &Order, received: u64) -> Result<(), Problem> {
    submissions::check_nil_return(order.mode, received, order.nil_return).map_err(|fault| match fault {
        NilReturnFault::Unsaid => Problem::new(Kind::NilReturnUnsaid).detail("If nobody is on this list, send it with nil_return=true."),
        NilReturnFault::HasRows => {
            Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "a nil return has no rows").field("nil_return"))
        }
    })
}

/// An issue as it stands in a problem.
pub(super) fn listed(issue: ListedIssue) -> Fault {
    let mut fault = Fault::new(issue.code.as_str(), issue.code.message()).field(issue.field).fix(issue.code.fix());
    fault.row = u64::try_from(issue.row).ok();
    fault.referral_id = issue.referral_id;
    fault
}
