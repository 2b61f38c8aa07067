use domain::{Case, ChildIdentifier, RequestOutcome, SubmittedEntry, parse_day};

use super::*;
use crate::contract::kept::{self, Kept};
use crate::contract::{Fault, Format, Row};

fn try_read(bytes: &[u8]) -> (Kept, Result<(), Unreadable>) {
    kept::read(Format::Records(&Sen2Xml), "E10000015", bytes)
}

fn read(text: &str) -> Kept {
    let (kept, end) = try_read(text.as_bytes());
    end.unwrap();
    kept
}

fn message(persons: &str) -> String {
    format!(
        "<Message><Header><CollectionDetails><Collection>SEN2</Collection></CollectionDetails></Header><Persons>{persons}</Persons></Message>"
    )
}

const PERSON: &str = "<PersonBirthDate>2016-05-04</PersonBirthDate><UPN>M919200016001</UPN>";
const REQUEST: &str =
    "<ReceivedDate>2026-01-05</ReceivedDate><RequestOutcome>Y</RequestOutcome><RequestOutcomeDate>2026-02-10</RequestOutcomeDate>";

fn one(person: &str, request: &str) -> Row {
    read(&message(&format!("<Person>{person}<Requests>{request}</Requests></Person>"))).rows.remove(0)
}

fn faults(row: &Row) -> Vec<Fault> {
    row.issues.iter().map(|issue| (issue.field, issue.code)).collect()
}

fn case(row: &Row) -> &Case {
    let SubmittedEntry::Case(case) = &row.record.as_ref().unwrap().entry else { panic!() };
    case
}

fn sample(name: &str) -> Kept {
    let sample = Sen2Xml.about().samples.iter().find(|sample| sample.name == name).unwrap();
    read(std::str::from_utf8(sample.bytes).unwrap())
}

#[test]
fn every_item_of_the_sample_reaches_the_case() {
    let kept = sample("every-element.xml");
    assert!(kept.file_issues.is_empty() && kept.rows[0].issues.is_empty(), "{:?}", kept.rows[0].issues);
    let day = |text| parse_day(text);
    let case = case(&kept.rows[0]);
    let person = &case.person;
    assert_eq!((person.surname.as_deref(), person.forename.as_deref()), (Some("O'Example"), Some("Zoë")));
    assert_eq!(
        (person.sex.as_deref(), person.ethnicity.as_deref(), person.postcode.as_deref()),
        (Some("F"), Some("WBRI"), Some("ZZ99 3CZ"))
    );
    assert_eq!((person.unique_learner_number.as_deref(), person.upn_unknown.as_deref()), (Some("9999999999"), None));
    let request = &case.request;
    assert_eq!((Some(request.received_on), request.source.as_deref()), (day("2026-01-05"), Some("1")));
    assert_eq!((request.outcome, request.outcome_on), (Some(RequestOutcome::Yes), day("2026-02-10")));
    let assessment = case.assessment.as_ref().unwrap();
    assert_eq!((assessment.outcome, assessment.outcome_on), (Some(RequestOutcome::Yes), day("2026-04-20")));
    assert!(assessment.other_tribunal && !assessment.other_mediation && !assessment.tribunal && !assessment.exceptions_apply);
    let plan = case.plan().unwrap();
    assert_eq!((Some(plan.start_on), plan.cease_on, plan.cease_reason.as_deref()), (day("2026-05-22"), day("2026-11-02"), Some("5")));
    assert_eq!((plan.residential.as_deref(), plan.work_based.as_deref(), plan.direct_payments.as_deref()), (Some("A"), None, Some("1")));
    assert!(plan.personal_budget && !plan.organised_arrangements);
    assert_eq!(
        (plan.settings[0].urn.as_deref(), plan.settings[0].ukprn.as_deref(), plan.settings[0].sen_unit),
        (Some("117105"), Some("10000001"), true)
    );
    assert_eq!(
        (plan.settings[1].sen_setting.as_deref(), plan.settings[1].sen_setting_other.as_deref(), plan.settings[1].rank),
        (Some("OTH"), Some("Forest school"), Some(2))
    );
    let active = case.active_plan.as_ref().unwrap();
    assert_eq!((active.transferred_from.as_deref(), active.review_outcome.as_deref()), (Some("881"), Some("M")));
    assert_eq!(
        (active.review_meeting_on, active.last_review_on, active.review_draft_on),
        (day("2026-10-01"), day("2026-10-20"), day("2026-10-22"))
    );
    assert_eq!((active.phase_transfer_due_on, active.phase_transfer_final_on), (day("2027-02-15"), day("2027-02-12")));
    let placement = &active.placements[0];
    assert_eq!((placement.entry_on, placement.leaving_on), (day("2026-06-01"), day("2026-11-02")));
    assert_eq!((placement.residential.as_deref(), placement.work_based.as_deref()), (Some("A"), Some("S")));
    let needs: Vec<_> = active.needs.iter().map(|need| (need.kind.as_str(), need.rank)).collect();
    assert_eq!(needs, [("ASD", Some(1)), ("SLCN", Some(2))]);
}

