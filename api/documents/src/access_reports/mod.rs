//! Who saw what about one child: what the log says, what a reviewer must consider, and what a family could be told.
//!
//! The family is told a person's role, never the person's id, and nothing about restrictions and overrides: an entry
//! that would reveal one is kept out of the family's part and appears only in the reviewer's.

mod flags;
mod papers;
mod sentences;

use chrono::NaiveDate;
use domain::{ChildLog, Consent, Partnership, ToldLeaf};

pub use flags::{Flag, Notice};
use sentences::Teller;

/// A report, before it becomes HTML or Markdown.
pub struct AccessReport<'a> {
    pub entries: Vec<AccessEntry<'a>>,
    /// What the reviewer must know about the child as a whole.
    pub notices: Vec<Notice>,
    log: &'a ChildLog,
    partnership: &'a Partnership,
    /// Whether the log has more entries after these.
    is_part: bool,
}

/// One audit entry, with what the report makes of it.
pub struct AccessEntry<'a> {
    pub leaf: &'a ToldLeaf,
    pub flags: Vec<Flag>,
    /// The decisions that the entry relied on, or is about.
    pub decisions: Vec<&'a Consent>,
    /// What the family could be told, in sentences.
    pub told: Vec<String>,
    /// The law behind a disclosure that an agreement permitted.
    pub law: Option<String>,
    /// Whether the entry is kept out of the family's part until the reviewer decides otherwise.
    pub is_kept_out: bool,
}

impl<'a> AccessReport<'a> {
    /// Printed above every report.
    pub const DRAFT: &'static str = "DRAFT – a person must review this before it is released";

    /// Makes the report from one child's log and date of birth. A child who is not known and a child about whom nothing
    /// was disclosed give the same report.
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
