//! The papers that an information governance lead has to show, made from the partnership file. They say what the file
//! says, and leave blanks where a person has to judge. Pure: the same file makes the same papers.

mod controllers;
mod impact;
mod notices;
mod records;
mod schedules;

use domain::{Agreement, ConsentRule, DataClass, OptOutRule, Partnership, Population};

use crate::papers::Paper;
use crate::phrases;

/// A blank for a person to fill in.
const BLANK: &str = "……………………";

/// The assurance papers of a partnership, each with its file name.
pub fn assurance_papers(partnership: &Partnership) -> Vec<(&'static str, String)> {
    let written = |make: fn(&Partnership) -> Paper| make(partnership).markdown();
    vec![
        ("record-of-processing.md", written(records::make)),
        ("agreement-schedule.md", written(schedules::make)),
        ("joint-controllers.md", written(controllers::make)),
        ("impact-assessment.md", written(impact::make)),
        ("notice-for-families.md", written(notices::make)),
        ("decision-table.md", domain::decision_table()),
        ("audit-events.md", domain::event_catalogue()),
    ]
}

const fn population(population: Population) -> &'static str {
    match population {
        Population::PlanMaintained => "children with an EHC plan, or in assessment for one, with a council that receives",
        Population::Resident => "children who live in the area of a council that receives",
        Population::GpRegistered => "children registered with a general practice of the area",
    }
}

const fn consent(rule: ConsentRule) -> &'static str {
    match rule {
        ConsentRule::NotRequired => "not required; an objection goes to a person, and the duty goes on until it is upheld",
        ConsentRule::Required => "required: nothing flows until it is given, and nothing once it is withdrawn",
        ConsentRule::UnlessObjected => "not asked for; nothing flows about a child once somebody objects",
    }
}

fn opt_out(agreement: &Agreement) -> String {
    match (agreement.basis.opt_out, &agreement.basis.opt_out_reason) {
        (OptOutRule::Applies, _) => "applies".into(),
        (OptOutRule::Exempt, reason) => format!("exempt: {}", reason.as_deref().unwrap_or(BLANK)),
    }
}

/// The fields that a class of data carries.
fn fields(data: DataClass) -> String {
    let all = [domain::minimum_columns(data), domain::minimum_fields(data)].concat();
    if all.is_empty() { "none: no operation gives it to another organisation".into() } else { all.join(", ") }
}

fn parties(partnership: &Partnership, agreement: &Agreement) -> Vec<String> {
    let mut codes: Vec<_> = agreement.providers.iter().chain(&agreement.recipients).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    phrases::names(partnership, &codes)
}

#[cfg(test)]
mod tests;