#[test]
fn other_spellings_prefixes_and_orders_mean_the_same() {
    let kept = sample("spellings.xml");
    let issues: Vec<_> = kept.rows.iter().flat_map(|row| &row.issues).collect();
    assert!(issues.is_empty() && kept.file_issues.is_empty(), "{issues:?}");
    let [first, second] = &kept.rows[..] else { panic!() };
    assert_eq!(case(first).person.sex.as_deref(), Some("M"));
    assert_eq!(case(first).plan().unwrap().work_based.as_deref(), Some("A"));
    assert!(case(first).plan().unwrap().personal_budget);
    assert_eq!(case(first).plan().unwrap().settings[0].sen_setting.as_deref(), Some("EHE"));
    assert_eq!(case(second).active_plan.as_ref().unwrap().placements[0].work_based.as_deref(), Some("S"));
    assert_eq!(first.record.as_ref().unwrap().child, second.record.as_ref().unwrap().child);
}

#[test]
fn a_child_without_a_upn_is_one_authoritys_record_of_a_name() {
    let row = one(
        "<PersonBirthDate>2022-05-04</PersonBirthDate><Surname>Example</Surname><Forename>Ada</Forename><UPNunknown>UN1</UPNunknown>",
        REQUEST,
    );
    let child = row.record.unwrap().child.identifier;
    assert!(child == ChildIdentifier::Named { authority: "E10000015".parse().unwrap(), surname: "Example".into(), forename: "Ada".into() });
    assert!(row.issues.is_empty());
}

