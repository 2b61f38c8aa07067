//! How long ended records are kept: briefly, by class, and counted from the day they ended (UK GDPR art 5(1)(e)). What
//! is open, and what an open journey started with, has not ended.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use crate::agreements::DataClass;
use crate::ehc_plans::{Case, RequestOutcome};
use crate::organisations::OrganisationCode;
use crate::referrals::Referral;
use crate::submissions::SubmittedEntry;

closed! {
    /// What is kept for a limited time.
    pub enum RetentionClass {
        /// A referral: from its closure, or from the day it no longer flowed.
        WaitingListStatus = "waiting-list-status",
        /// A case: from the end of the plan, or from the decision against one.
        EhcpStatus = "ehcp-status",
        /// A text of advice: from the day it was submitted.
        HealthAdvice = "health-advice",
        /// A request for advice: from the same day, once its advice is gone.
        AdviceRequest = "advice-request",
        /// A submission's report, whose issues repeat the sender's referral ids.
        SubmissionReports = "submission-reports",
        /// An answer that is given again for the same idempotency key.
        IdempotencyAnswers = "idempotency-answers",
    }
}

impl RetentionClass {
    /// The days it is kept where the configuration does not say.
    pub const fn usual_days(self) -> u16 {
        match self {
            // A quarter's returns are made from it.
            Self::WaitingListStatus => 90,
            // What ended on 1 January is still held when the return about its year closes, 425 days on.
            Self::EhcpStatus => 425,
            // To the first annual review.
            Self::HealthAdvice | Self::AdviceRequest => 365,
            Self::SubmissionReports => 180,
            Self::IdempotencyAnswers => 7,
        }
    }

    /// The class of data, where it is about children.
    pub const fn data(self) -> Option<DataClass> {
        match self {
            Self::WaitingListStatus => Some(DataClass::WaitingListStatus),
            Self::EhcpStatus => Some(DataClass::EhcpStatus),
            Self::HealthAdvice => Some(DataClass::HealthAdvice),
            Self::AdviceRequest => Some(DataClass::AdviceRequest),
            Self::SubmissionReports | Self::IdempotencyAnswers => None,
        }
    }
}

/// The longest that anything may be kept after its end, in days.
pub(crate) const LONGEST_DAYS: u16 = 3_650;

/// Days that differ from the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RetentionPeriods(BTreeMap<RetentionClass, u16>);

impl RetentionPeriods {
    /// The usual days, except for these classes.
    pub fn with(days: impl IntoIterator<Item = (RetentionClass, u16)>) -> Self {
        Self(days.into_iter().collect())
    }

    /// How many days it is kept after the day it ended.
    pub fn days(&self, kept: RetentionClass) -> u16 {
        self.0.get(&kept).copied().unwrap_or(kept.usual_days())
    }

    /// What ended before this day is past its retention today.
    pub fn cutoff(&self, kept: RetentionClass, today: NaiveDate) -> NaiveDate {
        today.checked_sub_days(Days::new(self.days(kept).into())).unwrap_or(NaiveDate::MIN)
    }

    /// Whether each is 1 to [`LONGEST_DAYS`], and no answer outlives the report that it names.
    pub fn are_sound(&self) -> bool {
        self.0.values().all(|days| (1..=LONGEST_DAYS).contains(days))
            && self.days(RetentionClass::IdempotencyAnswers) < self.days(RetentionClass::SubmissionReports)
    }
}

/// The day that the retention of an entry runs from: `None` while it is open. If it ended on no stated day, or on a day
/// to come, it counts as ended today.
pub fn retention_runs_from(entry: &SubmittedEntry, today: NaiveDate) -> Option<NaiveDate> {
    let (has_ended, stated) = match entry {
        SubmittedEntry::Referral(referral) => (!referral.status.is_open(), end_of_referral(referral)),
        SubmittedEntry::Case(case) => end_of_case(case),
        SubmittedEntry::Merge(_) => (false, None),
    };
    has_ended.then(|| stated.filter(|day| *day <= today).unwrap_or(today))
}

