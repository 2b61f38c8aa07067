//! What became of a file, in words that can go in an e-mail.

use client::Report;
use domain::{Dataset, SubmissionMode, SubmissionStatus};

/// One paragraph. It repeats no value from the file.
pub(super) fn summary(report: &Report) -> String {
    let counts = &report.records;
    let subject = match report.dataset {
        Dataset::WaitingList => format!("Waiting list {} of {}", report.list, report.organisation),
        Dataset::Ehcp => format!("EHC cases of {}", report.organisation),
        Dataset::ChildIdentifiers => format!("Children's identifiers of {}", report.organisation),
    };
    let would = if report.status == SubmissionStatus::Validated { "nothing was kept, this was a check: " } else { "" };
    let mut parts = vec![format!("{would}accepted {} of {}", grouped(counts.accepted), grouped(counts.received))];
    let mut part = |count: u64, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{} {}", in_words(count), if count == 1 { one } else { many }));
        }
    };
    part(counts.rejected.saturating_sub(counts.stale), "row rejected", "rows rejected");
    part(counts.stale, "row held at its last value", "rows held at their last values");
    part(counts.not_flowed, "not seen, confirm or resend", "not seen, confirm or resend");
    // A snapshot's new rows are shown with its total, below.
    let is_list = report.dataset == Dataset::WaitingList && report.mode == SubmissionMode::Snapshot;
    if !is_list {
        part(counts.opened, "new", "new");
    }
    part(counts.updated, "changed", "changed");
    part(counts.closed, "ended", "ended");
    part(counts.merged, "merged into another identity", "merged into another identity");
    if is_list {
        parts.push(format!("waiting {}, +{}", grouped(counts.accepted - counts.closed.min(counts.accepted)), grouped(counts.opened)));
    }
    for last in &report.last_published {
        let (line, month) = (last.service_line.replace('-', " "), &last.period);
        parts.push(format!("your last return ({}, {line}, {month}) said {}", last.source, grouped(last.total)));
    }
    format!(
        "{subject}, {} as of {}: {}. Submission {}, {}.",
        report.mode,
        report.as_of.format("%-d %B %Y"),
        parts.join("; "),
        report.id,
        report.status
    )
}

/// Small numbers as words, for use in a sentence.
fn in_words(count: u64) -> String {
    const WORDS: [&str; 21] = [
        "nought",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    usize::try_from(count).ok().and_then(|at| WORDS.get(at)).map_or_else(|| grouped(count), |word| (*word).to_owned())
}

/// Digits in threes: 4,117.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::LastPublished;
    use domain::{SubmissionCounts, SubmissionMode};

    fn report() -> Report {
        Report {
            id: "0197a3f2-0000-7000-8000-000000000000".parse().unwrap(),
            dataset: Dataset::WaitingList,
            format: "csv".into(),
            organisation: "RY4".parse().unwrap(),
            list: "autism".into(),
            mode: SubmissionMode::Snapshot,
            as_of: "2026-11-20".parse().unwrap(),
            status: SubmissionStatus::AcceptedWithIssues,
            records: SubmissionCounts {
                out_of_scope: 0,
                merged: 0,
                received: 4120,
                accepted: 4117,
                rejected: 3,
                unchanged: 3890,
                opened: 201,
                updated: 26,
                closed: 0,
                stale: 3,
                not_flowed: 14,
            },
            last_published: Vec::new(),
            issue_list: None,
            was_sent_before: false,
        }
    }

    #[test]
    fn a_summary_reads_as_a_sentence() {
        assert_eq!(
            summary(&report()),
            "Waiting list autism of RY4, snapshot as of 20 November 2026: accepted 4,117 of 4,120; three rows held at their last \
             values; fourteen not seen, confirm or resend; 26 changed; waiting 4,117, +201. Submission \
             0197a3f2-0000-7000-8000-000000000000, accepted-with-issues."
        );
    }

    #[test]
    fn a_delta_says_what_it_brought() {
        let mut report = report();
        (report.mode, report.records.stale, report.records.closed, report.records.opened) = (SubmissionMode::Delta, 0, 1, 200);
        assert!(summary(&report).contains("three rows rejected; fourteen not seen, confirm or resend; 200 new; 26 changed; one ended. "));
    }

    #[test]
    fn a_check_says_that_nothing_was_kept() {
        let mut report = report();
        report.status = SubmissionStatus::Validated;
        assert!(summary(&report).contains("nothing was kept, this was a check: accepted 4,117 of 4,120"));
    }

    #[test]
    fn a_summary_says_what_the_last_return_said() {
        let mut report = report();
        let last =
            |line: &str, total| LastPublished { source: "chs-sitrep".into(), service_line: line.into(), period: "2026-09".into(), total };
        report.last_published = vec![last("community-paediatric-service", 4_090)];
        let said = "waiting 4,117, +201; your last return (chs-sitrep, community paediatric service, 2026-09) said 4,090. Submission";
        assert!(summary(&report).contains(said), "{}", summary(&report));
    }

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"].map(str::to_owned));
    }
}
