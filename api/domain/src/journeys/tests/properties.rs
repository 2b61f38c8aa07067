//! What is true for any set of referrals.

use proptest::prelude::*;

use super::*;

const PROVIDERS: [&str; 3] = ["RY4", "RWR", "R1L"];

/// Up to eight referrals of one child, each with whatever may link it to the others.
fn any_held() -> impl Strategy<Value = Vec<HeldReferral>> {
    let code = || proptest::option::of(0_usize..3);
    let one = (
        (0_i64..500, 0_usize..3, 1_i16..4, 0_usize..ReferralStatus::ALL.len(), 0_usize..ReferralFlow::ALL.len()),
        (proptest::option::of((0_usize..8, code())), proptest::option::of((0_usize..3, 0_i64..500, 0_usize..4)), code()),
        (code(), proptest::option::of((0_usize..3, code())), proptest::option::of(0_i64..600), proptest::option::of(0_i64..600)),
    );
    proptest::collection::vec(one, 1..8).prop_map(|all| {
        let held = all.into_iter().enumerate().map(|(nth, ((received, provider, pathways, status, flow), links, more))| {
            let (previous, onward, referred_by) = links;
            let (ubrn, pathway_id, original, closed) = more;
            let mut entry = at(PROVIDERS[provider], referral(&nth.to_string(), received));
            entry.flow = ReferralFlow::ALL[flow];
            entry.referral.status = ReferralStatus::ALL[status];
            entry.referral.pathways = PathwaySet::from_bits(pathways);
            let provider = |code: usize| PROVIDERS[code].to_owned();
            entry.referral.details = ReferralDetails {
                previous: previous.map(|(id, code)| PreviousReferral {
                    referral_id: id.to_string(),
                    provider: code.map(|code| PROVIDERS[code].parse().unwrap()),
                }),
                onward: onward.map(|(to, on, reason)| OnwardReferral {
                    to: Some(provider(to)),
                    on: day(on),
                    reason: Some(format!("0{}", reason + 1)),
                }),
                referred_by: referred_by.map(provider),
                ubrn: ubrn.map(|ubrn| format!("00004957291{ubrn}")),
                pathway_id: pathway_id.map(|(id, _)| format!("P-{id}")),
                pathway_id_issuer: pathway_id.and_then(|(_, issuer)| issuer.map(provider)),
                original_referral_date: original.map(day),
                closed_date: closed.map(day),
                ..ReferralDetails::default()
            };
            entry
        });
        held.collect()
    })
}

fn is_open_on(entry: &HeldReferral, pathway: Pathway) -> bool {
    entry.referral.status.is_open() && entry.referral.pathways.contains(pathway)
}

proptest! {
    #[test]
    fn no_open_child_disappears(held in any_held()) {
        let found = every_wait(&held, day(600));
        for pathway in Pathway::ALL.iter().copied() {
            let open = || held.iter().filter(|entry| is_open_on(entry, pathway));
            let shown = || found.iter().filter(|wait| wait.pathway == pathway);
            prop_assert_eq!(open().count() > 0, shown().count() > 0);
            prop_assert!(shown().count() <= open().count());
            // Nor does a child disappear from the counts.
            let counts = |flow: ReferralFlow| flow.counts_as_open();
            prop_assert_eq!(open().any(|entry| counts(entry.flow)), shown().any(|wait| counts(wait.flow)));
            // The longest wait shown is no shorter than any that is not.
            let longest = shown().map(|wait| wait.journey.waited.days).max();
            prop_assert!(open().all(|entry| Some(days_between(entry.referral.referral_received_date, day(600))) <= longest));
        }
    }

    #[test]
    fn a_journey_is_no_shorter_than_its_referral_and_starts_with_one_of_its_pathway(held in any_held()) {
        for entry in &held {
            let own = days_between(entry.referral.referral_received_date, day(600));
            for (pathway, journey) in journeys(&held, entry.provider, &entry.referral.referral_id, day(600)) {
                prop_assert!(entry.referral.pathways.contains(pathway) && journey.waited.days >= own);
                let starts = held.iter().filter(|entry| entry.referral.pathways.contains(pathway));
                let mut starts = starts.flat_map(|entry| [Some(entry.referral.referral_received_date), entry.referral.details.original_referral_date]);
                prop_assert!(starts.any(|start| start == Some(journey.started_on)));
                prop_assert_eq!(journey.known_by == KnownBy::SingleReferral && !journey.linked_by.is_empty(), false);
            }
        }
    }

    #[test]
    fn the_order_in_which_referrals_are_held_changes_nothing(mut held in any_held(), turn in 0_usize..8) {
        let found = every_wait(&held, day(600));
        let turn = turn % held.len();
        held.rotate_left(turn);
        prop_assert_eq!(&every_wait(&held, day(600)), &found);
        held.reverse();
        prop_assert_eq!(every_wait(&held, day(600)), found);
    }

    #[test]
    fn a_rejected_referral_changes_nothing(held in any_held()) {
        let others: Vec<_> = held.iter().filter(|entry| entry.referral.status != ReferralStatus::Rejected).cloned().collect();
        prop_assert_eq!(every_wait(&held, day(600)), every_wait(&others, day(600)));
    }

    #[test]
    fn a_pathway_is_told_from_its_own_referrals_alone(held in any_held()) {
        let found = every_wait(&held, day(600));
        for pathway in Pathway::ALL.iter().copied() {
            let of_it: Vec<_> = held.iter().filter(|entry| entry.referral.pathways.contains(pathway)).cloned().collect();
            let told = |waits: Vec<Wait>| waits.into_iter().filter(|wait| wait.pathway == pathway).collect::<Vec<_>>();
            prop_assert_eq!(told(every_wait(&of_it, day(600))), told(found.clone()));
        }
    }

    #[test]
    fn without_a_link_nothing_is_joined(held in any_held()) {
        let held: Vec<_> = held.into_iter().map(|entry| with(entry, |details| *details = ReferralDetails::default())).collect();
        let open: usize = Pathway::ALL.iter().map(|pathway| held.iter().filter(|entry| is_open_on(entry, *pathway)).count()).sum();
        let found = every_wait(&held, day(600));
        prop_assert_eq!(found.len(), open);
        prop_assert!(found.iter().all(|wait| wait.journey.known_by == KnownBy::SingleReferral));
    }
}
