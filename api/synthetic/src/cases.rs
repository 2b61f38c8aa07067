//! EHC cases: what the council knows of the one child in twenty-five who has one.

use chrono::NaiveDate;
use domain::{
    ActivePlan, Assessment, AssessmentRequest, Case, CasePerson, Duty, EducationSetting, NamedPlan, Placement, RequestOutcome, SpecialNeed,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::children::{Child, Concern, MOST_CHILDREN, Purpose, days_after, days_before, pick, stream};
use crate::places::Side;

/// The youngest child with a case, in days: its dates must be after the birth.
const YOUNGEST: i64 = 1_500;
/// The age, in days, from which a child has a pupil number.
const AT_SCHOOL: i64 = 1_826;

#[derive(Clone, Copy)]
enum Course {
    /// A plan of an earlier year, which is reviewed.
    Standing,
    /// A plan issued in the last twelve months, in time or late.
    Issued,
    /// A request not yet decided, some beyond the six weeks.
    Undecided,
    /// An assessment under way, some beyond the twenty weeks.
    Assessing,
    NotAssessed,
    Withdrawn,
    /// The child was assessed, and no plan will be issued.
    NoPlan,
    Ceased,
}

const COURSES: [(u32, Course); 8] = [
    (40, Course::Standing),
    (30, Course::Issued),
    (9, Course::Undecided),
    (11, Course::Assessing),
    (3, Course::NotAssessed),
    (2, Course::Withdrawn),
    (2, Course::NoPlan),
    (3, Course::Ceased),
];

/// The child's cases, oldest first. Most children have none.
pub(crate) fn cases_of(child: &Child, seed: u64, as_of: NaiveDate) -> Vec<Case> {
    let mut rng = stream(seed, child.number, Purpose::Cases);
    let age = child.age(as_of);
    if child.home.side == Side::WestEssex || age < YOUNGEST || !rng.random_ratio(5, 100) {
        return Vec::new();
    }
    let Some(&course) = pick(&mut rng, &COURSES) else {
        return Vec::new();
    };
    let case = draw(&mut rng, child, course, as_of);
    let repeated = matches!(course, Course::Issued | Course::Assessing) && rng.random_ratio(1, 15);
    let earlier = repeated.then(|| {
        // A first request that was refused, and went to mediation.
        let received = days_before(case.request.received_on, rng.random_range(90..=200));
        let mut request = request(received, RequestOutcome::No, Some(days_after(received, 40)));
        request.mediation = true;
        Case { person: case.person.clone(), request, assessment: None, active_plan: None }
    });
    earlier.into_iter().chain([case]).collect()
}

/// One case of each course, each about a different child; then a child who was turned down before, and one who is too
/// young for a pupil number.
pub(crate) fn one_of_each(seed: u64, as_of: NaiveDate) -> Vec<(Child, Vec<Case>)> {
    let mut children = (0..MOST_CHILDREN).filter_map(|number| Child::draw(seed, number, as_of));
    let mut drawn: Vec<_> = COURSES
        .iter()
        .filter_map(|(_, course)| {
            // Old enough for a plan of an earlier year.
            let child = children.find(|child| child.age(as_of) >= AT_SCHOOL)?;
            let case = draw(&mut stream(seed, child.number, Purpose::Cases), &child, *course, as_of);
            Some((child, vec![case]))
        })
        .collect();
    let younger = children.by_ref().find(|child| (YOUNGEST..AT_SCHOOL).contains(&child.age(as_of)));
    let asked_twice = children.find(|child| child.age(as_of) >= AT_SCHOOL).zip(younger);
    if let Some((again, younger)) = asked_twice {
        let (received, first) = (days_before(as_of, 90), days_before(as_of, 300));
        let mut refused = request(first, RequestOutcome::No, Some(days_after(first, 40)));
        refused.mediation = true;
        let refused = Case { person: person(&again, as_of), request: refused, assessment: None, active_plan: None };
        let second = under_assessment(&again, received, days_after(received, 35), as_of);
        drawn.push((again, vec![refused, second]));
        let case = under_assessment(&younger, received, days_after(received, 40), as_of);
        drawn.push((younger, vec![case]));
    }
    drawn
}

/// A case in which the council has decided to assess, but not yet whether to issue a plan.
pub(crate) fn under_assessment(child: &Child, received: NaiveDate, decided: NaiveDate, as_of: NaiveDate) -> Case {
    Case {
        person: person(child, as_of),
        request: request(received, RequestOutcome::Yes, Some(decided)),
        assessment: Some(assessment(RequestOutcome::Awaited, None)),
        active_plan: None,
    }
}

fn draw(rng: &mut ChaCha8Rng, child: &Child, course: Course, as_of: NaiveDate) -> Case {
    let ago = |days: i64| days_before(as_of, days);
    let case = |request, assessment, active_plan| Case { person: person(child, as_of), request, assessment, active_plan };
    match course {
        Course::Standing | Course::Ceased => {
            let issued = rng.random_range(400..=(child.age(as_of) - 700).min(2_200));
            let request = request(ago(issued + rng.random_range(110..=200)), RequestOutcome::Historical, None);
            let mut plan = named_plan(rng, ago(issued));
            let mut held = assessment(RequestOutcome::Historical, None);
            let ceased = matches!(course, Course::Ceased);
            if ceased {
                plan.cease_on = Some(ago(rng.random_range(1..=300)));
                plan.cease_reason = pick(rng, &[(3, "2"), (4, "5"), (2, "6")]).map(|code| (*code).to_owned());
            }
            let reviewed = review(rng, as_of);
            let active = (!ceased).then(|| active_plan(rng, child, &plan, Some(reviewed)));
            held.plan = Some(plan);
            case(request, Some(held), active)
        }
        Course::Issued => {
            let issued = rng.random_range(1..=364);
            let (shortest, longest) = pick(rng, &[(56, (98, 140)), (30, (141, 364)), (14, (365, 460))]).copied().unwrap_or((98, 140));
            let took = rng.random_range(shortest..=longest);
            let received = ago(issued + took);
            let mut held = assessment(RequestOutcome::Yes, Some(days_after(received, took * 3 / 4)));
            let late = took > i64::from(Duty::IssuePlan.limit().weeks) * 7;
            held.exceptions_apply = if late { rng.random_ratio(1, 5) } else { rng.random_ratio(1, 40) };
            let plan = named_plan(rng, ago(issued));
            let active = active_plan(rng, child, &plan, None);
            held.plan = Some(plan);
            case(request(received, RequestOutcome::Yes, Some(decision(rng, received))), Some(held), Some(active))
        }
        Course::Undecided => case(request(ago(rng.random_range(1..=60)), RequestOutcome::Awaited, None), None, None),
        Course::Assessing => {
            let received = ago(rng.random_range(61..=260));
            under_assessment(child, received, decision(rng, received), as_of)
        }
        Course::NotAssessed => {
            let received = ago(rng.random_range(61..=340));
            case(request(received, RequestOutcome::No, Some(decision(rng, received))), None, None)
        }
        Course::Withdrawn => case(request(ago(rng.random_range(20..=340)), RequestOutcome::Withdrawn, None), None, None),
        Course::NoPlan => {
            let received = ago(rng.random_range(130..=340));
            let refused = days_after(received, rng.random_range(90..=125));
            case(
                request(received, RequestOutcome::Yes, Some(decision(rng, received))),
                Some(assessment(RequestOutcome::No, Some(refused))),
                None,
            )
        }
    }
}

/// The day of the decision whether to assess: nearly always within six weeks of the request.
fn decision(rng: &mut ChaCha8Rng, received: NaiveDate) -> NaiveDate {
    let days = if rng.random_ratio(1, 40) { rng.random_range(43..=60) } else { rng.random_range(25..=42) };
    days_after(received, days)
}

fn person(child: &Child, as_of: NaiveDate) -> CasePerson {
    let upn = child.upn().filter(|_| child.age(as_of) >= AT_SCHOOL);
    CasePerson {
        surname: Some(format!("Synthetic-{:06}", child.number)),
        forename: Some("Child".into()),
        sex: match child.sex {
            "1" => Some("M".into()),
            "2" => Some("F".into()),
            _ => None,
        },
        ethnicity: Some(child.ethnicity.education.into()),
        postcode: None,
        // UN1: under six, with no UPN yet.
        upn_unknown: upn.is_none().then(|| "UN1".into()),
        upn,
        unique_learner_number: None,
    }
}

fn request(received_on: NaiveDate, outcome: RequestOutcome, outcome_on: Option<NaiveDate>) -> AssessmentRequest {
    AssessmentRequest {
        received_on,
        source: Some("2".into()),
        in_youth_accommodation: false,
        outcome: Some(outcome),
        outcome_on,
        mediation: false,
        tribunal: false,
        exported: false,
    }
}

fn assessment(outcome: RequestOutcome, outcome_on: Option<NaiveDate>) -> Assessment {
    Assessment {
        outcome: Some(outcome),
        outcome_on,
        mediation: false,
        tribunal: false,
        other_mediation: false,
        other_tribunal: false,
        exceptions_apply: false,
        plan: None,
    }
}

fn named_plan(rng: &mut ChaCha8Rng, start_on: NaiveDate) -> NamedPlan {
    NamedPlan {
        start_on,
        residential: None,
        work_based: None,
        personal_budget: rng.random_ratio(1, 30),
        organised_arrangements: false,
        direct_payments: None,
        cease_on: None,
        cease_reason: None,
        settings: vec![setting(rng)],
    }
}

/// A school with a number of the right shape that no school has, or other arrangements.
fn setting(rng: &mut ChaCha8Rng) -> EducationSetting {
    let other = rng.random_ratio(1, 15);
    EducationSetting {
        urn: (!other).then(|| format!("999{:03}", rng.random_range(0..400))),
        ukprn: None,
        sen_setting: other.then(|| "OLA".into()),
        sen_setting_other: None,
        rank: Some(1),
        sen_unit: rng.random_ratio(1, 25),
        resourced_provision: rng.random_ratio(1, 20),
    }
}

fn active_plan(rng: &mut ChaCha8Rng, child: &Child, plan: &NamedPlan, review: Option<(NaiveDate, Option<NaiveDate>)>) -> ActivePlan {
    let primary = match child.concern {
        Concern::Autism | Concern::AutismAndAdhd => "ASD",
        Concern::Adhd | Concern::MentalHealth => "SEMH",
        Concern::SpeechAndLanguage => "SLCN",
        Concern::Audiology => "HI",
    };
    let second = rng.random_ratio(1, 3).then(|| SpecialNeed { kind: "MLD".into(), rank: Some(2) });
    let placement = |setting: &EducationSetting| Placement {
        setting: setting.clone(),
        entry_on: Some(plan.start_on),
        leaving_on: None,
        residential: None,
        work_based: None,
    };
    ActivePlan {
        transferred_from: None,
        review_meeting_on: review.map(|(meeting, _)| meeting),
        review_outcome: review.and_then(|(_, decided)| decided).map(|_| "M".into()),
        last_review_on: review.and_then(|(_, decided)| decided),
        review_draft_on: None,
        phase_transfer_due_on: None,
        phase_transfer_final_on: None,
        placements: plan.settings.iter().map(placement).collect(),
        needs: std::iter::once(SpecialNeed { kind: primary.into(), rank: Some(1) }).chain(second).collect(),
    }
}

/// The day of a review meeting, 5 to 380 days ago, and of the decision four weeks later, if that day has come.
fn review(rng: &mut ChaCha8Rng, as_of: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
    let meeting = days_before(as_of, rng.random_range(5..=380));
    (meeting, Some(days_after(meeting, 28)).filter(|decided| *decided <= as_of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counties::County;
    use domain::ClockState;

    fn as_of() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
    }

    fn cases() -> Vec<(Child, Vec<Case>)> {
        let county = County::new(8, 6_000, as_of());
        county.children().map(|child| (child.clone(), county.cases_of(&child))).filter(|(_, cases)| !cases.is_empty()).collect()
    }

    #[test]
    fn about_four_children_in_a_hundred_have_a_case() {
        let found = cases().len();
        assert!((180..=300).contains(&found), "{found}");
    }

    #[test]
    fn every_case_is_valid_without_a_warning_and_after_the_birth() {
        for (child, cases) in cases() {
            for case in cases {
                case.check(child.date_of_birth, as_of(), |field, code| panic!("{field} {code}"));
                assert!(case.request.received_on > child.date_of_birth);
                assert!(case.plan().is_none_or(|plan| plan.start_on <= as_of()));
            }
        }
    }

    #[test]
    fn clocks_are_met_breached_and_running_and_exceptions_and_endings_occur() {
        let cases: Vec<_> = cases().into_iter().flat_map(|(_, cases)| cases).collect();
        for state in ClockState::ALL {
            assert!(cases.iter().any(|case| case.clocks(as_of()).iter().any(|clock| clock.state == *state)), "{state}");
        }
        assert!(cases.iter().any(|case| case.assessment.as_ref().is_some_and(|assessment| assessment.exceptions_apply)));
        assert!(cases.iter().any(|case| case.plan().is_some_and(|plan| plan.cease_on.is_some())));
        let issued = cases.iter().filter(|case| case.request.outcome == Some(RequestOutcome::Yes)).filter_map(Case::days_to_plan);
        let (in_time, late): (Vec<_>, Vec<_>) = issued.partition(|days| *days <= 140);
        assert!(in_time.len() > late.len() / 2 && late.len() > in_time.len() / 3);
    }
}
