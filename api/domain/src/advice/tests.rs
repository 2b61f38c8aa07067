use proptest::prelude::*;

use super::*;

fn request() -> AdviceRequest {
    AdviceRequest {
        id: AdviceRequestId(uuid::Uuid::from_u128(1)),
        child: ChildId(1),
        requested_by: "E10000015".parse().unwrap(),
        addressed_to: "RY4".parse().unwrap(),
        role: "designated-clinical-officer".to_owned(),
        kinds: vec![AdviceKind::Medical],
        status: AdviceStatus::Requested,
        has_text: false,
        received_on: "2026-06-01".parse().unwrap(),
        created_at: at(0),
        changed_at: at(0),
        acknowledged_at: None,
        submitted_at: None,
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::minutes(minute)
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Acknowledge,
    Submit,
    Erase,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(prop_oneof![Just(Step::Acknowledge), Just(Step::Submit), Just(Step::Erase)], 0..10)
}

proptest! {
    /// A request goes from requested to acknowledged to submitted and never back, and the first times are kept.
    #[test]
    fn a_request_goes_forward_only(steps in steps()) {
        let mut request = request();
        for (minute, step) in (1..).zip(steps) {
            let before = request.clone();
            let (was_submitted, was_erased) = (before.status == AdviceStatus::Submitted, before.is_erased());
            match step {
                Step::Acknowledge => match before.clone().acknowledge(at(minute)) {
                    Ok(next) => {
                        prop_assert!(!was_submitted);
                        prop_assert_eq!(next.status, AdviceStatus::Acknowledged);
                        request = next;
                    }
                    Err(AlreadySubmitted) => prop_assert!(was_submitted),
                },
                Step::Submit => match before.clone().submit(at(minute)) {
                    Ok(next) => {
                        prop_assert!(!was_erased);
                        prop_assert!(next.has_text && !next.is_erased());
                        prop_assert_eq!(next.status, AdviceStatus::Submitted);
                        request = next;
                    }
                    Err(AdviceErased) => prop_assert!(was_erased),
                },
                // As in the store: only the text is removed.
                Step::Erase => request.has_text = false,
            }
            prop_assert_eq!(request.acknowledged_at.is_some(), request.status != AdviceStatus::Requested);
            prop_assert_eq!(request.submitted_at.is_some(), request.status == AdviceStatus::Submitted);
            prop_assert_eq!(before.acknowledged_at.or(request.acknowledged_at), request.acknowledged_at);
            prop_assert_eq!(before.submitted_at.or(request.submitted_at), request.submitted_at);
            prop_assert!(before.changed_at <= request.changed_at);
        }
    }
}

#[test]
fn erased_advice_is_not_submitted_again() {
    let submitted = request().submit(at(1)).unwrap();
    assert_eq!(AdviceRequest { has_text: false, ..submitted }.submit(at(2)), Err(AdviceErased));
}
