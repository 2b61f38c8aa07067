use domain::{IssueCode, ServiceLine, parse_day};

use super::*;
use crate::contract::Format;
use crate::contract::kept;

const HEADER: &str = "Provider Code,Diagnostic Test Name,Period,Total Waiting List,Number waiting 6+ Weeks,Number waiting 13+ Weeks,\
                      Percentage waiting 6+ weeks,0 <01 weeks,01 <02 weeks,02 <03 weeks,03 <04 weeks,04 <05 weeks,05 <06 weeks,06 <07 weeks,\
                      07 <08 weeks,08 <09 weeks,09 <10 weeks,10 <11 weeks,11 <12 weeks,12 <13 weeks,13+ weeks";

fn issues(row: &str) -> Vec<(&'static str, IssueCode)> {
    let (kept, end) = kept::read(Format::Published(&Dm01), "RY4", format!("{HEADER}\n{row}\n").as_bytes());
    end.unwrap();
    assert!(kept.rows.is_empty());
    let row = kept.published.first().unwrap();
    assert_eq!(row.count.is_none(), row.issues.iter().any(|issue| issue.code.severity() == domain::Severity::Error));
    row.issues.iter().map(|issue| (issue.field, issue.code)).collect()
}

#[test]
fn the_audiology_line_of_the_provider_is_kept_and_nothing_else() {
    let sample = Dm01.about().samples[0];
    let (kept, end) = kept::read(Format::Published(&Dm01), "RY4", sample.bytes);
    end.unwrap();
    let count = kept.published[0].count.as_ref().unwrap();
    assert_eq!((count.line, Some(count.period), count.total), (ServiceLine::AudiologyAssessments, parse_day("2026-09-01"), 2566));
    assert_eq!(count.bands.as_ref().unwrap()[..3], [812, 640, 402]);
    assert_eq!((kept.published.len(), kept.out_of_scope), (1, 2));
    assert_eq!(kept::read(Format::Published(&Dm01), "RWG", sample.bytes).0.out_of_scope, 3);
}

#[test]
fn columns_that_are_made_of_others_have_to_agree_with_them() {
    let row = |total, six, thirteen, percentage: &str| {
        issues(&format!("RY4,Audiology Assessments,2026-09,{total},{six},{thirteen},{percentage},90,0,0,0,0,0,6,0,0,0,0,0,0,4"))
    };
    assert_eq!(row(100, 10, 4, "0.1"), []);
    assert_eq!(row(100, 10, 4, "10.0%"), []);
    assert_eq!(row(100, 10, 4, "10"), []);
    assert_eq!(row(101, 10, 4, ""), [("total", IssueCode::BandsNotTotal)]);
    assert_eq!(row(100, 4, 4, ""), [("Number waiting 6+ Weeks", IssueCode::BandsNotTotal)]);
    assert_eq!(row(100, 10, 5, ""), [("Number waiting 13+ Weeks", IssueCode::BandsNotTotal)]);
    for wrong in ["0.12", "11%", "0.1%", "ten"] {
        assert_eq!(row(100, 10, 4, wrong), [("Percentage waiting 6+ weeks", IssueCode::PercentageWrong)], "{wrong}");
    }
}

#[test]
fn a_percentage_is_right_as_far_as_it_is_written_out() {
    let row = |percentage: &str| issues(&format!("RY4,Audiology Assessments,2026-09,3,1,0,{percentage},2,0,0,0,0,0,1,0,0,0,0,0,0,0"));
    for right in ["33%", "33.3%", "33.33%", "0.3333", "0.33"] {
        assert_eq!(row(right), [], "{right}");
    }
    assert_eq!(row("33.4%").len(), 1);
    assert_eq!(row("0.334").len(), 1);
}
