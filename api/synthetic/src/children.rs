//! The children. Everything about a child follows from the seed and the child's number, so a county
//! of any size needs no memory for its children.

use chrono::{Datelike, Days, NaiveDate};
use domain::{NhsNumber, Upn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::places::{DISTRICTS, District};

/// The most children: as many as there are NHS numbers for them (see [`test_number`]).
pub const MOST_CHILDREN: u32 = 900_000;

/// What a child is referred for. It limits the child's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    Autism,
    Adhd,
    AutismAndAdhd,
    SpeechAndLanguage,
    Audiology,
    MentalHealth,
}

impl Concern {
    /// The youngest age at which a child is referred, in days.
    pub(crate) const fn youngest(self) -> i64 {
        match self {
            Self::Audiology => 60,
            Self::SpeechAndLanguage => 430,
            Self::Autism => 600,
            Self::AutismAndAdhd | Self::Adhd => 1_460,
            Self::MentalHealth => 1_800,
        }
    }

    /// The oldest age of a child on the list, in days: under 19 years for hearing, under 18 otherwise.
    const fn oldest(self) -> i64 {
        match self {
            Self::Audiology => 6_900,
            Self::SpeechAndLanguage => 5_800,
            _ => 6_500,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Child {
    /// Counted from 0, which is the story's child.
    pub(crate) number: u32,
    pub(crate) nhs_number: NhsNumber,
    pub(crate) nhs_number_status: &'static str,
    pub(crate) date_of_birth: NaiveDate,
    /// 1, 2, 9 or X.
    pub(crate) sex: &'static str,
    pub(crate) ethnicity: &'static Ethnicity,
    pub(crate) home: &'static District,
    pub(crate) district_recorded: bool,
    /// Of the right shape. If such a small area exists, that means nothing.
    pub(crate) lsoa: String,
    pub(crate) concern: Concern,
}

/// One ethnic category, in the NHS's code and in the Department for Education's.
#[derive(Debug)]
pub(crate) struct Ethnicity {
    pub(crate) nhs: &'static str,
    pub(crate) education: &'static str,
    weight: u32,
}

const fn ethnicity(nhs: &'static str, education: &'static str, weight: u32) -> Ethnicity {
    Ethnicity { nhs, education, weight }
}

static ETHNICITIES: [Ethnicity; 18] = [
    ethnicity("A", "WBRI", 660),
    ethnicity("B", "WIRI", 10),
    ethnicity("C", "WOTH", 80),
    ethnicity("D", "MWBC", 20),
    ethnicity("E", "MWBA", 12),
    ethnicity("F", "MWAS", 20),
    ethnicity("G", "MOTH", 18),
    ethnicity("H", "AIND", 35),
    ethnicity("J", "APKN", 22),
    ethnicity("K", "ABAN", 12),
    ethnicity("L", "AOTH", 20),
    ethnicity("M", "BCRB", 10),
    ethnicity("N", "BAFR", 25),
    ethnicity("P", "BOTH", 8),
    ethnicity("R", "CHNE", 8),
    ethnicity("S", "OOTH", 15),
    ethnicity("Z", "REFU", 20),
    ethnicity("99", "NOBT", 5),
];

impl Child {
    /// Draws the child with a number below [`MOST_CHILDREN`].
    pub(crate) fn draw(seed: u64, number: u32, as_of: NaiveDate) -> Option<Self> {
        let mut rng = stream(seed, number, Purpose::Person);
        let concern = *pick(
            &mut rng,
            &[
                (26, Concern::Autism),
                (18, Concern::Adhd),
                (10, Concern::AutismAndAdhd),
                (26, Concern::SpeechAndLanguage),
                (14, Concern::Audiology),
                (6, Concern::MentalHealth),
            ],
        )?;
        let age = rng.random_range((concern.youngest() + 30).max(YOUNGEST)..=concern.oldest());
        let at = weighted(&mut rng, DISTRICTS.iter().map(|district| district.weight));
        let home = DISTRICTS.get(at)?;
        Some(Self {
            number,
            nhs_number: test_number(number)?,
            nhs_number_status: pick(&mut rng, &[(970, "01"), (20, "02"), (10, "04")])?,
            date_of_birth: days_before(as_of, age),
            sex: pick(&mut rng, &[(620, "1"), (374, "2"), (3, "9"), (3, "X")])?,
            ethnicity: ETHNICITIES.get(weighted(&mut rng, ETHNICITIES.iter().map(|ethnicity| ethnicity.weight)))?,
            home,
            district_recorded: rng.random_ratio(99, 100),
            lsoa: format!("E0102{:02}{:02}", 30 + at, rng.random_range(0..80)),
            concern,
        })
    }

    /// The child's age in days.
    pub(crate) fn age(&self, as_of: NaiveDate) -> i64 {
        domain::days_between(self.date_of_birth, as_of)
    }

    /// A pupil number of Hertfordshire (919). Each child has a different one.
    pub(crate) fn upn(&self) -> Option<Upn> {
        let school = u16::try_from(4_000 + self.number / 1_000).ok()?;
        let serial = u16::try_from(self.number % 1_000).ok()?;
        let year = u8::try_from((self.date_of_birth.year() + 5).rem_euclid(100)).ok()?;
        Upn::from_parts(919, school, year, serial)
    }
}

/// A year and a day. It keeps every child's age from 1 to 18 years.
const YOUNGEST: i64 = 366;

/// The NHS number of a child, in the test range. Of ten numbers that differ in their ninth digit, at
/// most one has no check digit. So each ten gives nine, and no two children share one.
pub(crate) fn test_number(number: u32) -> Option<NhsNumber> {
    let ten = 999_000_000 + number / 9 * 10;
    let at = usize::try_from(number % 9).ok()?;
    (ten..ten + 10).filter_map(NhsNumber::from_first_nine).nth(at)
}

/// What is drawn about a child. Each purpose has its own stream of random numbers, so one can draw
/// more without changing the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Person,
    Referrals,
    Cases,
}

pub(crate) fn stream(seed: u64, number: u32, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let purpose = match purpose {
        Purpose::Person => 0,
        Purpose::Referrals => 1,
        Purpose::Cases => 2,
    };
    rng.set_stream(u64::from(number) * 4 + purpose);
    rng
}

/// Picks one of several choices, by weight.
pub(crate) fn pick<'a, T>(rng: &mut ChaCha8Rng, choices: &'a [(u32, T)]) -> Option<&'a T> {
    choices.get(weighted(rng, choices.iter().map(|(weight, _)| *weight))).map(|(_, choice)| choice)
}

