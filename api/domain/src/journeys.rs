//! How long a child has waited: in the present stage, and since the first referral.
//!
//! Days waiting are the as-at day minus the clock start, the same day being 0; weeks are
//! floor(days / 7) (contract, section 8). A hold, a rejected appointment or a change of provider
//! never hides a child or pauses a journey.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::dates::days_between;
use crate::organisations::OrganisationCode;
use crate::pathways::Pathway;
use crate::referrals::{Flow, Referral, Stage, Status};

/// A referral as the store holds it for one child.
#[derive(Debug, Clone)]
pub struct HeldReferral {
    pub provider: OrganisationCode,
    pub flow: Flow,
    pub referral: Referral,
}

closed! {
    /// How the start of a journey is known.
    pub enum KnownBy {
        /// Through a referral that this one, or one before it, says it continues.
        LinkedReferral = "linked-referral",
        /// From the original date that the provider states.
        StatedDate = "stated-date",
        /// There is one referral, and its receipt.
        SingleReferral = "single-referral",
    }
}

closed! {
    /// The referral-to-treatment clock, where the measurement type is 01 or 02. It never takes a
    /// child off a list.
    pub enum RttClock {
        Running = "running",
        Stopped = "stopped",
        Nullified = "nullified",
        None = "none",
    }
}

impl RttClock {
    /// The clock that a status code leaves (reference, section 5): 99 runs until corrected, 33
    /// nullifies. `None` where the referral is not measured so.
    pub fn of(measurement_type: Option<&str>, status: Option<&str>) -> Option<Self> {
        if !matches!(measurement_type, Some("01" | "02")) {
            return None;
        }
        Some(match status? {
            "10" | "11" | "12" | "20" | "21" | "99" => Self::Running,
            "33" => Self::Nullified,
            "30" | "31" | "32" | "34" | "35" | "36" => Self::Stopped,
            _ => Self::None,
        })
    }
}

/// A length of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Waited {
    pub days: i64,
}

impl Waited {
    /// From a clock start to the as-at day; a clock that starts later has not begun: 0.
    pub fn between(start: NaiveDate, as_at: NaiveDate) -> Self {
        Self { days: days_between(start, as_at).max(0) }
    }

    /// Completed weeks.
    pub fn weeks(self) -> i64 {
        self.days / 7
    }
}

/// One child's wait on one pathway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub pathway: Pathway,
    pub provider: OrganisationCode,
    pub stage: Option<Stage>,
    pub status: Status,
    pub flow: Flow,
    pub stage_wait: Waited,
    pub journey_wait: Waited,
    pub known_by: KnownBy,
    pub rtt_clock: Option<RttClock>,
}

closed! {
    /// Bands of weeks waiting, as the Community Health Services SitRep publishes them
    /// (reference, 6.1), the last two as its later split.
    pub enum WeeksBand {
        UpTo1 = "0-1",
        UpTo2 = "1-2",
        UpTo4 = "2-4",
        UpTo12 = "4-12",
        UpTo18 = "12-18",
        UpTo52 = "18-52",
        UpTo104 = "52-104",
        Over104 = "over-104",
    }
}

impl WeeksBand {
    /// The band of a wait: whole days, each band's last day inclusive; day 365 is over 52 weeks.
    pub fn of(waited: Waited) -> Self {
        match waited.days {
            ..=7 => Self::UpTo1,
            8..=14 => Self::UpTo2,
            15..=28 => Self::UpTo4,
            29..=84 => Self::UpTo12,
            85..=126 => Self::UpTo18,
            127..=364 => Self::UpTo52,
            365..=728 => Self::UpTo104,
            729.. => Self::Over104,
        }
    }
}

