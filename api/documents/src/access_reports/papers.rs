//! The report as a paper: a part for the reviewer, to be removed, and a part for the family.

use domain::{Partnership, london_day};

use super::{AccessEntry, AccessReport};
use crate::papers::{Block, Paper, Part};
use crate::phrases;

/// What a reviewer checks for every report.
const CHECKS: [&str; 10] = [
    "I have checked who is asking, and that they may have this: parental responsibility, or the person themselves.",
    "Serious harm, health data: I have asked the right health professional whether anything here would be likely to cause serious harm to \
     the physical or mental health of the child or of anybody else (Data Protection Act 2018, Schedule 3, Part 2).",
    "Serious harm, education data: I have asked the same of the education records (Schedule 3, Part 4).",
    "Social work data, if any: I have asked the same (Schedule 3, Part 3).",
    "Child protection: I have asked whether telling would be against the child’s best interests (Schedule 3, Part 5), and spoken to the \
     named professional where this part shows a restriction, a court order or an override.",
    "The child’s own wishes: where the child or the young person decided, or expected that a parent would not be told, I have left it out or \
     asked them.",
    "Other people: nobody else is named or can be worked out, or they agree, or it is reasonable without their agreement (Schedule 2, \
     paragraph 16).",
    "Hidden address: nothing tells where the family lives, goes to school or is treated.",
    "I have read every sentence of the family’s part, and moved in or taken out what the table of entries asks me to think about.",
    "I have removed this part and the word DRAFT, and written down what I left out and why.",
];

