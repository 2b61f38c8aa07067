//! How one message, or several about one referral, are read.

use domain::{ChildIdentifier, ChildReference, IdentifierMerge, NhsNumber, parse_day};

use super::*;

#[test]
fn a_referral_is_read_from_its_fields() {
    let kept = read(&[MSH, RF1, "PRD|RP||||||E82001^ODS", PID, "PD1|||^^E82001", DISTRICT]);
    assert_eq!(faults(&kept), []);
    let record = kept.rows[0].record.as_ref().unwrap();
    let number: NhsNumber = "9990000018".parse().unwrap();
    assert_eq!(record.child, ChildReference::by_nhs_number(number, parse_day("2016-05-04").unwrap()));
    let found = referral(&kept, 0);
    assert_eq!((found.referral_id.as_str(), found.status), ("R-1", ReferralStatus::Waiting));
    assert_eq!(found.referral_received_date, parse_day("2026-02-03").unwrap());
    assert_eq!(found.pathways, PathwaySet::from(Pathway::Autism));
    assert_eq!((found.recognised[0].rule.as_str(), found.recognised[0].codes[0].code.as_str()), ("hl7-autism", "SCT:401204006"));
    let details = &found.details;
    let shown = [&details.sex, &details.priority, &details.ethnic_category, &details.nhs_number_status, &details.district];
    assert_eq!(shown.map(|value| value.as_deref().unwrap()), ["1", "1", "A", "01", "E07000240"]);
    assert_eq!((details.referred_by.as_deref(), details.gp_practice.as_deref()), (Some("E82001"), Some("E82001")));
}

#[test]
fn the_last_message_about_a_referral_is_taken_whatever_came_before() {
    let with = |event: &str, status: &str| [MSH.replace("I12", event), RF1.replace("|P|", &format!("|{status}|"))];
    let (new, changed, gone) = (with("I12", "P"), with("I13", "A"), with("I14", "A"));
    let other = RF1.replace("R-1", "R-2");
    let kept = read(&[
        &new[0],
        &new[1],
        PID,
        DISTRICT,
        MSH,
        &other,
        PID,
        DISTRICT,
        &changed[0],
        &changed[1],
        PID,
        DISTRICT,
        &gone[0],
        &gone[1],
        PID,
        DISTRICT,
    ]);
    assert_eq!(kept.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4]);
    let ended = referral(&kept, 1);
    assert_eq!((ended.referral_id.as_str(), ended.status), ("R-1", ReferralStatus::Closed));
    assert_eq!(ended.details.closed_date, parse_day("2026-11-10"));
    assert_eq!(file_issues(&kept), [IssueCode::MessageSuperseded]);
}

#[test]
fn a_last_message_that_is_rejected_leaves_no_earlier_state_in_its_place() {
    let kept = read(&[MSH, RF1, PID, DISTRICT, MSH, &RF1.replace("20260203", "2026"), PID, DISTRICT]);
    assert_eq!(kept.rows.len(), 1);
    assert_eq!((kept.rows[0].referral_id.as_deref(), kept.rows[0].record.is_none()), (Some("R-1"), true));
}

#[test]
fn a_cancellation_ends_the_referral_on_its_day() {
    let cancelled = MSH.replace("I12", "I14");
    let end = |referral_segment: &str, local: &str| {
        let kept = read(&[&cancelled, referral_segment, PID, DISTRICT, local]);
        let found = referral(&kept, 0);
        (found.status, found.details.closed_date.or(found.details.rejected_date).map(|day| day.to_string()).unwrap_or_default())
    };
    let dated = RF1.replace("20260203|||", "20260203||20261105|");
    assert_eq!(end(RF1, "ZSB|team|T"), (ReferralStatus::Closed, "2026-11-10".into()));
    assert_eq!(end(&dated, "ZSB|status|waiting"), (ReferralStatus::Closed, "2026-11-05".into()));
    assert_eq!(end(&dated.replace("|P|", "|R|"), "ZSB|team|T"), (ReferralStatus::Rejected, "2026-11-05".into()));
    assert_eq!(end(RF1, "ZSB|closed_date|2026-11-01"), (ReferralStatus::Closed, "2026-11-01".into()));
}

