//! The decision table, for people to read.

use std::fmt::Write;

use super::Act;
use super::rules::{Verdict, rules};

const INTRODUCTION: &str = "# Who may do what: the decision table

Printed from the code that decides (`domain::policy`), and tested line by line. A flow is looked at under each agreement that is
about it and on each pathway asked for; of the lines of its table the first whose condition holds decides. It happens on the
pathways that one agreement permits; advice and recorded decisions, which cannot be cut, happen whole or not at all. Every
outcome is written into the audit log with its reason, in the same transaction.

A permission is in force on the days it names, until it is withdrawn. What a parent, a guardian or a council decided for a child
is due for review at the sixteenth birthday and after compulsory school age: a permission then carries nothing until somebody
decides anew, and a denial or an objection goes on protecting until the young person, or who represents them, decides. Of several
decisions on one flow the most protective wins.

Whatever is permitted is cut to the pathways permitted, to children of the agreement's population (a record that says the child
lives or is registered elsewhere is left out), and to the fields that the class of data needs; where the address is hidden, district,
practice and school are blanked.
";

/// The tables of every act, in Markdown.
pub fn decision_table() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut seen: Vec<(Vec<Act>, *const super::rules::Rule)> = Vec::new();
    for act in Act::ALL {
        let table = rules(*act).as_ptr();
        match seen.iter_mut().find(|(_, known)| std::ptr::eq(*known, table)) {
            Some((acts, _)) => acts.push(*act),
            None => seen.push((vec![*act], table)),
        }
    }
    for (acts, _) in seen {
        let names: Vec<_> = acts.iter().map(|act| act.as_str().replace('-', " ")).collect();
        let _ = write!(text, "\n## To {}\n\n| | If | then |\n|--:|---|---|\n", names.join(", to "));
        for (at, rule) in rules(acts[0]).iter().enumerate() {
            let then = match rule.then {
                Verdict::Permit(ground) => format!("**permitted** (`{ground}`)"),
                Verdict::Refuse(reason) => format!("refused: `{reason}`"),
            };
            let _ = writeln!(text, "| {} | {} | {then} |", at + 1, rule.when);
        }
    }
    text
}
