//! What a release is built from: facts about records that an agreement, and the child's consent or
//! opt-out, let be counted. Whether they may is decided before they come here.

use chrono::NaiveDate;
use domain::{ChildId, OrganisationCode, Pathway, PathwaySet, WeeksBand};
use serde::Serialize;

/// One child's wait on one pathway, the longest journey where there are several.
#[derive(Debug, Clone)]
pub struct WaitFact {
    pub child: ChildId,
    pub pathway: Pathway,
    /// Of the journey, not of the stage.
    pub band: WeeksBand,
    /// The code of the district in which the child lives, where it is recorded.
    pub district: Option<String>,
}

/// One plan that was issued in the twelve months to the as-at day.
#[derive(Debug, Clone)]
pub struct PlanFact {
    pub child: ChildId,
    /// From the request to the plan.
    pub days_to_plan: i64,
    /// SEN2 `Week20`.
    pub exceptions_apply: bool,
}

/// A list that an organisation is expected to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpectedList {
    pub provider: OrganisationCode,
    pub list: String,
}

/// Who is in a table and who is missing from it: absent is not zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub contributing: Vec<ExpectedList>,
    pub not_submitted: Vec<ExpectedList>,
}

/// Everything one release is built from, read from one consistent state of the store.
#[derive(Debug)]
pub struct ReleaseInput<'a> {
    pub as_of: NaiveDate,
    /// Code and name of the whole area.
    pub area: (&'a str, &'a str),
    /// Codes and names of its districts, in the order of the tables.
    pub districts: Vec<(&'a str, &'a str)>,
    pub waits: &'a [WaitFact],
    /// Pathways for which no expected list came: all their figures are unavailable.
    pub unavailable: PathwaySet,
    /// Of the waiting lists.
    pub waits_coverage: Coverage,
    /// Children of whom something was withheld from the waits, each as often as it was.
    pub waits_withheld: &'a [ChildId],
    pub plans: &'a [PlanFact],
    /// Of the plans. Where nobody contributes, all their figures are unavailable.
    pub plans_coverage: Coverage,
    /// Likewise of the plans.
    pub plans_withheld: &'a [ChildId],
}
