//! Education, health and care cases, as a council's SEN2 return gives them (reference, section 9). A case is one
//! request for a needs assessment and what followed from it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::children::{ChildIdentifier, ChildReference};
use crate::clocks::{Duty, StatutoryClock};
use crate::issues::IssueCode;
use crate::organisations::OrganisationCode;
use crate::upns::Upn;

/// Who the case is about, as the council records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePerson {
    pub surname: Option<String>,
    pub forename: Option<String>,
    pub sex: Option<String>,
    pub ethnicity: Option<String>,
    pub postcode: Option<String>,
    pub upn: Option<Upn>,
    pub unique_learner_number: Option<String>,
    /// Why there is no UPN (UN1 to UN10).
    pub upn_unknown: Option<String>,
}

closed! {
    /// What became of a request or of an assessment. An overturned decision does not change it.
    pub enum RequestOutcome as "Outcome" {
        /// Proceeded to assessment; a plan is to be issued.
        Yes = "Y",
        No = "N",
        /// Not yet decided.
        Awaited = "A",
        /// Withdrawn or ceased before a decision.
        Withdrawn = "W",
        /// Decided before the collection's period.
        Historical = "H",
    }
}

/// The request that starts the twenty weeks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssessmentRequest {
    pub received_on: NaiveDate,
    pub source: Option<String>,
    pub in_youth_accommodation: bool,
    pub outcome: Option<RequestOutcome>,
    pub outcome_on: Option<NaiveDate>,
    pub mediation: bool,
    pub tribunal: bool,
    /// Moved out of the area before the assessment was complete.
    pub exported: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    pub outcome: Option<RequestOutcome>,
    pub outcome_on: Option<NaiveDate>,
    pub mediation: bool,
    pub tribunal: bool,
    pub other_mediation: bool,
    pub other_tribunal: bool,
    /// SEN2 `Week20`: exceptions to the twenty weeks apply.
    pub exceptions_apply: bool,
    pub plan: Option<NamedPlan>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPlan {
    pub start_on: NaiveDate,
    pub residential: Option<String>,
    pub work_based: Option<String>,
    pub personal_budget: bool,
    pub organised_arrangements: bool,
    pub direct_payments: Option<String>,
    pub cease_on: Option<NaiveDate>,
    pub cease_reason: Option<String>,
    /// The settings that section I names: one or two.
    pub settings: Vec<EducationSetting>,
}

/// A place of education, by its number or, where it has none, by a SEN setting code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EducationSetting {
    pub urn: Option<String>,
    pub ukprn: Option<String>,
    pub sen_setting: Option<String>,
    pub sen_setting_other: Option<String>,
    pub rank: Option<u8>,
    pub sen_unit: bool,
    pub resourced_provision: bool,
}

/// A place that the child has taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    pub setting: EducationSetting,
    pub entry_on: Option<NaiveDate>,
    pub leaving_on: Option<NaiveDate>,
    pub residential: Option<String>,
    pub work_based: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialNeed {
    pub kind: String,
    pub rank: Option<u8>,
}

/// The plan in force on census day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivePlan {
    pub transferred_from: Option<String>,
    pub review_meeting_on: Option<NaiveDate>,
    pub review_outcome: Option<String>,
    pub last_review_on: Option<NaiveDate>,
    pub review_draft_on: Option<NaiveDate>,
    pub phase_transfer_due_on: Option<NaiveDate>,
    pub phase_transfer_final_on: Option<NaiveDate>,
    pub placements: Vec<Placement>,
    pub needs: Vec<SpecialNeed>,
}

/// One request and what followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub person: CasePerson,
    pub request: AssessmentRequest,
    pub assessment: Option<Assessment>,
    pub active_plan: Option<ActivePlan>,
}

impl Case {
    pub fn plan(&self) -> Option<&NamedPlan> {
        self.assessment.as_ref()?.plan.as_ref()
    }

    /// The name by which the council would know a child that the case names by UPN, had it none.
    pub fn also_names(&self, child: &ChildReference, authority: OrganisationCode) -> Option<ChildReference> {
        let (ChildIdentifier::Upn(_), Some(surname), Some(forename)) = (&child.identifier, &self.person.surname, &self.person.forename)
        else {
            return None;
        };
        let identifier = ChildIdentifier::Named { authority, surname: surname.clone(), forename: forename.clone() };
        Some(ChildReference { identifier, date_of_birth: child.date_of_birth })
    }

    /// The clocks that run, or ran, in this case: the decision to assess at 6 weeks, the decision
    /// not to issue at 16, the final plan at 20, all from the request. Each is shown only while the
    /// duty is, or was, owed.
    pub fn clocks(&self, today: NaiveDate) -> Vec<StatutoryClock> {
        let request = &self.request;
        let starts = request.received_on;
        let mut clocks = Vec::with_capacity(3);
        if matches!(request.outcome, Some(RequestOutcome::Historical | RequestOutcome::Withdrawn)) {
            return clocks;
        }
        let decided = matches!(request.outcome, Some(RequestOutcome::Yes | RequestOutcome::No));
        clocks.push(Duty::DecideToAssess.clock(starts, request.outcome_on.filter(|_| decided), today));
        if request.outcome == Some(RequestOutcome::No) || request.exported {
            return clocks;
        }
        let assessment = self.assessment.as_ref();
        match assessment.and_then(|assessment| assessment.outcome) {
            Some(RequestOutcome::Withdrawn | RequestOutcome::Historical) => {}
            Some(RequestOutcome::No) => {
                clocks.push(Duty::RefusePlan.clock(starts, assessment.and_then(|assessment| assessment.outcome_on), today))
            }
            Some(RequestOutcome::Yes | RequestOutcome::Awaited) | None => {
                clocks.push(Duty::IssuePlan.clock(starts, self.plan().map(|plan| plan.start_on), today));
            }
        }
        clocks
    }