#[test]
fn a_merge_names_who_stays_and_what_is_retired() {
    let header = MSH.replace("REF^I12", "ADT^A40");
    let kept = read(&[&header, PID, "MRG|9990000026^^^NHS^NH~L-3^^^RY4^MR~123456789^^^USSSA^SS~9990000018^^^NHS^NH"]);
    assert_eq!(faults(&kept), []);
    let record = kept.rows[0].record.as_ref().unwrap();
    assert_eq!(record.child.nhs_number().unwrap().as_str(), "9990000018");
    let local = ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "L-3".into() };
    let retired = vec![ChildIdentifier::NhsNumber("9990000026".parse().unwrap()), local];
    assert_eq!(record.entry, SubmittedEntry::Merge(IdentifierMerge { retired }));
}

#[test]
fn a_merge_that_is_unclear_is_rejected() {
    use IssueCode::*;
    let header = MSH.replace("REF^I12", "ADT^A40");
    let retired = "MRG|L-3^^^RY4^MR";
    for (segments, expected) in [
        (vec![PID], vec![("MRG", SegmentMissing)]),
        (vec![retired], vec![("PID", SegmentMissing), ("PID-7", ValueMissing)]),
        (vec![PID, "MRG|9990000018^^^NHS^NH"], vec![("MRG-1", MergeUnclear)]),
        (vec![PID, "MRG|9990000027^^^NHS^NH"], vec![("MRG-1", NhsNumberCheckDigit)]),
        (vec![PID, retired, PID, retired], vec![("PID", SegmentTooOften), ("MRG", SegmentTooOften)]),
        (vec!["PID|1||425579745^^^USSSA^SS||||20160504", retired], vec![("PID-3", ChildNotIdentified)]),
        (vec!["PID|1||L-1^^^RY4^MR||||2016", retired], vec![("PID-7", DateFormat)]),
    ] {
        let kept = read(&[&[header.as_str()], segments.as_slice()].concat());
        assert_eq!(faults(&kept), expected, "{segments:?}");
        assert!(kept.rows[0].record.is_none());
    }
}

#[test]
fn hl7_codes_are_read_as_nhs_codes() {
    let details = |from: &str, to: &str| {
        let kept = read(&[MSH, &RF1.replace(from, to), &PID.replace(from, to), DISTRICT]);
        referral(&kept, 0).details.clone()
    };
    for (code, sex) in [("F", "2"), ("O", "9"), ("A", "9"), ("U", "X"), ("N", "X"), ("0", "X"), ("1", "1"), ("9", "9")] {
        assert_eq!(details("|M|", &format!("|{code}|")).sex.as_deref(), Some(sex), "{code}");
    }
    for (code, priority) in [("S", "2"), ("A", "2"), ("1", "1"), ("3", "3")] {
        assert_eq!(details("P|R|", &format!("P|{code}|")).priority.as_deref(), Some(priority), "{code}");
    }
    assert_eq!(details("|A|||||||", "|N^NOT HISPANIC^HL70189|||||||").ethnic_category, None);
    for reliability in ["US", "1", "001"] {
        assert_eq!(details("||||||01", &format!("||||||{reliability}")).nhs_number_status, None, "{reliability}");
    }
}

#[test]
fn an_unknown_status_is_an_error() {
    let kept = read(&[MSH, &RF1.replace("|P|", "|Q|"), PID, DISTRICT]);
    assert_eq!(faults(&kept), [("RF1-1", IssueCode::ValueNotClosedList)]);
}

