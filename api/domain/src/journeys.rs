//! How long a child has waited: in the present stage, and since the first referral.
//!
//! Days waiting are the as-at day minus the clock start, the same day being 0; weeks are floor(days / 7) (contract,
//! section 8). A hold, a rejected appointment or a change of provider never hides a child or pauses a journey.
//! [`links`] decides which referrals are one journey.

mod links;

use chrono::NaiveDate;
use serde::Serialize;

use crate::dates::days_between;
use crate::organisations::OrganisationCode;
use crate::pathways::Pathway;
use crate::referrals::{Referral, ReferralFlow, ReferralStage, ReferralStatus};

pub use links::LinkedBy;
use links::{Chain, Links};

/// A referral as the store holds it for one child.
#[derive(Debug, Clone)]
pub struct HeldReferral {
    pub provider: OrganisationCode,
    pub flow: ReferralFlow,
    pub referral: Referral,
}

closed! {
    /// How the start of a journey is known.
    pub enum KnownBy {
        /// Through a referral that this one, or one before it, says it continues.
        LinkedReferral = "linked-referral",
        /// From the original date that the provider states.
        StatedDate = "stated-date",
        /// From the receipt of the only referral.
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
    /// The clock after a status code (reference, section 5): 99 runs until corrected, 33 nullifies. `None` where the
    /// referral has no such clock.
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

/// The wait since the first referral, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    pub started_on: NaiveDate,
    pub waited: Waited,
    pub known_by: KnownBy,
    /// What joined its referrals, each kind once; empty where there is one referral.
    pub linked_by: Vec<LinkedBy>,
}

/// One child's wait on one pathway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub pathway: Pathway,
    pub provider: OrganisationCode,
    pub stage: Option<ReferralStage>,
    pub status: ReferralStatus,
    pub flow: ReferralFlow,
    pub stage_wait: Waited,
    pub journey: Journey,
    pub right_to_choose: Option<bool>,
    pub rtt_clock: Option<RttClock>,
}

closed! {
    /// Bands of weeks waiting, as the Community Health Services SitRep publishes them (reference, 6.1), with its later
    /// split of the last band in two.
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

/// The waits of one child: one for each open referral and pathway that no later open referral continues, longest
/// journey first. `held` is all that may be looked at about that one child, ended referrals included: they link a
/// journey.
///
/// A referral that did not flow is shown, and marked as such, but no longer counts as open
/// ([`ReferralFlow::counts_as_open`]). It still links the referrals before and after it, but never takes the place of
/// one that did flow.
pub fn waits(held: &[HeldReferral], as_at: NaiveDate) -> Vec<Wait> {
    let mut found = Vec::new();
    for pathway in Pathway::ALL.iter().copied() {
        let links = Links::of(held, pathway);
        let open: Vec<_> = (0..links.len()).filter(|at| is_open(links.entry(*at), as_at)).map(|at| (at, links.chain(at))).collect();
        for (at, chain) in &open {
            let entry = links.entry(*at);
            let gives_way = |later: &HeldReferral| later.flow.counts_as_open() || !entry.flow.counts_as_open();
            // Referrals that name each other are all shown, so that no child is hidden.
            let continued =
                open.iter().any(|(later, theirs)| theirs.contains(*at) && !chain.contains(*later) && gives_way(links.entry(*later)));
            if !continued {
                found.push(wait(entry, pathway, journey(entry, &links, chain, as_at), as_at));
            }
        }
    }
    found.sort_by_key(|wait| (std::cmp::Reverse(wait.journey.waited), wait.pathway, wait.provider));
    found
}

/// The journey that one of the held referrals has come to, on each of its pathways.
pub fn journeys(held: &[HeldReferral], provider: OrganisationCode, referral_id: &str, as_at: NaiveDate) -> Vec<(Pathway, Journey)> {
    let found = Pathway::ALL.iter().copied().filter_map(|pathway| {
        let links = Links::of(held, pathway);
        let at = links.find(provider, referral_id)?;
        Some((pathway, journey(links.entry(at), &links, &links.chain(at), as_at)))
    });
    found.collect()
}

fn is_open(entry: &HeldReferral, as_at: NaiveDate) -> bool {
    let died = entry.referral.details.date_of_death.is_some_and(|died| died <= as_at);
    entry.referral.status.is_open() && !died
}

fn journey(entry: &HeldReferral, links: &Links<'_>, chain: &Chain, as_at: NaiveDate) -> Journey {
    let received = entry.referral.referral_received_date;
    let others = || chain.members().map(|at| links.entry(at)).filter(|other| !std::ptr::eq(*other, entry));
    let linked = others().map(|earlier| earlier.referral.referral_received_date).min();
    let stated = others().chain([entry]).filter_map(|entry| entry.referral.details.original_referral_date).min();
    let (mut started_on, mut known_by) = (received, KnownBy::SingleReferral);
    for (day, by) in [(linked, KnownBy::LinkedReferral), (stated, KnownBy::StatedDate)] {
        // A link counts even where it adds no day; a stated date only where it is earlier.
        if let Some(day) = day.filter(|day| *day < started_on || (by == KnownBy::LinkedReferral && *day == started_on)) {
            (started_on, known_by) = (day, by);
        }
    }
    let linked_by = if linked.is_some_and(|linked| linked <= received) { chain.linked_by() } else { Vec::new() };
    Journey { started_on, waited: Waited::between(started_on, as_at), known_by, linked_by }
}

fn wait(entry: &HeldReferral, pathway: Pathway, journey: Journey, as_at: NaiveDate) -> Wait {
    let details = &entry.referral.details;
    let stage_start = details.stage_start_date.unwrap_or(entry.referral.referral_received_date);
    Wait {
        pathway,
        provider: entry.provider,
        stage: details.stage,
        status: entry.referral.status,
        flow: entry.flow,
        stage_wait: Waited::between(stage_start, as_at),
        journey,
        right_to_choose: details.right_to_choose,
        rtt_clock: RttClock::of(details.waiting_time_measurement_type.as_deref(), details.rtt_status.as_deref()),
    }
}

#[cfg(test)]
mod tests;
