mod properties;

use super::links::ONWARD_DAYS;
use super::*;
use crate::pathways::PathwaySet;
use crate::referrals::{OnwardReferral, PreviousReferral, ReferralDetails, ReferralHold};

fn day(offset: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Duration::days(offset)
}

fn referral(id: &str, received: i64) -> HeldReferral {
    HeldReferral {
        provider: "RY4".parse().unwrap(),
        flow: ReferralFlow::Flowed,
        referral: Referral {
            referral_id: id.into(),
            pathways: Pathway::Autism.into(),
            status: ReferralStatus::Waiting,
            referral_received_date: day(received),
            recognised: Vec::new(),
            details: ReferralDetails::default(),
        },
    }
}

fn continuing(mut entry: HeldReferral, id: &str, provider: Option<&str>) -> HeldReferral {
    let provider = provider.map(|code| code.parse().unwrap());
    entry.referral.details.previous = Some(PreviousReferral { referral_id: id.into(), provider });
    entry
}

fn every_wait(held: &[HeldReferral], as_at: NaiveDate) -> Vec<Wait> {
    waits(held, as_at)
}

#[test]
fn a_two_stage_wait_across_providers_is_one_journey() {
    let mut first = referral("A", 0);
    first.referral.status = ReferralStatus::Closed;
    let mut second = continuing(referral("B", 200), "A", Some("RY4"));
    second.provider = "RWR".parse().unwrap();
    let waits = every_wait(&[first, second], day(300));
    assert_eq!(waits.len(), 1);
    assert_eq!((waits[0].stage_wait.days, waits[0].journey.waited.days), (100, 300));
    assert_eq!(waits[0].journey.known_by, KnownBy::LinkedReferral);
}

#[test]
fn a_stated_date_starts_the_journey_where_no_link_is_earlier() {
    let mut entry = referral("A", 100);
    entry.referral.details.original_referral_date = Some(day(10));
    let found = every_wait(&[entry], day(110));
    assert_eq!((found[0].journey.waited.days, found[0].journey.known_by), (100, KnownBy::StatedDate));
}

#[test]
fn an_original_date_after_receipt_is_left_out() {
    let mut entry = referral("A", 100);
    entry.referral.details.original_referral_date = Some(day(105));
    let found = every_wait(&[entry], day(110));
    assert_eq!((found[0].journey.waited.days, found[0].journey.known_by), (10, KnownBy::SingleReferral));
}

#[test]
fn a_link_to_another_pathway_or_to_nothing_is_no_link() {
    let mut other = referral("A", 0);
    other.referral.pathways = Pathway::Audiology.into();
    let found = every_wait(&[other, continuing(referral("B", 50), "A", None), continuing(referral("C", 60), "missing", None)], day(60));
    let autism: Vec<_> = found.iter().filter(|wait| wait.pathway == Pathway::Autism).collect();
    assert!(autism.iter().all(|wait| wait.journey.known_by == KnownBy::SingleReferral));
    assert_eq!(autism.len(), 2);
}

#[test]
fn an_open_referral_that_a_later_one_continues_is_shown_once() {
    assert_eq!(every_wait(&[referral("A", 0), continuing(referral("B", 50), "A", None)], day(60)).len(), 1);
}

#[test]
fn two_referrals_that_name_each_other_hide_nobody() {
    let circle = [continuing(referral("A", 0), "B", None), continuing(referral("B", 50), "A", None)];
    let found = every_wait(&circle, day(60));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|wait| wait.journey.waited.days == 60));
}

#[test]
fn a_circle_is_not_hidden_by_a_third_referral_beside_it() {
    let circle = [continuing(referral("A", 0), "B", None), continuing(referral("B", 50), "A", None), referral("C", 55)];
    assert_eq!(every_wait(&circle, day(60)).len(), 3);
}

#[test]
fn a_referral_that_did_not_flow_still_links_but_never_replaces_one_that_did() {
    let not_flowed = |mut entry: HeldReferral| {
        entry.flow = ReferralFlow::NotFlowed;
        entry
    };
    let days = |found: &[Wait]| found.iter().map(|wait| (wait.flow, wait.journey.waited.days)).collect::<Vec<_>>();
    let found = every_wait(&[not_flowed(referral("A", 0)), continuing(referral("B", 50), "A", None)], day(60));
    assert_eq!(days(&found), [(ReferralFlow::Flowed, 60)]);
    let found = every_wait(&[referral("A", 0), not_flowed(continuing(referral("B", 50), "A", None))], day(60));
    assert_eq!(days(&found), [(ReferralFlow::Flowed, 60), (ReferralFlow::NotFlowed, 60)]);
    let found = every_wait(&[not_flowed(referral("A", 0)), not_flowed(continuing(referral("B", 50), "A", None))], day(60));
    assert_eq!(days(&found), [(ReferralFlow::NotFlowed, 60)]);
    assert!(ReferralFlow::Stale.counts_as_open(), "its row came");
}

fn at(provider: &str, mut entry: HeldReferral) -> HeldReferral {
    entry.provider = provider.parse().unwrap();
    entry
}

