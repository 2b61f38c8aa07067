//! The facts that a release is built from. The caller has already left out records that may not be
//! counted because of an agreement, a consent or an opt-out.

use chrono::NaiveDate;
use domain::{ChildId, OrganisationCode, Pathway, PathwaySet, WeeksBand};
use serde::Serialize;

/// One child's wait on one pathway; the longest journey if there are several.
#[derive(Debug, Clone)]
pub struct WaitFact {
    pub child: ChildId,
    pub pathway: Pathway,
    /// Weeks in the journey, not in the stage.
    pub band: WeeksBand,
    /// The code of the district where the child lives, if it is recorded.
    pub district: Option<String>,
}

/// One plan that was issued in the twelve months to the `as_of` day.
#[derive(Debug, Clone)]
pub struct PlanFact {
    pub child: ChildId,
    /// Days from the request to the plan.
    pub days_to_plan: i64,
    /// SEN2 `Week20`.
    pub exceptions_apply: bool,
}

/// Where children are counted, by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area<'a> {
    pub code: &'a str,
    pub name: &'a str,
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

/// Everything that one release is built from, read from one consistent state of the store.
#[derive(Debug)]
pub struct ReleaseInput<'a> {
    pub as_of: NaiveDate,
    /// The whole area.
    pub area: Area<'a>,
    /// Its districts, in the order of the tables.
    pub districts: Vec<Area<'a>>,
    pub waits: &'a [WaitFact],
    /// Pathways for which no expected list arrived: their figures are all unavailable.
    pub unavailable: PathwaySet,
    /// Coverage of the waits.
    pub waits_coverage: Coverage,
    /// A child is listed once for each thing withheld from the waits.
    pub waits_withheld: &'a [ChildId],
    pub plans: &'a [PlanFact],
    /// Coverage of the plans. If nobody contributes, all their figures are unavailable.
    pub plans_coverage: Coverage,
    /// The same for the plans.
    pub plans_withheld: &'a [ChildId],
}
