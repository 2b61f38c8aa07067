//! The issues of a submission, as a table.

use std::io::Write;

use client::{Client, Issue, Page, Problem, Report};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

use super::summaries::grouped;
use crate::failures::Failure;

/// More than a person reads in a terminal; another request gives the rest.
const SHOWN: usize = 200;

/// Prints the first issues, and how to get the rest.
pub(super) async fn print(out: &mut impl Write, client: &Client, report: Report) -> Result<(), Failure> {
    let page = match report.issue_list {
        Some(items) => Page { items, next: None },
        None => client.issues(report.id, None).await?,
    };
    if page.items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", table(&page.items[..page.items.len().min(SHOWN)]))?;
    if page.items.len() > SHOWN || page.next.is_some() {
        writeln!(out, "The first {SHOWN} are shown; all of them: GET /v1/submissions/{}/issues", report.id)?;
    }
    Ok(())
}

/// The file as a whole is row 0.
fn row(number: u64) -> String {
    if number == 0 { "file".to_owned() } else { grouped(number) }
}

fn table(issues: &[Issue]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["Row", "Referral", "Field", "Severity", "What is wrong", "How to mend it"]);
    for issue in issues {
        let referral = issue.referral_id.as_deref().unwrap_or_default();
        table.add_row([&row(issue.row), referral, &issue.field, issue.severity.as_str(), &issue.message, &issue.fix]);
    }
    table
}

/// Prints what was wrong with a body that was refused as a whole.
pub(super) fn print_refusal(out: &mut impl Write, problem: &Problem) -> Result<(), Failure> {
    if problem.errors.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["Row", "Referral", "Field", "What is wrong", "How to mend it"]);
    for error in problem.errors.iter().take(SHOWN) {
        let number = row(error.row.unwrap_or(0));
        let [referral, field, what, fix] =
            [&error.referral_id, &error.field, &error.message, &error.fix].map(|text| text.as_deref().unwrap_or_default());
        table.add_row([&number, referral, field, what, fix]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Severity;

    #[test]
    fn an_issue_is_a_row_that_says_how_to_mend_it() {
        let issue = Issue {
            row: 1017,
            referral_id: Some("R-17".into()),
            field: "nhs_number".into(),
            code: "nhs-number-check-digit".into(),
            severity: Severity::Error,
            message: "The NHS number fails its check digit.".into(),
            fix: "Trace the child again.".into(),
        };
        let text = table(&[issue]).to_string();
        for part in ["1,017", "R-17", "nhs_number", "error", "fails its check digit", "Trace the child again."] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