/// The waits of one child: one for each open referral and pathway that no later open referral
/// continues, longest journey first. `held` is everything that may be looked at, of that child
/// alone, the ended referrals included: they are how a journey is linked. `counts` may leave open
/// referrals out, such as those that did not flow; they still link what came before and after them.
pub fn waits(held: &[HeldReferral], as_at: NaiveDate, counts: impl Fn(&HeldReferral) -> bool) -> Vec<Wait> {
    let by_id: HashMap<_, _> = held.iter().map(|entry| ((entry.provider, entry.referral.referral_id.as_str()), entry)).collect();
    let previous = |entry: &HeldReferral, pathway| {
        let link = entry.referral.details.previous.as_ref()?;
        let earlier = *by_id.get(&(link.provider.unwrap_or(entry.provider), link.referral_id.as_str()))?;
        earlier.referral.pathways.contains(pathway).then_some(earlier)
    };
    let is_open = |entry: &HeldReferral| {
        let died = entry.referral.details.date_of_death.is_some_and(|died| died <= as_at);
        entry.referral.status.is_open() && !died && counts(entry)
    };

    let mut found = Vec::new();
    for pathway in Pathway::ALL.iter().copied() {
        let open: Vec<_> = held.iter().filter(|entry| is_open(entry) && entry.referral.pathways.contains(pathway)).collect();
        let chains: Vec<_> = open.iter().map(|entry| chain_of(entry, |entry| previous(entry, pathway))).collect();
        let follows = |later: usize, earlier: usize| chains[later].iter().skip(1).any(|entry| std::ptr::eq(*entry, open[earlier]));
        for (at, entry) in open.iter().enumerate() {
            // Referrals that name each other continue nothing: each is shown, to hide nobody.
            let continued = (0..open.len()).any(|later| follows(later, at) && !follows(at, later));
            if !continued {
                found.push(wait(entry, &chains[at], pathway, as_at));
            }
        }
    }
    found.sort_by_key(|wait| (std::cmp::Reverse(wait.journey_wait), wait.pathway, wait.provider));
    found
}

/// The entry and what it continues, newest first; a circle is cut where it closes.
fn chain_of<'a>(entry: &'a HeldReferral, previous: impl Fn(&'a HeldReferral) -> Option<&'a HeldReferral>) -> Vec<&'a HeldReferral> {
    let mut chain = vec![entry];
    while let Some(earlier) = chain.last().and_then(|last| previous(last)) {
        if chain.iter().any(|seen| std::ptr::eq(*seen, earlier)) {
            break;
        }
        chain.push(earlier);
    }
    chain
}

