//! What a provider last published about its waiting list, kept beside the list itself so that the two can be
//! reconciled. These counts are public already, and about no child.

use chrono::NaiveDate;

use crate::dates::days_between;
use crate::journeys::HeldReferral;
use crate::pathways::{Pathway, PathwaySet};
use crate::referrals::ReferralFlow;

closed! {
    /// The return that a count was published in.
    pub enum PublishedReturn as "Source" {
        /// Monthly diagnostics (reference, 6.2).
        Dm01 = "dm01",
        /// Community Health Services Situation Report (reference, 6.1).
        ChsSitrep = "chs-sitrep",
    }
}

closed! {
    /// The lines of the returns that have to do with one of the pathways.
    pub enum ServiceLine {
        AudiologyAssessments = "audiology-assessments",
        Audiology = "audiology",
        CommunityPaediatrics = "community-paediatric-service",
        SpeechAndLanguage = "speech-and-language-therapy",
    }
}

impl ServiceLine {
    /// The return that the line belongs to.
    pub const fn source(self) -> PublishedReturn {
        match self {
            Self::AudiologyAssessments => PublishedReturn::Dm01,
            Self::Audiology | Self::CommunityPaediatrics | Self::SpeechAndLanguage => PublishedReturn::ChsSitrep,
        }
    }

    /// The pathways that cover the same children in the provider's own list.
    pub fn pathways(self) -> PathwaySet {
        match self {
            Self::AudiologyAssessments | Self::Audiology => Pathway::Audiology.into(),
            Self::CommunityPaediatrics => PathwaySet::from(Pathway::Autism).with(Pathway::Adhd),
            Self::SpeechAndLanguage => Pathway::SpeechAndLanguage.into(),
        }
    }

    /// Why the two counts may differ though both are right.
    pub const fn caveat(self) -> &'static str {
        match self {
            Self::AudiologyAssessments => "DM01 counts people of all ages, and requests for a test; the list counts children's referrals.",
            Self::Audiology | Self::SpeechAndLanguage => "The return counts the last day of its month; the list is as it stands today.",
            Self::CommunityPaediatrics => {
                "Autism and ADHD are a part of this line: children who wait for other community paediatrics are not on the list."
            }
        }
    }
}

/// A range of days waiting, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    pub name: &'static str,
    pub from: i64,
    /// `None` means without end.
    pub to: Option<i64>,
}

impl Band {
    const fn of(name: &'static str, from: i64, to: i64) -> Self {
        Self { name, from, to: Some(to) }
    }

    const fn over(name: &'static str, from: i64) -> Self {
        Self { name, from, to: None }
    }

    fn holds(&self, days: i64) -> bool {
        self.from <= days && self.to.is_none_or(|to| days <= to)
    }
}

/// The bands of `WeeksBand`, but the last two as one: this is how they are published.
const SITREP: [Band; 7] = [
    Band::of("0-1", 0, 7),
    Band::of("1-2", 8, 14),
    Band::of("2-4", 15, 28),
    Band::of("4-12", 29, 84),
    Band::of("12-18", 85, 126),
    Band::of("18-52", 127, 364),
    Band::over("over-52", 365),
];

/// Weeks from n to less than n + 1.
const DM01: [Band; 14] = [
    Band::of("0-1", 0, 6),
    Band::of("1-2", 7, 13),
    Band::of("2-3", 14, 20),
    Band::of("3-4", 21, 27),
    Band::of("4-5", 28, 34),
    Band::of("5-6", 35, 41),
    Band::of("6-7", 42, 48),
    Band::of("7-8", 49, 55),
    Band::of("8-9", 56, 62),
    Band::of("9-10", 63, 69),
    Band::of("10-11", 70, 76),
    Band::of("11-12", 77, 83),
    Band::of("12-13", 84, 90),
    Band::over("over-13", 91),
];

impl PublishedReturn {
    /// The bands of weeks in which the return counts.
    pub const fn bands(self) -> &'static [Band] {
        match self {
            Self::Dm01 => &DM01,
            Self::ChsSitrep => &SITREP,
        }
    }
}

/// One line of a return, for one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCount {
    pub line: ServiceLine,
    /// The first day of the month.
    pub period: NaiveDate,
    pub total: u64,
    /// In the order of [`PublishedReturn::bands`]; none where the total alone was published.
    pub bands: Option<Vec<u64>>,
}

