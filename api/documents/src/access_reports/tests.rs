use serde_json::{Value, json};

use super::*;
use crate::examples::partnership;

const YES: &str = "0197f000-0000-7000-8000-000000000001";
const OVERRIDE: &str = "0197f000-0000-7000-8000-000000000009";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The council's coordinator saw where the child waits, because the parent said yes; `change` replaces fields.
fn leaf(change: Value) -> (i64, ToldLeaf) {
    let mut leaf = json!({
        "at": "2026-11-03T14:05:00Z", "client": "council-herts", "organisation": "E10000015",
        "actor": { "id": "kt-204", "role": "ehc-coordinator", "reason": "assessment C-1" }, "operation": "get_waits",
        "request_id": "0197f000-0000-7000-8000-000000000002", "act": "disclose", "outcome": "permitted", "holder": "RWG",
        "recipient": "E10000015", "purpose": "care-coordination", "data": "waiting-list-status", "pathways": ["autism"],
        "agreements": ["west-herts-waits"], "grounds": ["consent"], "consents": [YES]
    });
    let Value::Object(change) = change else { panic!("an object") };
    leaf.as_object_mut().unwrap().extend(change);
    (1, serde_json::from_value(leaf).unwrap())
}

fn consent(decided_by: domain::DecidedBy) -> Consent {
    Consent {
        id: YES.parse().unwrap(),
        decision: domain::ConsentDecision::Permit,
        purpose: domain::Purpose::CareCoordination,
        data: vec![domain::DataClass::WaitingListStatus],
        pathways: domain::Pathway::Autism.into(),
        recipient: "E10000015".parse().unwrap(),
        decided_by,
        valid_from: day("2026-11-01"),
        valid_to: None,
        recorded_by: "E10000015".parse().unwrap(),
        recorded_at: "2026-11-01T09:00:00Z".parse().unwrap(),
        withdrawn_at: None,
        review: None,
    }
}

fn restriction(kind: domain::RestrictionKind) -> domain::Restriction {
    domain::Restriction {
        id: "0197f000-0000-7000-8000-000000000005".parse().unwrap(),
        kind,
        against: None,
        starts: day("2026-10-01"),
        ends: None,
        set_by: "RWG".parse().unwrap(),
        lifted_at: None,
    }
}

fn log(leaves: Vec<(i64, ToldLeaf)>) -> ChildLog {
    let facts = domain::ChildFacts { consents: vec![consent(domain::DecidedBy::Parent)], ..Default::default() };
    ChildLog { leaves, facts }
}

fn report<'a>(log: &'a ChildLog, partnership: &'a Partnership) -> AccessReport<'a> {
    AccessReport::of(log, partnership, day("2016-05-04"), day("2026-11-20"), false)
}

/// The two parts of the paper: the reviewer's, and the family's.
fn parts(log: &ChildLog) -> (String, String) {
    let page = report(log, &partnership()).markdown();
    let (reviewers, familys) = page.split_once("## The report").unwrap();
    (reviewers.to_owned(), familys.to_owned())
}

#[test]
fn a_disclosure_is_told_in_sentences_that_a_parent_can_read() {
    let (_, family) = parts(&log(vec![leaf(json!({}))]));
    let told = "On 3 November 2026 at 14:05, Hertfordshire County Council’s EHC coordinator saw where the child is on a waiting list, and how \
                long the wait has been (autism). It came from West Hertfordshire Teaching Hospitals NHS Trust. This was so that those who \
                help a child can work together. The reason they gave was: “assessment C-1”. The sharing agreement “west-herts-waits” allowed \
                it, because a parent said yes, written down on 1 November 2026.";
    assert!(family.contains(told), "{family}");
    assert!(!family.contains("kt-204"), "a person is told by role");
    assert!(
        family.contains("**The law:** UK GDPR articles 6(1)(e) and 9(2)(h); Data Protection Act 2018, Schedule 1, paragraph 2"),
        "{family}"
    );
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let refused = json!({ "outcome": "refused", "reason": "consent-withdrawn", "grounds": [] });
    let (_, family) = parts(&log(vec![leaf(refused)]));
    assert!(family.contains("asked to see where the child is"), "{family}");
    assert!(family.contains("The answer was no, and nothing was shown, because the yes that was given had been taken back."), "{family}");
    assert!(!family.contains("allowed it") && !family.contains("The law"), "{family}");
}