fn wait(entry: &HeldReferral, chain: &[&HeldReferral], pathway: Pathway, as_at: NaiveDate) -> Wait {
    let referral = &entry.referral;
    let received = referral.referral_received_date;
    let linked = chain.iter().skip(1).map(|earlier| earlier.referral.referral_received_date).min();
    let stated = chain.iter().filter_map(|entry| entry.referral.details.original_referral_date).min();
    let mut start = received;
    let mut known_by = KnownBy::SingleReferral;
    for (day, by) in [(linked, KnownBy::LinkedReferral), (stated, KnownBy::StatedDate)] {
        // A link counts even where it adds no day; a stated date only where it is earlier.
        if day.is_some_and(|day| day < start || (by == KnownBy::LinkedReferral && day == start)) {
            start = day.unwrap_or(start);
            known_by = by;
        }
    }
    let stage_start = referral.details.stage_start_date.unwrap_or(received);
    Wait {
        pathway,
        provider: entry.provider,
        stage: referral.details.stage,
        status: referral.status,
        flow: entry.flow,
        stage_wait: Waited::between(stage_start, as_at),
        journey_wait: Waited::between(start, as_at),
        known_by,
        rtt_clock: RttClock::of(referral.details.waiting_time_measurement_type.as_deref(), referral.details.rtt_status.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::referrals::{Hold, PreviousReferral, ReferralDetails};
    use proptest::prelude::*;

    fn day(offset: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Duration::days(offset)
    }

    fn referral(id: &str, received: i64) -> HeldReferral {
        HeldReferral {
            provider: "RY4".parse().unwrap(),
            flow: Flow::Flowed,
            referral: Referral {
                referral_id: id.into(),
                pathways: Pathway::Autism.into(),
                status: Status::Waiting,
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
        waits(held, as_at, |_| true)
    }

    #[test]
    fn a_two_stage_wait_across_providers_is_one_journey() {
        let mut first = referral("A", 0);
        first.referral.status = Status::Closed;
        let mut second = continuing(referral("B", 200), "A", Some("RY4"));
        second.provider = "RWR".parse().unwrap();
        let waits = every_wait(&[first, second], day(300));
        assert_eq!(waits.len(), 1);
        assert_eq!((waits[0].stage_wait.days, waits[0].journey_wait.days), (100, 300));
        assert_eq!(waits[0].known_by, KnownBy::LinkedReferral);
    }

    #[test]
    fn a_stated_date_starts_the_journey_where_no_link_is_earlier() {
        let mut entry = referral("A", 100);
        entry.referral.details.original_referral_date = Some(day(10));
        let found = every_wait(&[entry], day(110));
        assert_eq!((found[0].journey_wait.days, found[0].known_by), (100, KnownBy::StatedDate));
    }

    #[test]
    fn an_original_date_after_receipt_is_left_out() {
        let mut entry = referral("A", 100);
        entry.referral.details.original_referral_date = Some(day(105));
        let found = every_wait(&[entry], day(110));
        assert_eq!((found[0].journey_wait.days, found[0].known_by), (10, KnownBy::SingleReferral));
    }

    #[test]
    fn a_link_to_another_pathway_or_to_nothing_is_no_link() {
        let mut other = referral("A", 0);
        other.referral.pathways = Pathway::Audiology.into();
        let found = every_wait(&[other, continuing(referral("B", 50), "A", None), continuing(referral("C", 60), "missing", None)], day(60));
        let autism: Vec<_> = found.iter().filter(|wait| wait.pathway == Pathway::Autism).collect();
        assert!(autism.iter().all(|wait| wait.known_by == KnownBy::SingleReferral));
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
        assert!(found.iter().all(|wait| wait.journey_wait.days == 60));
    }

    #[test]
    fn a_circle_is_not_hidden_by_a_third_referral_beside_it() {
        let circle = [continuing(referral("A", 0), "B", None), continuing(referral("B", 50), "A", None), referral("C", 55)];
        assert_eq!(every_wait(&circle, day(60)).len(), 3);
    }

    #[test]
    fn a_referral_that_did_not_flow_still_links_and_hides_nobody() {
        let mut first = referral("A", 0);
        first.flow = Flow::NotFlowed;
        let flowed = |entry: &HeldReferral| entry.flow != Flow::NotFlowed;
        let found = waits(&[first, continuing(referral("B", 50), "A", None)], day(60), flowed);
        assert_eq!((found.len(), found[0].journey_wait.days), (1, 60));
        let mut second = continuing(referral("B", 50), "A", None);
        second.flow = Flow::NotFlowed;
        assert_eq!(waits(&[referral("A", 0), second], day(60), flowed).len(), 1);
    }

    #[test]
    fn a_hold_and_a_stopped_clock_take_no_child_off_the_list() {
        let mut entry = referral("A", 0);
        entry.referral.status = Status::OnHold;
        entry.referral.details.hold = Some(Hold { from: day(10), to: None, reason: None });
        entry.referral.details.waiting_time_measurement_type = Some("02".into());
        entry.referral.details.rtt_status = Some("33".into());
        let found = every_wait(&[entry], day(90));
        assert_eq!((found[0].journey_wait.days, found[0].rtt_clock), (90, Some(RttClock::Nullified)));
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

    proptest! {
        #[test]
        fn no_open_child_disappears_and_no_journey_is_shorter_than_its_referral(
            links in proptest::collection::vec((0_i64..500, proptest::option::of(0_usize..8), proptest::option::of(0_i64..600)), 1..8),
        ) {
            let held: Vec<_> = links.iter().enumerate().map(|(at, (received, link, original))| {
                let mut entry = referral(&at.to_string(), *received);
                entry.referral.details.original_referral_date = original.map(day);
                match link { Some(to) => continuing(entry, &to.to_string(), None), None => entry }
            }).collect();
            let found = every_wait(&held, day(600));
            prop_assert!(!found.is_empty());
            let shortest = held.iter().map(|entry| days_between(entry.referral.referral_received_date, day(600))).min().unwrap();
            prop_assert!(found.iter().all(|wait| wait.journey_wait.days >= shortest && wait.journey_wait.days <= 600));
        }
    }
}
