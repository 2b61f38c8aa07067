//! Who saw what about one child: what the log says, what a reviewer has to think of, and what a family could be told.
//!
//! What is told the family is told by role, never by a person's id, and says nothing of restrictions and overrides:
//! an entry that would is kept out of the family's part and stands in the reviewer's alone.

mod flags;
mod papers;
mod sentences;

use chrono::NaiveDate;
use domain::{ChildLog, Consent, Partnership, ToldLeaf};

pub use flags::{Flag, Notice};
use sentences::Teller;

/// A report, before it takes a form.
pub struct AccessReport<'a> {
    pub entries: Vec<AccessEntry<'a>>,
    /// What the reviewer has to know of the child as a whole.
    pub notices: Vec<Notice>,
    log: &'a ChildLog,
    partnership: &'a Partnership,
    /// Whether there is more after it.
    is_part: bool,
}

/// One leaf of the log, understood.
pub struct AccessEntry<'a> {
    pub leaf: &'a ToldLeaf,
    pub flags: Vec<Flag>,
    /// The decisions that it rests on, or is about.
    pub decisions: Vec<&'a Consent>,
    /// What the family could be told, in sentences.
    pub told: Vec<String>,
    /// The law that it rested on, where an agreement permitted it.
    pub law: Option<String>,
    /// Whether it is kept out of the family's part until the reviewer decides otherwise.
    pub is_kept_out: bool,
}

impl<'a> AccessReport<'a> {
    /// Said above every report.
    pub const DRAFT: &'static str = "DRAFT – a person must review this before it is released";

    /// A report on what the log says, about a child of that birth. It asks nothing of the log where there is nothing
    /// in it: a child who is not known and one of whom nothing was disclosed make the same report.
    pub fn of(log: &'a ChildLog, partnership: &'a Partnership, born: NaiveDate, today: NaiveDate, is_part: bool) -> Self {
        let hides_places = flags::hides_places(&log.facts.restrictions, today);
        let teller = Teller { partnership, hides_places };
        let entry = |leaf: &'a ToldLeaf| {
            let decisions = flags::decisions(leaf, &log.facts.consents);
            let flags = flags::of(leaf, &decisions, &log.facts.restrictions, hides_places);
            let told = teller.tell(leaf, &decisions, &flags);
            AccessEntry {
                is_kept_out: told.is_none() || flags::keep_out(leaf, &flags),
                told: told.unwrap_or_default(),
                law: teller.law(leaf),
                leaf,
                flags,
                decisions,
            }
        };
        let entries = log.leaves.iter().map(|(_, leaf)| entry(leaf)).collect();
        Self { entries, notices: flags::notices(&log.facts, born, today), log, partnership, is_part }
    }
}

#[cfg(test)]
mod tests;