fn with(mut entry: HeldReferral, change: impl FnOnce(&mut ReferralDetails)) -> HeldReferral {
    change(&mut entry.referral.details);
    entry
}

fn sent_on(entry: HeldReferral, to: &str, on: i64, reason: Option<&str>) -> HeldReferral {
    with(entry, |details| details.onward = Some(OnwardReferral { to: Some(to.into()), on: day(on), reason: reason.map(Into::into) }))
}

fn ended(mut entry: HeldReferral, on: Option<i64>) -> HeldReferral {
    entry.referral.status = ReferralStatus::Closed;
    with(entry, |details| details.closed_date = on.map(day))
}

/// The journey in days of each wait at day 300, and what linked it.
fn journeys_of(held: &[HeldReferral]) -> Vec<(i64, Vec<LinkedBy>)> {
    every_wait(held, day(300)).into_iter().map(|wait| (wait.journey.waited.days, wait.journey.linked_by)).collect()
}

#[test]
fn an_onward_referral_is_one_wait_with_what_the_other_provider_received() {
    for (days, is_one) in [(199, false), (200, true), (200 + ONWARD_DAYS, true), (201 + ONWARD_DAYS, false)] {
        let found = journeys_of(&[sent_on(referral("A", 0), "rwr", 200, Some("02")), at("RWR", referral("B", days))]);
        let expected = if is_one { vec![(300, vec![LinkedBy::OnwardReferral])] } else { vec![(300, vec![]), (300 - days, vec![])] };
        assert_eq!(found, expected, "received on day {days}");
    }
    let same_day = [sent_on(referral("A", 200), "R1L", 200, None), at("R1L", referral("B", 200))];
    assert_eq!(journeys_of(&same_day), [(100, vec![LinkedBy::OnwardReferral])]);
    assert_eq!(every_wait(&same_day, day(300))[0].provider.as_str(), "R1L");
}

#[test]
fn a_test_alone_and_a_new_referral_are_waits_of_their_own() {
    for (reason, is_one) in
        [(None, true), (Some("01"), true), (Some("02"), true), (Some("96"), true), (Some("03"), false), (Some("04"), false)]
    {
        let first = sent_on(referral("A", 0), "RWR", 200, reason);
        let named = with(at("RWR", referral("B", 200)), |details| details.referred_by = Some("RY4".into()));
        for second in [at("RWR", referral("B", 200)), named] {
            assert_eq!(journeys_of(&[first.clone(), second]).len() == 1, is_one, "{reason:?}");
        }
    }
}

#[test]
fn the_referring_provider_had_the_child_until_shortly_before() {
    let second = || with(at("RWR", referral("B", 200)), |details| details.referred_by = Some("RY4".into()));
    let mut seen = referral("A", 0);
    seen.referral.status = ReferralStatus::Seen;
    for (first, is_one) in [
        (referral("A", 0), true),
        (seen, true),
        (ended(referral("A", 0), Some(200 - ONWARD_DAYS)), true),
        (ended(referral("A", 0), Some(199 - ONWARD_DAYS)), false),
        (ended(referral("A", 0), None), false),
        (at("R1L", ended(referral("A", 0), Some(200))), false),
        (referral("A", 201), false),
    ] {
        let linked =
            journeys_of(&[first.clone(), second()]).iter().any(|(days, by)| (*days, by.as_slice()) == (300, &[LinkedBy::OnwardReferral]));
        assert_eq!(linked, is_one, "{first:?}");
    }
    let team = with(referral("B", 200), |details| details.referred_by = Some("RY4".into()));
    assert_eq!(journeys_of(&[referral("A", 0), team]), [(300, vec![LinkedBy::OnwardReferral])], "another team of the same provider");
}

#[test]
fn no_referral_is_sent_on_before_it_is_received() {
    let second = || with(at("RWR", referral("B", 200)), |details| details.referred_by = Some("RY4".into()));
    assert_eq!(journeys_of(&[referral("A", 201), second()]), [(100, vec![]), (99, vec![])]);
    assert_eq!(journeys_of(&[sent_on(referral("A", 201), "RWR", 199, None), at("RWR", referral("B", 200))]), [(100, vec![]), (99, vec![])]);
    let team = |id| with(referral(id, 200), |details| details.referred_by = Some("RY4".into()));
    assert_eq!(journeys_of(&[team("A"), team("B")]), [(100, vec![]), (100, vec![])], "two teams asked on one day");
}

#[test]
fn one_booking_reference_is_one_journey() {
    let booked = |entry, ubrn: &str| with(entry, |details| details.ubrn = Some(ubrn.into()));
    let first = || booked(ended(referral("A", 0), Some(50)), "0000 4957 2910");
    assert_eq!(journeys_of(&[first(), booked(at("RWR", referral("B", 200)), "000049572910")]), [(300, vec![LinkedBy::BookingReference])]);
    assert_eq!(journeys_of(&[first(), booked(at("RWR", referral("B", 200)), "000049572911")]), [(100, vec![])]);
    for nothing in ["000000000000", " ", "-"] {
        assert_eq!(journeys_of(&[booked(referral("A", 0), nothing), booked(referral("B", 200), nothing)]).len(), 2, "{nothing:?}");
    }
}