#[test]
fn the_draft_says_so_and_has_a_part_to_be_removed() {
    let empty = ChildLog::default();
    for log in [&empty, &log(vec![leaf(json!({}))])] {
        let page = report(log, &partnership()).html();
        assert!(page.contains(&format!("<p class=\"draft\" role=\"note\">{}</p>", AccessReport::DRAFT)));
        assert!(page.contains("<section class=\"remove\"") && page.contains("remove this part"));
        assert!(page.find("class=\"draft\"").unwrap() < page.find("<section").unwrap());
        for needed in ["serious harm", "Schedule 3, Part 2", "Schedule 3, Part 4", "Schedule 3, Part 5", "own wishes", "Hidden address"] {
            assert!(page.contains(needed), "{needed}");
        }
        assert!(!page.contains("<script"));
    }
}

/// Entries that speak of a restriction or an override, or of what a child decided alone.
fn secrets() -> Vec<(&'static str, ChildLog)> {
    use domain::DecidedBy;
    let with = |leaf: (i64, ToldLeaf), decided_by| ChildLog {
        leaves: vec![leaf],
        facts: domain::ChildFacts { consents: vec![consent(decided_by)], ..Default::default() },
    };
    let refused = |reason: &str| leaf(json!({ "outcome": "refused", "reason": reason, "grounds": [], "consents": [] }));
    let mut secrets = vec![
        ("an override", log(vec![leaf(json!({ "grounds": ["override"], "consents": [], "overrides": [OVERRIDE] }))])),
        ("an override's ground", log(vec![leaf(json!({ "grounds": ["override"], "consents": [] }))])),
        ("a child's own yes", with(leaf(json!({})), DecidedBy::CompetentChild)),
        ("a young person's own yes", with(leaf(json!({})), DecidedBy::YoungPerson)),
        (
            "a child's own yes, recorded",
            with(leaf(json!({ "act": "record-consent", "consents": [], "resource": YES })), DecidedBy::CompetentChild),
        ),
        ("a kind that is new", log(vec![leaf(json!({ "act": "dance" }))])),
    ];
    for reason in ["safeguarding", "court-order", "adopted", "consent-of-recipient", "decider-not-entitled"] {
        secrets.push((reason, log(vec![refused(reason)])));
    }
    for act in ["restrict", "lift-restriction", "override", "end-override", "hold"] {
        secrets.push((act, log(vec![leaf(json!({ "act": act, "agreements": [], "grounds": ["task"], "consents": [] }))])));
    }
    secrets
}

#[test]
fn the_familys_part_does_not_betray_what_only_the_reviewer_may_see() {
    let (_, nothing) = parts(&ChildLog::default());
    for (what, log) in secrets() {
        let (reviewers, family) = parts(&log);
        assert_eq!(family, nothing, "{what}");
        assert!(reviewers.contains("kept out"), "{what}: {reviewers}");
        // Between two entries that are told, nothing shows that one is missing.
        let mut around = log.clone();
        around.leaves.splice(0..0, [leaf(json!({}))]);
        around.leaves.push(leaf(json!({})));
        around.facts.consents = vec![consent(domain::DecidedBy::Parent)];
        if !what.contains("own yes") {
            let (_, family) = parts(&around);
            assert!(family.contains("\n### 1. ") && family.contains("\n### 2. ") && !family.contains("\n### 3. "), "{what}: {family}");
        }
    }
}

#[test]
fn a_hidden_address_is_not_betrayed_by_the_names_of_services_nor_by_free_text() {
    use domain::RestrictionKind;
    let free = json!({ "actor": { "id": "kt-204", "role": "watford-outreach", "reason": "visit in Watford" } });
    let mut hidden =
        log(vec![leaf(free.clone()), leaf(json!({ "outcome": "refused", "reason": "consent-missing", "actor": free["actor"] }))]);
    let (_, open) = parts(&hidden);
    for place in ["West Hertfordshire", "atford", "west-herts"] {
        assert!(open.contains(place), "{place}: the control");
    }
    hidden.facts.restrictions = vec![restriction(RestrictionKind::AddressHidden)];
    let (reviewers, family) = parts(&hidden);
    for place in ["West Hertfordshire", "atford", "west-herts"] {
        assert!(!family.contains(place), "{place}: {family}");
    }
    assert!(family.contains("an NHS provider") && family.contains("Hertfordshire County Council"), "{family}");
    assert!(!family.to_lowercase().contains("address") && !family.to_lowercase().contains("hidden"), "{family}");
    assert!(reviewers.contains("address is hidden") && reviewers.contains("address-hidden"), "{reviewers}");
    hidden.facts.restrictions[0].lifted_at = Some("2026-11-10T00:00:00Z".parse().unwrap());
    assert!(parts(&hidden).1.contains("West Hertfordshire"), "once lifted, it hides nothing");
}