fn end_of_referral(referral: &Referral) -> Option<NaiveDate> {
    let details = &referral.details;
    details.closed_date.or(details.rejected_date).or(details.last_contact_date).or(details.first_contact_date)
}

/// A case ends with its last stage: a plan that ceased, or an assessment or a request that led to no plan.
fn end_of_case(case: &Case) -> (bool, Option<NaiveDate>) {
    let came_to_nothing = |outcome| matches!(outcome, Some(RequestOutcome::No | RequestOutcome::Withdrawn | RequestOutcome::Historical));
    match (&case.active_plan, case.plan(), &case.assessment) {
        (Some(_), ..) => (false, None),
        (None, Some(plan), _) => (plan.cease_on.is_some(), plan.cease_on),
        (None, None, Some(assessment)) => (came_to_nothing(assessment.outcome), assessment.outcome_on),
        // A decision that went to a tribunal may yet be overturned.
        (None, None, None) => (came_to_nothing(case.request.outcome) && !case.request.tribunal, case.request.outcome_on),
    }
}

/// How much of one organisation's and one class was past its retention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionLine {
    /// `None` where it is the gateway's own.
    pub organisation: Option<OrganisationCode>,
    pub kept: RetentionClass,
    /// Removed, or to be removed.
    pub expired: u64,
    /// Past its retention, but kept by a legal hold.
    pub held: u64,
}

/// What a run of the retention did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionReport {
    pub today: NaiveDate,
    pub dry_run: bool,
    pub lines: Vec<RetentionLine>,
}