#[test]
fn only_identifiers_of_the_nhs_and_the_provider_are_kept() {
    let child = "PID|1|111111111|425579745^^^USSSA^SS~T0534963^^^DL~L-1^^^RY4^PI||||20160504|M|||||||||||425-57-9745";
    let kept = read(&[MSH, RF1, child, "GT1|1|425579745^^^^SS", DISTRICT]);
    let record = kept.rows[0].record.as_ref().unwrap();
    assert_eq!(record.child.identifier, ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "L-1".into() });
    assert_eq!(referral(&kept, 0).details.local_patient_id.as_deref(), Some("L-1"));
    let kept = format!("{:?}", referral(&kept, 0));
    assert!(!kept.contains("42557") && !kept.contains("425-57") && !kept.contains("T0534963") && !kept.contains("1111"));
}

#[test]
fn the_pathway_comes_from_the_codes_but_not_from_a_final_diagnosis() {
    let found = |reason: &str, more: &str| {
        let kept = read(&[MSH, &format!("RF1|P|R||||R-1|20260203|||{reason}"), PID, DISTRICT, more]);
        kept.rows.first().map(|_| referral(&kept, 0).pathways.to_string()).unwrap_or_else(|| format!("out of scope {}", kept.out_of_scope))
    };
    assert_eq!(found("autism^^SENDBRIDGE~adhd^^SENDBRIDGE", "OBX|1"), "autism|adhd");
    assert_eq!(found("mental-health^^SENDBRIDGE", "OBX|1"), "mental-health");
    assert_eq!(found("035^Hearing^CSDS", "OBR|1|||308452008^^SNOMED"), "speech-and-language|audiology");
    assert_eq!(found("X^^L^071^^csds", "OBX|1"), "speech-and-language");
    assert_eq!(found("", "DG1|1||401204006^^SCT|||W"), "autism");
    assert_eq!(found("", "DG1|1||401204006^^SCT|||F"), "out of scope 1");
    assert_eq!(found("401204006", "DG1|1||K63.3^Ulcer^I10"), "out of scope 1");
}

#[test]
fn a_referral_to_a_site_of_the_provider_is_its_own_and_to_another_is_not() {
    let to = |code: &str| faults(&read(&[MSH, RF1, &format!("PRD|RT||||||{code}^ODS"), PID, DISTRICT]));
    assert_eq!(to("RY4"), []);
    assert_eq!(to("ry401"), []);
    assert_eq!(to("RWR"), [("PRD-7", IssueCode::ReferredElsewhere)]);
}

#[test]
fn the_earlier_referral_is_linked_and_a_namespace_that_is_no_organisation_is_left_out() {
    let linked = |external: &str| {
        let kept = read(&[MSH, &format!("{RF1}|{external}"), PID, DISTRICT]);
        let details = referral(&kept, 0).details.clone();
        (details.previous.map(|previous| (previous.referral_id, previous.provider.map(|it| it.to_string()))), details.ubrn)
    };
    let previous = |provider: Option<&str>| Some(("R-0".to_owned(), provider.map(str::to_owned)));
    assert_eq!(linked("R-0^RWR"), (previous(Some("RWR")), None));
    assert_eq!(linked("R-0"), (previous(None), None));
    assert_eq!(linked("R-0^An Application~123456789012^UBRN"), (previous(None), Some("123456789012".into())));
}

#[test]
fn a_date_and_time_is_read_as_a_day_in_london() {
    for (text, day) in [
        ("20260701", Some("2026-07-01")),
        ("202607012330+0000", Some("2026-07-02")),
        ("202607012330", Some("2026-07-01")),
        ("20260701233059.1234-0100", Some("2026-07-02")),
        ("20260701+0000", Some("2026-07-01")),
        ("2026070123", Some("2026-07-01")),
        ("20260229", None),
        ("202607", None),
        ("2026-07-01", None),
        ("20260701236060", None),
        ("202607012330+1", None),
        ("20260701233", None),
        ("2026é0701", None),
        ("", None),
    ] {
        assert_eq!(dates::day(text).map(|day| day.to_string()).as_deref(), day, "{text}");
    }
    assert_eq!(dates::written_day("201605042330-1000"), parse_day("2016-05-04"));
}