#[test]
fn a_reason_that_speaks_of_child_protection_is_flagged_and_not_repeated() {
    let spoken = log(vec![leaf(json!({ "actor": { "id": "kt-204", "role": "ehc-coordinator", "reason": "Safeguarding visit" } }))]);
    let (reviewers, family) = parts(&spoken);
    assert!(reviewers.contains("child protection?") && !family.to_lowercase().contains("safeguarding"), "{family}");
    assert!(family.contains("where the child is on a waiting list"), "it happened, and is told");
}

#[test]
fn every_entry_is_flagged_for_what_a_reviewer_has_to_think_of() {
    let (partnership, plain) = (partnership(), log(vec![leaf(json!({}))]));
    assert_eq!(report(&plain, &partnership).entries[0].flags, [Flag::SeriousHarm, Flag::ThirdParty]);
    let mut restricted = plain;
    restricted.facts.restrictions = vec![restriction(domain::RestrictionKind::Safeguarding)];
    let found = report(&restricted, &partnership);
    assert!(found.entries[0].flags.contains(&Flag::ChildProtection), "it stood on that day");
    assert_eq!(found.notices, [Notice::Safeguarding]);
    restricted.facts.restrictions[0].starts = day("2026-11-04");
    assert!(!report(&restricted, &partnership).entries[0].flags.contains(&Flag::ChildProtection), "it did not stand yet");
    let unmanned = log(vec![leaf(json!({ "actor": null }))]);
    assert_eq!(report(&unmanned, &partnership).entries[0].flags, [Flag::SeriousHarm]);
}

#[test]
fn a_person_of_twelve_and_of_sixteen_is_thought_of() {
    let (partnership, empty) = (partnership(), ChildLog::default());
    for (born, notices) in [
        ("2014-11-21", &[][..]),
        ("2014-11-20", &[Notice::MayBeCompetent][..]),
        ("2010-11-21", &[Notice::MayBeCompetent][..]),
        ("2010-11-20", &[Notice::OfAge][..]),
    ] {
        assert_eq!(AccessReport::of(&empty, &partnership, day(born), day("2026-11-20"), false).notices, notices, "{born}");
    }
}

#[test]
fn what_an_outsider_wrote_does_not_become_part_of_the_page() {
    let hostile = json!({ "actor": { "id": "x", "role": "<b>r</b>", "reason": "<img src=x onerror=alert(1)> | [a](javascript:b)" } });
    let log = log(vec![leaf(hostile)]);
    let (partnership, page) = (partnership(), report(&log, &partnership()).html());
    assert!(!page.contains("<img") && !page.contains("<b>") && page.contains("&lt;img"), "{page}");
    let text = report(&log, &partnership).markdown();
    assert!(!text.contains("<img") && !text.contains("[a](") && text.contains("\\[a\\]("), "{text}");
}

#[test]
fn a_part_of_a_report_says_that_it_is_not_all() {
    let log = log(vec![leaf(json!({}))]);
    let page = |is_part| AccessReport::of(&log, &partnership(), day("2016-05-04"), day("2026-11-20"), is_part).markdown();
    assert!(page(true).contains("THIS IS NOT ALL") && !page(false).contains("THIS IS NOT ALL"));
}

#[test]
fn a_family_is_told_which_numbers_were_taken_for_one_childs() {
    let told = |act: &str, change: Value| {
        let mut changed = json!({ "act": act, "data": "child-matching", "holder": "E10000015", "agreements": [], "consents": [] });
        let Value::Object(change) = change else { panic!("an object") };
        changed.as_object_mut().unwrap().extend(change);
        parts(&log(vec![leaf(changed)])).1
    };
    for (act, noted) in [
        ("join", "note that two numbers or names are this child’s"),
        ("part", "note that two numbers or names should not be taken for one child’s"),
        ("join-own", "note that it has two numbers or names for the child"),
    ] {
        let (done, asked) = (noted.replacen("note", "noted", 1), format!("asked to {noted}"));
        let permitted = told(act, json!({ "grounds": ["own"] }));
        assert!(permitted.contains(&done) && !permitted.contains("allowed it"), "{permitted}");
        let refused = told(act, json!({ "outcome": "refused", "reason": "no-agreement", "grounds": [] }));
        assert!(refused.contains(&asked) && refused.contains("The answer was no"), "{refused}");
        // That two numbers may not be joined would tell of an adoption.
        let adopted = told(act, json!({ "outcome": "refused", "reason": "adopted", "grounds": [] }));
        assert!(!adopted.contains("numbers or names"), "{adopted}");
    }
}