#[test]
fn a_pathway_id_is_one_only_together_with_its_issuer() {
    let identified = |entry, id: &str, issuer: Option<&str>| {
        with(entry, |details| (details.pathway_id, details.pathway_id_issuer) = (Some(id.into()), issuer.map(Into::into)))
    };
    let first = || identified(ended(referral("A", 0), Some(50)), "P-77", Some("RY4"));
    for (second, is_one) in [
        (identified(at("RWR", referral("B", 200)), "P-77", Some("RY4")), true),
        (identified(at("RWR", referral("B", 200)), "P-77", Some("RWR")), false),
        (identified(at("RWR", referral("B", 200)), "P-77", None), false),
        (identified(at("RWR", referral("B", 200)), "P-78", Some("RY4")), false),
        (identified(referral("B", 200), "P-77", None), true),
    ] {
        let expected = if is_one { (300, vec![LinkedBy::PathwayId]) } else { (100, vec![]) };
        assert_eq!(journeys_of(&[first(), second.clone()]), [expected], "{second:?}");
    }
}

#[test]
fn a_re_referral_without_a_link_is_a_journey_of_its_own() {
    for reason in ["02", "03"] {
        let first = with(ended(referral("A", 0), Some(100)), |details| details.closure_reason = Some(reason.into()));
        assert_eq!(journeys_of(&[first, referral("B", 102)]), [(198, vec![])]);
    }
}

#[test]
fn a_rejected_referral_joins_nothing_even_if_others_name_it() {
    let mut rejected = sent_on(with(referral("R", 100), |details| details.ubrn = Some("000049572910".into())), "RY4", 110, None);
    rejected.referral.status = ReferralStatus::Rejected;
    let sent_again = continuing(with(referral("B", 110), |details| details.ubrn = Some("000049572910".into())), "R", None);
    assert_eq!(journeys_of(&[rejected.clone(), sent_again.clone()]), [(190, vec![])]);
    // It does not link to what came before it either.
    let through = continuing(rejected, "A", None);
    assert_eq!(journeys_of(&[ended(referral("A", 0), Some(90)), through, sent_again]), [(190, vec![])]);
}

#[test]
fn three_stages_across_three_providers_are_one_wait_and_say_how() {
    let held = [
        sent_on(ended(referral("A", 0), Some(60)), "RWR", 60, Some("01")),
        with(at("RWR", ended(referral("B", 61), Some(150))), |details| details.ubrn = Some("000049572910".into())),
        with(at("R1L", referral("C", 170)), |details| details.ubrn = Some("000049572910".into())),
    ];
    let found = every_wait(&held, day(300));
    assert_eq!((found.len(), found[0].provider.as_str(), found[0].stage_wait.days), (1, "R1L", 130));
    assert_eq!((found[0].journey.started_on, found[0].journey.known_by), (day(0), KnownBy::LinkedReferral));
    assert_eq!(found[0].journey.linked_by, [LinkedBy::OnwardReferral, LinkedBy::BookingReference]);
    let second = journeys(&held, "RWR".parse().unwrap(), "B", day(300));
    assert_eq!((second.len(), second[0].1.waited.days, &second[0].1.linked_by[..]), (1, 300, &[LinkedBy::OnwardReferral][..]));
}

#[test]
fn a_hold_and_a_stopped_clock_take_no_child_off_the_list() {
    let mut entry = referral("A", 0);
    entry.referral.status = ReferralStatus::OnHold;
    entry.referral.details.hold = Some(ReferralHold { from: day(10), to: None, reason: None });
    entry.referral.details.waiting_time_measurement_type = Some("02".into());
    entry.referral.details.rtt_status = Some("33".into());
    let found = every_wait(&[entry], day(90));
    assert_eq!((found[0].journey.waited.days, found[0].rtt_clock), (90, Some(RttClock::Nullified)));
}

#[test]
fn rtt_clocks_exist_only_for_types_01_and_02() {
    assert_eq!(RttClock::of(Some("09"), Some("30")), None);
    assert_eq!(RttClock::of(Some("01"), Some("30")), Some(RttClock::Stopped));
    assert_eq!(RttClock::of(Some("02"), Some("99")), Some(RttClock::Running));
    assert_eq!(RttClock::of(Some("02"), Some("92")), Some(RttClock::None));
}

#[test]
fn a_child_who_died_waits_no_longer() {
    let mut entry = referral("A", 0);
    entry.referral.details.date_of_death = Some(day(30));
    assert!(every_wait(&[entry], day(30)).is_empty());
}

#[test]
fn bands_end_where_the_sitrep_ends_them() {
    let band = |days| WeeksBand::of(Waited { days });
    assert_eq!(
        [band(7), band(8), band(126), band(127), band(364), band(365), band(729)],
        [
            WeeksBand::UpTo1,
            WeeksBand::UpTo2,
            WeeksBand::UpTo18,
            WeeksBand::UpTo52,
            WeeksBand::UpTo52,
            WeeksBand::UpTo104,
            WeeksBand::Over104
        ]
    );
}