impl AccessReport<'_> {
    /// A page that loads nothing and runs nothing.
    pub fn html(&self) -> String {
        self.paper().html()
    }

    pub fn markdown(&self) -> String {
        self.paper().markdown()
    }

    fn paper(&self) -> Paper {
        Paper {
            title: "Who has seen this child’s record".into(),
            notice: Some(Self::DRAFT.into()),
            parts: vec![self.reviewers_part(), self.familys_part()],
        }
    }

    fn reviewers_part(&self) -> Part {
        let mut blocks = vec![
            Block::text("This part is for the person who reviews the report. None of it may be given to the family."),
            Block::heading("Before it is released"),
            Block::checklist(CHECKS),
            Block::fields([("Reviewed by", "……………………"), ("Role", "……………………"), ("Date", "……………………"), ("Released to", "……………………")]),
        ];
        if !self.notices.is_empty() {
            blocks.push(Block::heading("About this child"));
            blocks.push(Block::bullets(self.notices.iter().map(|notice| notice.meaning())));
        }
        blocks.extend(self.restrictions());
        if !self.entries.is_empty() {
            blocks.push(self.table());
            blocks.extend(self.kept_out());
        }
        let more = "Not in the log by child: an organisation reading the lists that it sent itself, and counts for the dashboard. Entries older \
                    than the log keeps are gone. Agreements are shown as the partnership file has them today.";
        blocks.push(Block::text(more));
        if self.is_part {
            blocks.push(Block::text("THIS IS NOT ALL: the log has later entries. Ask for the next part before you release anything."));
        }
        Part { title: "For the reviewer – remove this part".into(), is_removable: true, blocks }
    }

    fn restrictions(&self) -> Option<Block> {
        let restricted = self.log.facts.restrictions.iter().map(|one| {
            let until = one.lifted_at.map(|at| format!("lifted on {}", phrases::day(london_day(at))));
            let until = until.or_else(|| one.ends.map(|last| format!("to {}", phrases::day(last)))).unwrap_or_else(|| "open".into());
            let against = one.against.map_or_else(|| "everybody".to_owned(), |against| self.partnership.name_of(against));
            vec![one.kind.to_string(), phrases::day(one.starts), until, against, self.partnership.name_of(one.set_by)]
        });
        let overridden = self.log.facts.overrides.iter().map(|one| {
            let until = one.ended_at.map(|at| format!("ended on {}", phrases::day(london_day(at))));
            let until = until.unwrap_or_else(|| format!("to {}", phrases::day(one.ends)));
            let (recipient, holder) = (self.partnership.name_of(one.recipient), self.partnership.name_of(one.holder));
            vec!["Caldicott override".into(), phrases::day(one.starts), until, format!("opens to {recipient}"), holder]
        });
        let rows: Vec<_> = restricted.chain(overridden).collect();
        let head = ["What", "From", "Until", "For whom", "Set by"];
        (!rows.is_empty()).then(|| Block::table("Restrictions and overrides on this child’s records", &head, rows))
    }

    fn table(&self) -> Block {
        let mut told = 0;
        let rows = self.entries.iter().enumerate().map(|(at, entry)| {
            let place = if entry.is_kept_out {
                "kept out".into()
            } else {
                told += 1;
                format!("entry {told}")
            };
            let questions: Vec<_> = entry.flags.iter().map(|flag| flag.question()).collect();
            vec![
                (at + 1).to_string(),
                phrases::moment(entry.leaf.at),
                outcome(entry),
                who(entry, self.partnership),
                place,
                questions.join("; "),
            ]
        });
        let head = ["No.", "When", "What was done", "By whom", "Family’s part", "Think about"];
        Block::table("Every entry, and what to think about", &head, rows.collect())
    }

    fn kept_out(&self) -> Vec<Block> {
        let entries: Vec<_> = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_kept_out).collect();
        if entries.is_empty() {
            return Vec::new();
        }
        let sentences = entries.iter().map(|(at, entry)| {
            let told = if entry.told.is_empty() { "No sentence: see the log.".to_owned() } else { entry.told.join(" ") };
            format!("No. {}: {told}", at + 1)
        });
        vec![
            Block::heading("Kept out of the family’s part"),
            Block::text(
                "These would tell of a restriction, an override or what a child decided alone. Put one back only if you have decided to.",
            ),
            Block::bullets(sentences),
        ]
    }

    fn familys_part(&self) -> Part {
        let host = self.partnership.name_of(self.partnership.host());
        let mut blocks = vec![Block::text(format!(
            "This says who looked at the child’s record through the sharing gateway that {host} and the NHS use, who was told no, and why. People are \
             shown by their job. Where it would not be right to give a name, we say what kind of organisation it was. Times are by UK clocks."
        ))];
        let told: Vec<_> = self.entries.iter().filter(|entry| !entry.is_kept_out).collect();
        if told.is_empty() {
            blocks.push(Block::text("There is nothing to show."));
        }
        for (at, entry) in told.iter().enumerate() {
            blocks.push(Block::heading(format!("{}. {}", at + 1, phrases::moment(entry.leaf.at))));
            blocks.push(Block::text(entry.told.join(" ")));
            blocks.extend(entry.law.as_ref().map(|law| Block::fields([("The law", law.as_str())])));
        }
        blocks.push(Block::heading("If something looks wrong"));
        blocks.push(Block::text(format!(
            "Tell {host}: …………………… You can ask for a mistake to be put right, and you can object to sharing. If you are not happy with the \
             answer, you can go to the Information Commissioner at ico.org.uk."
        )));
        Part::new("The report", blocks)
    }
}

fn who(entry: &AccessEntry<'_>, partnership: &Partnership) -> String {
    let organisation = entry.leaf.organisation.map_or_else(String::new, |code| partnership.name_of(code));
    entry.leaf.actor.as_ref().map_or_else(|| organisation.clone(), |actor| format!("{organisation}, {}: {}", actor.role, actor.reason))
}

fn outcome(entry: &AccessEntry<'_>) -> String {
    let leaf = entry.leaf;
    let why = leaf.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let under = if leaf.agreements.is_empty() { String::new() } else { format!(", under {}", leaf.agreements.join(", ")) };
    let grounds = if leaf.grounds.is_empty() { String::new() } else { format!(" ({})", leaf.grounds.join(", ")) };
    format!("{} {} {}{why}{under}{grounds}", leaf.act, leaf.data, leaf.outcome)
}