    /// Days from the request to the plan, where one was issued.
    pub fn days_to_plan(&self) -> Option<i64> {
        self.plan().map(|plan| crate::dates::days_between(self.request.received_on, plan.start_on))
    }

    /// Checks the case as a whole; the field is the SEN2 item at fault.
    pub fn check(&self, date_of_birth: NaiveDate, today: NaiveDate, mut report: impl FnMut(&'static str, IssueCode)) {
        let request = &self.request;
        let received = request.received_on;
        if date_of_birth > today {
            report("PersonBirthDate", IssueCode::BirthInFuture);
        } else if crate::dates::years_between(date_of_birth, today) > 25 {
            report("PersonBirthDate", IssueCode::BirthOver25);
        }
        if received > today {
            report("ReceivedDate", IssueCode::RequestInFuture);
        }
        let assessment = self.assessment.as_ref();
        for (field, outcome, on) in [
            ("RequestOutcomeDate", request.outcome, request.outcome_on),
            ("AssessmentOutcomeDate", assessment.and_then(|it| it.outcome), assessment.and_then(|it| it.outcome_on)),
        ] {
            // AssessmentOutcomeDate may be blank while a plan is still to be issued.
            let excused = field == "AssessmentOutcomeDate" && outcome == Some(RequestOutcome::Yes) && self.plan().is_none();
            if matches!(outcome, Some(RequestOutcome::Yes | RequestOutcome::No)) && on.is_none() && !excused {
                report(field, IssueCode::OutcomeDateMissing);
            }
            if on.is_some_and(|on| on < received) {
                report(field, IssueCode::OutcomeBeforeRequest);
            }
            if on.is_some_and(|on| on > today) {
                report(field, IssueCode::DateInFuture);
            }
        }
        if let Some(plan) = self.plan() {
            if !matches!(assessment.and_then(|it| it.outcome), Some(RequestOutcome::Yes | RequestOutcome::Historical)) {
                report("AssessmentOutcome", IssueCode::PlanWithoutAssessment);
            }
            if plan.start_on < received && request.outcome != Some(RequestOutcome::Historical) {
                report("StartDate", IssueCode::PlanBeforeRequest);
            }
        }
        if self.person.upn.is_none() && self.person.upn_unknown.is_none() {
            report("UPN", IssueCode::UpnMissing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::ClockState;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn case() -> Case {
        Case {
            person: CasePerson {
                surname: None,
                forename: None,
                sex: None,
                ethnicity: None,
                postcode: None,
                upn: None,
                unique_learner_number: None,
                upn_unknown: Some("UN1".into()),
            },
            request: AssessmentRequest {
                received_on: day("2026-01-05"),
                source: None,
                in_youth_accommodation: false,
                outcome: Some(RequestOutcome::Yes),
                outcome_on: Some(day("2026-02-16")),
                mediation: false,
                tribunal: false,
                exported: false,
            },
            assessment: None,
            active_plan: None,
        }
    }

    fn states(case: &Case, today: &str) -> Vec<(Duty, ClockState)> {
        case.clocks(day(today)).iter().map(|clock| (clock.duty, clock.state)).collect()
    }

    #[test]
    fn the_twenty_week_clock_runs_from_the_request_and_not_from_the_decision() {
        assert_eq!(states(&case(), "2026-05-25"), [(Duty::DecideToAssess, ClockState::Met), (Duty::IssuePlan, ClockState::Running)]);
        assert_eq!(states(&case(), "2026-05-26"), [(Duty::DecideToAssess, ClockState::Met), (Duty::IssuePlan, ClockState::Breached)]);
    }

    #[test]
    fn a_decision_not_to_issue_is_measured_at_sixteen_weeks() {
        let mut case = case();
        case.assessment = Some(Assessment {
            outcome: Some(RequestOutcome::No),
            outcome_on: Some(day("2026-04-28")),
            mediation: false,
            tribunal: false,
            other_mediation: false,
            other_tribunal: false,
            exceptions_apply: false,
            plan: None,
        });
        assert_eq!(states(&case, "2026-06-01"), [(Duty::DecideToAssess, ClockState::Met), (Duty::RefusePlan, ClockState::MetLate)]);
    }

    #[test]
    fn a_refusal_to_assess_ends_the_clocks_and_a_withdrawal_leaves_none() {
        let mut case = case();
        case.request.outcome = Some(RequestOutcome::No);
        assert_eq!(states(&case, "2026-06-01"), [(Duty::DecideToAssess, ClockState::Met)]);
        case.request.outcome = Some(RequestOutcome::Withdrawn);
        assert!(states(&case, "2026-06-01").is_empty());
    }

    #[test]
    fn an_undecided_request_is_breached_after_six_weeks() {
        let mut case = case();
        case.request.outcome = Some(RequestOutcome::Awaited);
        case.request.outcome_on = None;
        assert_eq!(states(&case, "2026-02-17")[0], (Duty::DecideToAssess, ClockState::Breached));
    }
}
