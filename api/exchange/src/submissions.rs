//! What became of a client's own submissions.

use chrono::{DateTime, Utc};
use domain::{
    AlreadyEnded, CallContext, DEFAULT_LIST, Dataset, Pathway, PathwaySet, PublishedCount, Submission, SubmissionId, SubmissionWork,
};
use store::{IssueChoice, ListedIssue, Store, StoreError};

use crate::troubles::{Kind, Trouble};

/// The state of a submission.
#[derive(Debug)]
pub struct Report {
    pub submission: Submission,
    /// How far the work is, or was when it failed. Only for a submission that was answered before it was worked on.
    pub work: Option<SubmissionWork>,
    /// Why the work failed, if it did.
    pub trouble: Option<Trouble>,
}

/// The place of an issue: its row, and its position in the row.
pub type IssuePlace = (i64, i32);

/// The client's own submissions before an id, newest first.
pub async fn list_submissions(store: &Store, cx: CallContext, before: Option<SubmissionId>, most: i64) -> Result<Vec<Submission>, Trouble> {
    Ok(store.read(move |tx| tx.submissions(&cx.by.client, before, most)).await?)
}

/// One of the client's own submissions.
pub async fn get_submission(store: &Store, cx: CallContext, id: SubmissionId) -> Result<Report, Trouble> {
    let found = store.read(move |tx| match tx.submission(id, &cx.by.client)? {
        Some(submission) => Ok(Some((submission, tx.work(id)?))),
        None => Ok(None),
    });
    let (submission, work) = found.await?.ok_or(Kind::NotFound)?;
    let trouble = work.as_ref().and_then(|work| work.trouble.as_deref()).map(Trouble::from_json).transpose()?;
    Ok(Report { submission, work, trouble })
}

/// Cancels a submission that is being worked on. Cancelling it again gives the same answer.
pub async fn cancel_submission(store: &Store, cx: CallContext, id: SubmissionId) -> Result<Submission, Trouble> {
    let cancelled = store.transaction(move |tx| tx.cancel_submission(id, &cx.by.client)).await?.ok_or(Kind::NotFound)?;
    cancelled.map_err(|AlreadyEnded| Trouble::new(Kind::WrongStatus).detail("It is not being worked on any more."))
}

/// The issues of a submission, in row order, after a place.
pub async fn list_issues(
    store: &Store,
    cx: CallContext,
    id: SubmissionId,
    choice: IssueChoice,
    after: Option<IssuePlace>,
    most: i64,
) -> Result<Vec<ListedIssue>, Trouble> {
    let found = store.read(move |tx| match tx.submission(id, &cx.by.client)? {
        Some(_) => tx.issues(id, choice, after, most).map(Some),
        None => Ok(None),
    });
    Ok(found.await?.ok_or(Kind::NotFound)?)
}

/// What was last published of the same service as a submission's list: for a list named after a pathway, that pathway's
/// lines; for the default list, every line.
pub async fn last_published(store: &Store, submission: &Submission) -> Result<Vec<PublishedCount>, Trouble> {
    let pathways = match submission.list.parse::<Pathway>() {
        _ if submission.dataset != Dataset::WaitingList => return Ok(Vec::new()),
        Ok(pathway) => pathway.into(),
        Err(_) if submission.list == DEFAULT_LIST => PathwaySet::all(),
        Err(_) => return Ok(Vec::new()),
    };
    let organisation = submission.organisation;
    let mut counts = store.read(move |tx| tx.last_published(organisation)).await?;
    counts.retain(|count| !count.line.pathways().intersection(pathways).is_empty());
    Ok(counts)
}

/// Ends work that no gateway has reported on since an instant, so that the bodies can be sent again. Returns how many.
pub async fn end_interrupted_works(store: &Store, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let trouble = Trouble::new(Kind::Interrupted).detail("Nothing of it was kept: send it again.");
    store.end_still_works(before, trouble.to_failure()).await
}
