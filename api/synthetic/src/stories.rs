//! The child of the demonstration's story, who has waited in two stages at two providers, while the
//! council assesses. This is the first child of every county.

use chrono::NaiveDate;
use domain::{Case, Upn};

use crate::cases;
use crate::children::{Child, Concern, days_before};
use crate::places::{COMMUNITY, EAST_ACUTE, STEVENAGE};
use crate::referrals::{Drawing, Listed};

const NHS_NUMBER: &str = "9990000018";
const AGE_DAYS: i64 = 3_852;
/// Days since the paediatrician received the first referral, and since the assessor received the second.
const JOURNEY_DAYS: i64 = 512;
const STAGE_DAYS: i64 = 290;
/// Days since the council received the request for an assessment, and since it decided to assess.
const REQUEST_DAYS: i64 = 35;
const DECISION_DAYS: i64 = 14;

/// A child who waits for an autism assessment at a second provider, so the whole journey is longer than
/// the present stage. The child is the same in every county on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryChild {
    /// Ten digits, in the test range.
    pub nhs_number: &'static str,
    pub date_of_birth: NaiveDate,
    /// The pupil number in the SEN2 return, which shows the child's assessment under way.
    pub upn: Option<Upn>,
    /// Where the child was first referred; that referral is closed.
    pub first_provider: &'static str,
    /// Where the child waits now.
    pub provider: &'static str,
    pub journey_days: i64,
    pub stage_days: i64,
}

/// Turns the first child into the story's child.
pub(crate) fn settle(mut child: Child, as_of: NaiveDate) -> Child {
    child.nhs_number_status = domain::VERIFIED_NUMBER;
    child.date_of_birth = days_before(as_of, AGE_DAYS);
    child.sex = "1";
    child.home = STEVENAGE;
    child.district_recorded = true;
    child.lsoa = "E01023900".into();
    child.concern = Concern::Autism;
    child
}

pub(crate) fn tell(child: Option<&Child>, as_of: NaiveDate) -> StoryChild {
    StoryChild {
        nhs_number: NHS_NUMBER,
        date_of_birth: days_before(as_of, AGE_DAYS),
        upn: child.and_then(Child::upn),
        first_provider: EAST_ACUTE,
        provider: COMMUNITY,
        journey_days: JOURNEY_DAYS,
        stage_days: STAGE_DAYS,
    }
}

pub(crate) fn referrals(child: &Child, seed: u64, as_of: NaiveDate) -> Vec<Listed> {
    let mut drawing = Drawing::new(child, seed, as_of);
    drawing.two_stages(Concern::Autism, (EAST_ACUTE, JOURNEY_DAYS), (COMMUNITY, STAGE_DAYS));
    drawing.found
}

pub(crate) fn cases(child: &Child, as_of: NaiveDate) -> Vec<Case> {
    vec![cases::under_assessment(child, days_before(as_of, REQUEST_DAYS), days_before(as_of, DECISION_DAYS), as_of)]
}

#[cfg(test)]
mod tests {
    use crate::counties::County;
    use chrono::NaiveDate;
    use domain::{HeldReferral, KnownBy, ReferralFlow, waits};

    #[test]
    fn the_storys_journey_is_longer_than_its_stage_and_crosses_providers() {
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let county = County::new(5, 10, as_of);
        let story = county.story();
        let child = county.children().next().unwrap();
        assert_eq!((child.nhs_number.as_str(), child.date_of_birth), (story.nhs_number, story.date_of_birth));
        let held: Vec<_> = county
            .referrals_of(&child)
            .into_iter()
            .map(|listed| HeldReferral {
                provider: listed.provider.parse().unwrap(),
                flow: ReferralFlow::Flowed,
                referral: listed.referral,
            })
            .collect();
        let found = waits(&held, as_of);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].provider.as_str(), story.provider);
        assert_eq!((found[0].stage_wait.days, found[0].journey.waited.days), (story.stage_days, story.journey_days));
        assert_eq!(found[0].journey.known_by, KnownBy::LinkedReferral);
        assert_eq!(County::new(6, 1, as_of).story(), story, "whatever the seed");
        assert!(story.upn.is_some());
    }
}
