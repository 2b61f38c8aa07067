use proptest::prelude::*;

use super::*;

fn submission() -> Submission {
    Submission {
        id: SubmissionId(uuid::Uuid::from_u128(1)),
        client: "north-trust".to_owned(),
        dataset: Dataset::WaitingList,
        format: "csv".to_owned(),
        organisation: "RY4".parse().unwrap(),
        list: DEFAULT_LIST.to_owned(),
        mode: SubmissionMode::Snapshot,
        as_of: "2026-06-01".parse().unwrap(),
        status: SubmissionStatus::Processing,
        counts: SubmissionCounts::default(),
        received_at: "2026-06-01T12:00:00Z".parse().unwrap(),
        issue_counts: Vec::new(),
    }
}

#[derive(Debug, Clone)]
enum Step {
    Accept(u64),
    Validate,
    Refuse,
    Fail(SubmissionFailure),
    Cancel,
}

impl Step {
    fn take(&self, submission: Submission) -> Result<Submission, AlreadyEnded> {
        match self {
            Self::Accept(issues) => submission.accept(*issues),
            Self::Validate => submission.validate(),
            Self::Refuse => submission.refuse(),
            Self::Fail(failure) => submission.fail(failure),
            Self::Cancel => submission.cancel(),
        }
    }

    /// The status that it leads to from `processing`.
    fn ends(&self) -> SubmissionStatus {
        match self {
            Self::Accept(0) => SubmissionStatus::Accepted,
            Self::Accept(_) => SubmissionStatus::AcceptedWithIssues,
            Self::Validate => SubmissionStatus::Validated,
            Self::Refuse | Self::Fail(SubmissionFailure::Refused(_)) => SubmissionStatus::Refused,
            Self::Fail(SubmissionFailure::Failed(_)) => SubmissionStatus::Failed,
            Self::Cancel => SubmissionStatus::Cancelled,
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_u64..3).prop_map(Step::Accept),
        Just(Step::Validate),
        Just(Step::Refuse),
        Just(Step::Fail(SubmissionFailure::Refused("{}".to_owned()))),
        Just(Step::Fail(SubmissionFailure::Failed("{}".to_owned()))),
        Just(Step::Cancel),
    ];
    proptest::collection::vec(step, 1..8)
}

proptest! {
    /// The first step decides. Later steps change nothing and fail, but a second cancellation succeeds.
    #[test]
    fn a_submission_ends_once(steps in steps()) {
        let ended = steps[0].take(submission()).unwrap();
        prop_assert_eq!(&ended, &Submission { status: steps[0].ends(), ..submission() });
        for step in &steps[1..] {
            let again = matches!(step, Step::Cancel) && ended.status == SubmissionStatus::Cancelled;
            prop_assert_eq!(step.take(ended.clone()), if again { Ok(ended.clone()) } else { Err(AlreadyEnded) });
        }
    }
}

fn rejecting(rejected: u64, received: u64) -> SubmissionCounts {
    SubmissionCounts { rejected, received, ..SubmissionCounts::default() }
}

fn dropping(not_flowed: u64) -> SubmissionCounts {
    SubmissionCounts { not_flowed, ..SubmissionCounts::default() }
}

#[test]
fn a_small_body_is_never_refused_for_its_share_of_rejected_rows() {
    assert!(!rejecting(19, 19).rejects_too_many(20));
    assert!(rejecting(20, 20).rejects_too_many(20));
    assert!(rejecting(21, 21).rejects_too_many(20));
}

#[test]
fn a_body_is_refused_for_more_than_the_share_and_not_for_just_it() {
    assert!(!rejecting(4, 20).rejects_too_many(20));
    assert!(rejecting(5, 20).rejects_too_many(20));
    assert!(!rejecting(4, 21).rejects_too_many(20));
    assert!(rejecting(5, 21).rejects_too_many(20));
    assert!(!rejecting(200, 1_000).rejects_too_many(20));
    assert!(rejecting(201, 1_000).rejects_too_many(20));
    assert!(rejecting(1, 20).rejects_too_many(0));
    assert!(!rejecting(20, 20).rejects_too_many(100));
}

#[test]
fn a_small_list_may_shrink_to_nothing() {
    assert!(!dropping(19).shrinks_too_much(19, 20));
    assert!(dropping(20).shrinks_too_much(20, 20));
    assert!(dropping(21).shrinks_too_much(21, 20));
    assert!(!dropping(0).shrinks_too_much(0, 0));
}

#[test]
fn a_list_shrinks_too_much_by_more_than_the_share_and_not_by_just_it() {
    assert!(!dropping(4).shrinks_too_much(20, 20));
    assert!(dropping(5).shrinks_too_much(20, 20));
    assert!(!dropping(200).shrinks_too_much(1_000, 20));
    assert!(dropping(201).shrinks_too_much(1_000, 20));
    assert!(dropping(u64::MAX).shrinks_too_much(u64::MAX, 99));
    assert!(!dropping(u64::MAX).shrinks_too_much(u64::MAX, 100));
}

#[test]
fn a_body_is_whole_if_no_row_is_left_out() {
    assert!(!rejecting(0, 3).leaves_any_out());
    assert!(rejecting(1, 3).leaves_any_out());
    assert!(SubmissionCounts { out_of_scope: 1, ..SubmissionCounts::default() }.leaves_any_out());
}

#[test]
fn an_empty_snapshot_must_be_declared_and_a_nil_return_has_no_rows() {
    assert_eq!(SubmissionMode::Snapshot.check_nil_return(0, false), Err(NilReturnFault::Unsaid));
    assert_eq!(SubmissionMode::Snapshot.check_nil_return(0, true), Ok(()));
    assert_eq!(SubmissionMode::Snapshot.check_nil_return(1, true), Err(NilReturnFault::HasRows));
    assert_eq!(SubmissionMode::Delta.check_nil_return(1, true), Err(NilReturnFault::HasRows));
    assert_eq!(SubmissionMode::Delta.check_nil_return(0, false), Ok(()));
    assert_eq!(SubmissionMode::Snapshot.check_nil_return(1, false), Ok(()));
}

#[test]
fn a_list_of_the_same_day_may_be_sent_again() {
    assert!(!submission().is_older_than("2026-06-01".parse().unwrap()));
    assert!(submission().is_older_than("2026-06-02".parse().unwrap()));
}