#[test]
fn each_wrong_item_is_reported_with_its_name() {
    use IssueCode::*;
    let (plan, active) = (
        "<Assessment><AssessmentOutcome>Y</AssessmentOutcome><AssessmentOutcomeDate>2026-04-20</AssessmentOutcomeDate><NamedPlan>",
        "<ActivePlans>",
    );
    let in_plan = |item: &str| format!("{REQUEST}{plan}<StartDate>2026-05-22</StartDate>{item}</NamedPlan></Assessment>");
    let in_active = |item: &str| format!("{REQUEST}{active}{item}</ActivePlans>");
    let person = |item: &str| format!("<PersonBirthDate>2016-05-04</PersonBirthDate>{item}");
    let cases: &[(String, String, &[Fault])] = &[
        (PERSON.into(), REQUEST.into(), &[]),
        (person("<UPN>N919200016001</UPN>"), REQUEST.into(), &[("UPN", UpnCheckLetter)]),
        (person("<UPN>M91920001600</UPN>"), REQUEST.into(), &[("UPN", UpnFormat)]),
        (person("<Surname>A</Surname><Forename>B</Forename>"), REQUEST.into(), &[("UPN", UpnMissing)]),
        (person("<Surname>A</Surname><UPNunknown>UN1</UPNunknown>"), REQUEST.into(), &[("Forename", NameMissing)]),
        (person("<UPNunknown>UN1</UPNunknown>"), REQUEST.into(), &[("Surname", NameMissing)]),
        (person("<UPN>M919200016001</UPN><Sex>1</Sex>"), REQUEST.into(), &[("Sex", CodeUnknown)]),
        (person("<UPN>M919200016001</UPN><Surname>&#1;</Surname>"), REQUEST.into(), &[("Surname", ValueControlCharacter)]),
        (format!("{PERSON}<PostCode>{}</PostCode>", "Z".repeat(21)), REQUEST.into(), &[("PostCode", ValueTooLong)]),
        ("<UPN>M919200016001</UPN>".into(), REQUEST.into(), &[("PersonBirthDate", ValueMissing)]),
        (
            "<UPN>M919200016001</UPN><PersonBirthDate>2015-02-29</PersonBirthDate>".into(),
            REQUEST.into(),
            &[("PersonBirthDate", DateFormat)],
        ),
        (format!("{PERSON}<UPN>M919200017002</UPN>"), REQUEST.into(), &[("UPN", ElementTooOften)]),
        (PERSON.into(), String::new(), &[("ReceivedDate", ValueMissing)]),
        (PERSON.into(), "<ReceivedDate>05/01/2026</ReceivedDate>".into(), &[("ReceivedDate", DateFormat)]),
        (PERSON.into(), "<ReceivedDate>2026-11-21</ReceivedDate>".into(), &[("ReceivedDate", RequestInFuture)]),
        (PERSON.into(), format!("{REQUEST}<RequestSource>9</RequestSource>"), &[("RequestSource", CodeUnknown)]),
        (PERSON.into(), format!("{REQUEST}<RYA>yes</RYA>"), &[("RYA", ValueNotBoolean)]),
        (
            PERSON.into(),
            "<ReceivedDate>2026-01-05</ReceivedDate><RequestOutcome>Q</RequestOutcome>".into(),
            &[("RequestOutcome", ValueNotClosedList)],
        ),
        (PERSON.into(), format!("{REQUEST}<Assessment/><Assessment/>"), &[("Assessment", ElementTooOften)]),
        (PERSON.into(), format!("{REQUEST}{plan}</NamedPlan></Assessment>"), &[("StartDate", ValueMissing)]),
        (PERSON.into(), in_plan("<CeaseReason>10</CeaseReason>"), &[("CeaseReason", CodeUnknown)]),
        (PERSON.into(), in_plan("<PlanDetail><PlacementRank>first</PlacementRank></PlanDetail>"), &[("PlacementRank", ValueNotNumber)]),
        (PERSON.into(), in_plan("<PlanDetail/><PlanDetail/><PlanDetail/>"), &[("PlanDetail", ElementTooOften)]),
        (PERSON.into(), in_active("<SENneed><SENtype>ADHD</SENtype></SENneed>"), &[("SENtype", CodeUnknown)]),
        (PERSON.into(), in_active("<SENneed><SENtypeRank>1</SENtypeRank></SENneed>"), &[("SENtype", ValueMissing)]),
        (PERSON.into(), in_active("<PlacementDetail><RES>C</RES></PlacementDetail>"), &[("RES", CodeUnknown)]),
        (PERSON.into(), in_active("<LastReview>2026-10</LastReview>"), &[("LastReview", DateFormat)]),
    ];
    for (person, request, expected) in cases {
        assert_eq!(faults(&one(person, request)), *expected, "{person} {request}");
    }
}

