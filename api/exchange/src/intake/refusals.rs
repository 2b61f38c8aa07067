//! Why a body was not taken, in the words for its sender.

use adapters::Unreadable;
use chrono::NaiveDate;
use domain::{NilReturnFault, Submission, SubmissionCounts, SubmissionMode};
use store::ListedIssue;

use crate::troubles::{Fault, Kind, Trouble};

pub(super) fn broken(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(Kind::Malformed).detail("The body did not arrive whole; nothing of it was kept.").cause(error)
}

pub(super) fn too_large(most: u64) -> Trouble {
    Trouble::new(Kind::BodyTooLarge).detail(format!("A body is at most {most} bytes.")).breaking_off()
}

pub(super) fn too_slow() -> Trouble {
    Trouble::new(Kind::TooSlow).detail("The body came too slowly, or not at all any more; nothing of it was kept.").breaking_off()
}

/// Refuses a body that cannot be read in its format.
pub fn refuse_unreadable(unreadable: &Unreadable) -> Trouble {
    let fault = |field: Option<&&'static str>| {
        let fault = Fault::new(unreadable.code(), unreadable.message()).fix(unreadable.fix());
        match field {
            Some(field) => fault.field(*field),
            None => fault,
        }
    };
    let fields = unreadable.fields();
    let faults: Vec<_> = if fields.is_empty() { vec![fault(None)] } else { fields.iter().map(|field| fault(Some(field))).collect() };
    Trouble::new(Kind::UnreadableBody).detail(unreadable.message()).with_faults(faults)
}

pub(super) fn check_nil_return(mode: SubmissionMode, received: u64, said: bool) -> Result<(), Trouble> {
    mode.check_nil_return(received, said).map_err(|fault| match fault {
        NilReturnFault::Unsaid => Trouble::new(Kind::NilReturnUnsaid).detail("If nobody is on this list, send it with nil_return=true."),
        NilReturnFault::HasRows => {
            Trouble::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "a nil return has no rows").field("nil_return"))
        }
    })
}

/// Refuses a body because one of its entries cannot be taken.
pub(super) fn an_entry_left_out(issues: Vec<ListedIssue>) -> Trouble {
    Trouble::new(Kind::RefusedSubmission)
        .detail("A transaction is taken whole or not at all: an entry was rejected, or is about none of the pathways.")
        .with_faults(issues.into_iter().map(listed))
}

/// Refuses a body because too many rows were rejected. `is_kept` says whether its report can be asked for.
pub(crate) fn too_many_rejected(submission: &Submission, percent: u8, is_kept: bool, issues: Vec<ListedIssue>) -> Trouble {
    let SubmissionCounts { rejected, received, .. } = submission.counts;
    let kept = if is_kept { format!(" but the report: submission {}", submission.id) } else { String::new() };
    Trouble::new(Kind::RefusedSubmission)
        .detail(format!("{rejected} of {received} rows were rejected, more than {percent} %. Nothing of it was kept{kept}."))
        .with_faults(issues.into_iter().map(listed))
}

pub(crate) fn older(last: NaiveDate, as_of: NaiveDate) -> Trouble {
    Trouble::new(Kind::OlderAsOf).detail(format!("This list was last sent as of {last}; this one says {as_of}."))
}

pub(crate) fn shrinks(open: u64, dropped: u64, percent: u8) -> Trouble {
    Trouble::new(Kind::SnapshotShrinks).detail(format!(
        "{dropped} of {open} open entries are not in this snapshot, more than {percent} %. If that is so, send it with confirm=shrink."
    ))
}

/// An issue among a trouble's faults.
fn listed(issue: ListedIssue) -> Fault {
    let mut fault = Fault::new(issue.code.as_str(), issue.code.message()).field(issue.field).fix(issue.code.fix());
    fault.row = u64::try_from(issue.row).ok();
    fault.referral_id = issue.referral_id;
    fault
}