impl PublishedCount {
    /// Whether the bands add up to the total (reference, 6.1).
    pub fn adds_up(&self) -> bool {
        let sum = |bands: &Vec<u64>| bands.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        self.bands.as_ref().is_none_or(|bands| sum(bands) == Some(self.total))
    }
}

/// The list's own count in a return's bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCount {
    line: ServiceLine,
    pub total: u64,
    /// In the order of [`PublishedReturn::bands`].
    pub bands: Vec<u64>,
}

impl HeldCount {
    pub fn new(line: ServiceLine) -> Self {
        Self { line, total: 0, bands: vec![0; line.source().bands().len()] }
    }

    /// Counts a referral if it waits in this line: open, the child alive, and not missing from its list's last
    /// snapshot. As in the returns, it waits from the day it was received.
    pub fn add(&mut self, held: &HeldReferral, as_at: NaiveDate) {
        let referral = &held.referral;
        let died = referral.details.date_of_death.is_some_and(|died| died <= as_at);
        let in_line = !referral.pathways.intersection(self.line.pathways()).is_empty();
        if !in_line || died || !referral.status.is_open() || held.flow == ReferralFlow::NotFlowed {
            return;
        }
        let days = days_between(referral.referral_received_date, as_at).max(0);
        self.total += 1;
        if let Some(at) = self.line.source().bands().iter().position(|band| band.holds(days)) {
            self.bands[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journeys::{Waited, WeeksBand};
    use crate::referrals::{Referral, ReferralDetails, ReferralStatus};

    #[test]
    fn every_day_is_in_one_band_and_the_sitrep_bands_match_the_journeys() {
        for days in 0..2_000 {
            for source in PublishedReturn::ALL {
                assert_eq!(source.bands().iter().filter(|band| band.holds(days)).count(), 1, "{source} {days}");
            }
            let band = SITREP.iter().find(|band| band.holds(days)).unwrap().name;
            match WeeksBand::of(Waited { days }) {
                WeeksBand::UpTo104 | WeeksBand::Over104 => assert_eq!(band, "over-52"),
                weeks => assert_eq!(band, weeks.as_str()),
            }
            let weeks = DM01.iter().position(|band| band.holds(days)).unwrap();
            assert_eq!(i64::try_from(weeks).unwrap(), (days / 7).min(13));
        }
    }

    #[test]
    fn bands_add_up_to_the_total_or_not() {
        let count = |total, bands: Option<Vec<u64>>| PublishedCount { line: ServiceLine::Audiology, period: NaiveDate::MIN, total, bands };
        assert!(count(3, None).adds_up() && count(3, Some(vec![1, 2])).adds_up());
        assert!(!count(3, Some(vec![1, 1])).adds_up() && !count(0, Some(vec![u64::MAX, 1])).adds_up());
    }

    #[test]
    fn who_waits_is_counted_and_who_does_not_is_not() {
        let day = |text| crate::dates::parse_day(text).unwrap();
        let held = HeldReferral {
            provider: "RY4".parse().unwrap(),
            flow: ReferralFlow::Stale,
            referral: Referral {
                referral_id: "R".into(),
                pathways: PathwaySet::from(Pathway::Adhd).with(Pathway::Audiology),
                status: ReferralStatus::OnHold,
                referral_received_date: day("2026-01-01"),
                recognised: Vec::new(),
                details: ReferralDetails::default(),
            },
        };
        let total = |line, change: &dyn Fn(&mut HeldReferral)| {
            let mut changed = held.clone();
            change(&mut changed);
            let mut tally = HeldCount::new(line);
            tally.add(&changed, day("2026-01-09"));
            (tally.total, tally.bands.iter().position(|count| *count == 1))
        };
        assert_eq!(total(ServiceLine::Audiology, &|_| {}), (1, Some(1)));
        assert_eq!(total(ServiceLine::AudiologyAssessments, &|_| {}), (1, Some(1)));
        assert_eq!(total(ServiceLine::CommunityPaediatrics, &|_| {}).0, 1);
        assert_eq!(total(ServiceLine::SpeechAndLanguage, &|_| {}).0, 0);
        assert_eq!(total(ServiceLine::Audiology, &|held| held.flow = ReferralFlow::NotFlowed).0, 0);
        assert_eq!(total(ServiceLine::Audiology, &|held| held.referral.status = ReferralStatus::Seen).0, 0);
        assert_eq!(total(ServiceLine::Audiology, &|held| held.referral.details.date_of_death = Some(day("2026-01-09"))).0, 0);
    }
}