impl fmt::Display for RetentionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "would be removed" } else { "removed" };
        write!(f, "retention on {}: ", self.today)?;
        if self.lines.is_empty() {
            return f.write_str("nothing is past it");
        }
        write!(f, "{} {done}", self.lines.iter().map(|line| line.expired).sum::<u64>())?;
        for RetentionLine { organisation, kept, expired, held } in &self.lines {
            let owner = organisation.map_or_else(|| "gateway".to_owned(), |organisation| organisation.to_string());
            write!(f, "\n  {owner:<10} {:<20} {expired:>8} {done}, {held} under legal hold", kept.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pathways::PathwaySet;
    use crate::referrals::{ReferralDetails, ReferralStatus};
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn referral(status: ReferralStatus, details: ReferralDetails) -> SubmittedEntry {
        let referral_received_date = day("2025-01-06");
        let pathways = PathwaySet::EMPTY;
        SubmittedEntry::Referral(Box::new(Referral {
            referral_id: "A-1".into(),
            pathways,
            status,
            referral_received_date,
            recognised: Vec::new(),
            details,
        }))
    }

    #[test]
    fn an_open_referral_has_never_ended() {
        let details = || ReferralDetails { closed_date: Some(day("2025-02-01")), ..ReferralDetails::default() };
        assert_eq!(retention_runs_from(&referral(ReferralStatus::Waiting, details()), day("2026-11-21")), None);
        assert_eq!(retention_runs_from(&referral(ReferralStatus::OnHold, details()), day("2026-11-21")), None);
        assert_eq!(retention_runs_from(&referral(ReferralStatus::Closed, details()), day("2026-11-21")), Some(day("2025-02-01")));
    }

    #[test]
    fn an_end_without_a_day_or_on_a_future_day_counts_as_today() {
        let today = day("2026-11-21");
        assert_eq!(retention_runs_from(&referral(ReferralStatus::Seen, ReferralDetails::default()), today), Some(today));
        let details = ReferralDetails { closed_date: Some(day("2099-01-01")), ..ReferralDetails::default() };
        assert_eq!(retention_runs_from(&referral(ReferralStatus::Closed, details), today), Some(today));
        let details = ReferralDetails { last_contact_date: Some(day("2026-03-02")), ..ReferralDetails::default() };
        assert_eq!(retention_runs_from(&referral(ReferralStatus::Seen, details), today), Some(day("2026-03-02")));
    }

    #[test]
    fn a_case_ends_with_its_plan_or_with_the_decision_against_one() {
        use crate::ehc_plans::{Assessment, AssessmentRequest, CasePerson, NamedPlan};
        let today = day("2026-11-21");
        let person = CasePerson {
            surname: None,
            forename: None,
            sex: None,
            ethnicity: None,
            postcode: None,
            upn: None,
            unique_learner_number: None,
            upn_unknown: None,
        };
        let request = AssessmentRequest {
            received_on: day("2025-01-06"),
            source: None,
            in_youth_accommodation: false,
            outcome: Some(RequestOutcome::No),
            outcome_on: Some(day("2025-02-10")),
            mediation: false,
            tribunal: false,
            exported: false,
        };
        let mut case = Case { person, request, assessment: None, active_plan: None };
        let runs = |case: &Case| retention_runs_from(&SubmittedEntry::Case(Box::new(case.clone())), today);
        assert_eq!(runs(&case), Some(day("2025-02-10")));
        case.request.tribunal = true;
        assert_eq!(runs(&case), None, "it may be overturned");
        let plan = NamedPlan {
            start_on: day("2025-06-01"),
            residential: None,
            work_based: None,
            personal_budget: false,
            organised_arrangements: false,
            direct_payments: None,
            cease_on: None,
            cease_reason: None,
            settings: Vec::new(),
        };
        let (outcome, outcome_on) = (Some(RequestOutcome::Yes), Some(day("2025-05-20")));
        case.assessment = Some(Assessment {
            outcome,
            outcome_on,
            mediation: false,
            tribunal: false,
            other_mediation: false,
            other_tribunal: false,
            exceptions_apply: false,
            plan: Some(plan),
        });
        assert_eq!(runs(&case), None);
        case.assessment.as_mut().unwrap().plan.as_mut().unwrap().cease_on = Some(day("2026-07-31"));
        assert_eq!(runs(&case), Some(day("2026-07-31")));
    }

    #[test]
    fn only_reasonable_days_are_sound() {
        assert!(RetentionPeriods::default().are_sound());
        for (days, sound) in [(0, false), (1, true), (LONGEST_DAYS, true), (LONGEST_DAYS + 1, false)] {
            assert_eq!(RetentionPeriods::with([(RetentionClass::HealthAdvice, days)]).are_sound(), sound, "{days}");
        }
        assert!(!RetentionPeriods::with([(RetentionClass::SubmissionReports, 7)]).are_sound(), "an answer names its report");
    }

    proptest! {
        #[test]
        fn a_record_is_kept_for_exactly_its_days_and_then_stays_past_them(days in 1..=LONGEST_DAYS, ended in 0_u64..20_000, later in 0_u64..5_000) {
            let periods = RetentionPeriods::with([(RetentionClass::WaitingListStatus, days)]);
            let ended = day("2000-01-01") + Days::new(ended);
            let is_past = |today| ended < periods.cutoff(RetentionClass::WaitingListStatus, today);
            let last = ended + Days::new(days.into());
            prop_assert!(!is_past(ended) && !is_past(last));
            prop_assert!(is_past(last + Days::new(1)) && is_past(last + Days::new(1 + later)));
        }

        #[test]
        fn retention_never_runs_from_a_future_day(closed in 0_u64..10_000, now in 0_u64..10_000) {
            let (closed, today) = (day("2015-01-01") + Days::new(closed), day("2015-01-01") + Days::new(now));
            let details = ReferralDetails { closed_date: Some(closed), ..ReferralDetails::default() };
            let from = retention_runs_from(&referral(ReferralStatus::Closed, details), today).unwrap();
            prop_assert!(from == closed.min(today));
        }
    }
}
