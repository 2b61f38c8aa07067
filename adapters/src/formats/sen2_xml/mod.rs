//! The Department for Education's SEN2 person-level return as XML. `README.md` describes the format
//! and its quirks.

mod codes;
mod map;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::io::Read;

use domain::{Dataset, IssueCode};

use crate::contract::{About, Adapter, Context, Field, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
use map::People;
use wire::{PartWire, ReturnWire};
pub use write::write_sen2_xml;

pub(crate) struct Sen2Xml;

impl Adapter for Sen2Xml {
    fn about(&self) -> &'static About {
        &About {
            format: "sen2-xml",
            dataset: Dataset::Ehcp,
            title: "SEN2 person-level return, XML",
            media_types: &["application/xml", "text/xml"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-element.xml" = 1, "spellings.xml" = 2, "outcomes.xml" = 6, "nobody.xml" = 0],
            bad_samples: bad_samples![
                "empty.xml" = "empty",
                "windows-1252.xml" = "encoding",
                "children-in-need.xml" = "not-this-format",
                "no-collection.xml" = "not-this-format",
                "entities.xml" = "doctype",
                "cut-short.xml" = "truncated",
                "crossed-tags.xml" = "malformed",
                "undefined-entity.xml" = "malformed",
                "wrong-check-letter.xml" = "upn-check-letter",
                "short-upn.xml" = "upn-format",
                "half-a-name.xml" = "name-missing",
                "no-request.xml" = "request-missing",
                "no-received-date.xml" = "value-missing",
                "british-date.xml" = "date-format",
                "unknown-outcome.xml" = "value-not-in-list",
                "odd-boolean.xml" = "value-not-yes-or-no",
                "two-assessments.xml" = "element-too-often",
                "plan-without-assessment.xml" = "plan-without-assessment",
                "undated-decision.xml" = "outcome-date-missing",
                "unknown-element.xml" = "element-unknown",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, _: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut file = ReturnWire::open(looks, source)?;
        let mut people = People::new(context.organisation);
        while let Some(part) = file.next(people.next_row())? {
            match part {
                PartWire::Person(person) => people.draft(person, rows)?,
                PartWire::Unknown { block, element } => {
                    if people.is_news(&element.name) {
                        rows.file_issue(block, IssueCode::ElementUnknown)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn starters(&self) -> Starters {
        Starters { template: None, examples: starter!("sen2-examples.xml" = 11) }
    }
}

macro_rules! fields {
    ($($name:literal, $required:literal, $meaning:literal;)+) => {
        const FIELDS: &[Field] = &[$(Field { name: $name, required: $required, meaning: $meaning }),+];
    };
}

fields! {
    "Surname", false, "Person; needed where there is no UPN";
    "Forename", false, "Person; needed where there is no UPN";
    "PersonBirthDate", true, "Person; CCYY-MM-DD";
    "Sex", false, "Person; M or F (GenderCurrent is read too)";
    "Ethnicity", false, "Person; the DfE's four letters";
    "PostCode", false, "Person";
    "UPN", false, "Person; thirteen characters";
    "UniqueLearnerNumber", false, "Person; ten digits";
    "UPNunknown", false, "Person; UN1 to UN10, why there is no UPN";
    "ReceivedDate", true, "Requests; CCYY-MM-DD, the start of the twenty weeks";
    "RequestSource", false, "Requests; 1 to 5";
    "RYA", false, "Requests; 1 or 0, in relevant youth accommodation";
    "RequestOutcomeDate", false, "Requests; CCYY-MM-DD, needed for Y and N";
    "RequestOutcome", false, "Requests; Y, N, A, W or H";
    "RequestMediation", false, "Requests; 1 or 0";
    "RequestTribunal", false, "Requests; 1 or 0";
    "Exported", false, "Requests; 1 or 0, moved out of the area before the assessment was complete";
    "AssessmentOutcome", false, "Assessment; Y, N, A, W or H";
    "AssessmentOutcomeDate", false, "Assessment; CCYY-MM-DD, needed for N, and for Y once there is a plan";
    "AssessmentMediation", false, "Assessment; 1 or 0";
    "AssessmentTribunal", false, "Assessment; 1 or 0";
    "OtherMediation", false, "Assessment; 1 or 0";
    "OtherTribunal", false, "Assessment; 1 or 0";
    "Week20", false, "Assessment; 1 where exceptions to the twenty weeks apply, else 0";
    "StartDate", false, "NamedPlan; CCYY-MM-DD, needed in each";
    "PlanRes", false, "NamedPlan; A 38 to 51 weeks, B 52 weeks residential";
    "PlanWBP", false, "NamedPlan; work-based (PlanWPB is read too)";
    "PB", false, "NamedPlan; 1 or 0, personal budget taken up";
    "OA", false, "NamedPlan; 1 or 0, organised arrangements";
    "DP", false, "NamedPlan; direct payments";
    "CeaseDate", false, "NamedPlan; CCYY-MM-DD";
    "CeaseReason", false, "NamedPlan; 1 to 9";
    "URN", false, "PlanDetail, PlacementDetail; the school";
    "UKPRN", false, "PlanDetail, PlacementDetail; the provider";
    "SENSetting", false, "PlanDetail, PlacementDetail; where there is neither URN nor UKPRN";
    "SENSettingOther", false, "PlanDetail, PlacementDetail";
    "PlacementRank", false, "PlanDetail, PlacementDetail; 1 or 2";
    "SENunitIndicator", false, "PlanDetail, PlacementDetail; 1 or 0";
    "ResourcedProvisionIndicator", false, "PlanDetail, PlacementDetail; 1 or 0";
    "TransferLA", false, "ActivePlans; the authority transferred from";
    "ReviewMeeting", false, "ActivePlans; CCYY-MM-DD";
    "ReviewOutcome", false, "ActivePlans";
    "LastReview", false, "ActivePlans; CCYY-MM-DD, when the decision was notified";
    "ReviewDraft", false, "ActivePlans; CCYY-MM-DD";
    "PhaseTransferDueDate", false, "ActivePlans; CCYY-MM-DD";
    "PhaseTransferFinalDate", false, "ActivePlans; CCYY-MM-DD";
    "EntryDate", false, "PlacementDetail; CCYY-MM-DD";
    "LeavingDate", false, "PlacementDetail; CCYY-MM-DD";
    "RES", false, "PlacementDetail; A or B";
    "WBP", false, "PlacementDetail; work-based (WPB is read too)";
    "SENtype", false, "SENneed; the need, needed in each";
    "SENtypeRank", false, "SENneed; 1 or 2";
}