#[test]
fn each_request_of_a_person_is_a_row_and_a_person_without_one_is_a_row_too() {
    let person = |requests: &str| format!("<Person>{PERSON}{requests}</Person>");
    let request = format!("<Requests>{REQUEST}</Requests>");
    let kept = read(&message(&[person(&request), person(""), person(&request.repeat(2))].concat()));
    let rows: Vec<_> = kept.rows.iter().map(|row| (row.number, row.record.is_some())).collect();
    assert_eq!(rows, [(1, true), (2, false), (3, true), (4, true)]);
    assert_eq!(faults(&kept.rows[1]), [("Requests", IssueCode::RequestMissing)]);
}

#[test]
fn an_unknown_element_is_reported_once_where_it_first_occurs() {
    let person = format!(
        "<Person>{PERSON}<Phone/><UPN2><Phone/></UPN2><Requests>{REQUEST}<phone/></Requests><Requests>{REQUEST}</Requests></Person>"
    );
    let kept = read(&message(&format!("{person}{person}<Phone/><Other/>")).replace("<Persons>", "<DMO>x</DMO><Persons>"));
    let unknown = ("Person", IssueCode::ElementUnknown);
    assert_eq!(kept.rows.iter().map(faults).collect::<Vec<_>>(), [vec![unknown, unknown], vec![], vec![], vec![]]);
    assert_eq!(kept.file_issues.iter().map(|issue| issue.field).collect::<Vec<_>>(), ["Persons"]);
}

#[test]
fn what_is_not_a_whole_sen2_return_is_refused_by_name() {
    let good = message(&format!("<Person>{PERSON}<Requests>{REQUEST}</Requests></Person>"));
    let code = |text: &str| try_read(text.as_bytes()).1.err().map(|unreadable| unreadable.code());
    assert_eq!(code(&good), None);
    assert_eq!(code(&format!("\u{feff}<?xml version='1.0' encoding='utf-8'?>{good}\n<!-- end -->\n")), None);
    for (text, expected) in [
        (good.replace("SEN2", "CIN"), "not-this-format"),
        (good.replace("Message", "Envelope"), "not-this-format"),
        (good.replace("Header", "Heading"), "not-this-format"),
        (format!("<!DOCTYPE Message>{good}"), "doctype"),
        (format!("<?xml version='1.0' encoding='ISO-8859-1'?>{good}"), "encoding"),
        (good.replace("2016", "&year;"), "malformed"),
        (good.replace("2016", "&#xD800;"), "malformed"),
        (good.replace("</UPN>", "</Upn2>"), "malformed"),
        (format!("{good}{good}"), "malformed"),
        (format!("{good}more"), "malformed"),
        (format!("<!-- start -->more{good}"), "malformed"),
        (good.replace("</Message>", ""), "truncated"),
        (good.replace("</Message>", "</Message"), "truncated"),
        ("<!-- nothing -->".into(), "truncated"),
        (good.replace("<UPN>", &format!("<UPN>{}", "<a>".repeat(20))), "too-large"),
        (good.replace("<Requests>", &format!("{}<Requests>", "<Requests/>".repeat(100))), "too-large"),
        (good.replace("<UPN>", &format!("<Surname>{}</Surname><UPN>", "x".repeat(300_000))), "too-large"),
    ] {
        assert_eq!(code(&text), Some(expected), "{}", &text[..text.len().min(300)]);
    }
    assert_eq!(try_read(good.replace("M91", "\u{e9}").as_bytes()).0.rows.len(), 1);
    let latin: Vec<u8> = good.replace("M91", "\u{e9}").chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    assert_eq!(try_read(&latin).1.unwrap_err().code(), "encoding");
}

#[test]
fn people_come_out_as_they_go_in_and_before_the_file_is_known_to_be_whole() {
    let person = format!("<Person>{PERSON}<Requests>{REQUEST}</Requests></Person>");
    let many = message(&person.repeat(2000));
    let (kept, end) = try_read(&many.as_bytes()[..many.len() - 30]);
    assert_eq!(end.unwrap_err().code(), "truncated");
    assert!(kept.rows.len() >= 1999);
}