/// Picks the place of one of several weights, which must not all be zero.
fn weighted(rng: &mut ChaCha8Rng, weights: impl Iterator<Item = u32> + Clone) -> usize {
    let mut left = rng.random_range(0..weights.clone().sum());
    for (at, weight) in weights.enumerate() {
        if left < weight {
            return at;
        }
        left -= weight;
    }
    0
}

pub(crate) fn days_before(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_sub_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MIN)
}

pub(crate) fn days_after(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_valid_test_number_and_no_two_are_alike() {
        assert_eq!(test_number(0).unwrap().as_str(), "9990000018");
        let mut last = None;
        for number in (0..MOST_CHILDREN).filter(|number| *number < 500_000 || *number > MOST_CHILDREN - 1_000) {
            let nhs_number = test_number(number).unwrap();
            assert!(nhs_number.is_test() && Some(nhs_number) > last);
            last = Some(nhs_number);
        }
    }

    #[test]
    fn the_children_are_from_1_to_18_and_their_pupil_numbers_are_their_own() {
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let mut upns = std::collections::HashSet::new();
        for number in 0..3_000 {
            let child = Child::draw(3, number, as_of).unwrap();
            let years = domain::years_between(child.date_of_birth, as_of);
            assert!((1..=18).contains(&years), "{years}");
            assert!(upns.insert(child.upn().unwrap()));
            assert!(child.lsoa.len() == 9);
        }
    }
}
