use chrono::NaiveDate;
use domain::children::{ChildIdentifier, ChildReference};
use domain::dates::parse_day;
use domain::nhs_numbers::NhsNumber;
use domain::pathways::{Pathway, PathwaySet};
use domain::referrals::{Hold, OnwardReferral, PreviousReferral, Referral, ReferralDetails, Stage, Status};
use domain::submissions::{Entry, Merge, Record};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::kept::{self, Kept};
use crate::rows::Fault;

const MSH: &str = "MSH|^~\\&|EPR|RY4|||20261110||REF^I12|1|P|2.5||||||UNICODE UTF-8";
const RF1: &str = "RF1|P|R||||R-1|20260203|||401204006^Suspected autism^SCT";
const PID: &str = "PID|1||9990000018^^^NHS^NH||||20160504|M||||||||||||||A||||||||||01";
const DISTRICT: &str = "ZSB|district|E07000240";

fn read(segments: &[&str]) -> Kept {
    read_bytes((segments.join("\r") + "\r").as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Kept {
    let (kept, end) = kept::read(&Hl7V2, "RY4", bytes);
    end.unwrap();
    kept
}

fn faults(kept: &Kept) -> Vec<Fault> {
    kept.rows.iter().flat_map(|row| &row.issues).map(|issue| (issue.field, issue.code)).collect()
}

fn file_issues(kept: &Kept) -> Vec<IssueCode> {
    kept.file_issues.iter().map(|issue| issue.code).collect()
}

fn referral(kept: &Kept, at: usize) -> &Referral {
    match &kept.rows[at].record.as_ref().unwrap().entry {
        Entry::Referral(referral) => referral,
        _ => panic!("no referral"),
    }
}

fn refused(segments: &[&str]) -> &'static str {
    kept::read(&Hl7V2, "RY4", (segments.join("\r") + "\r").as_bytes()).1.unwrap_err().code()
}

#[test]
fn a_referral_is_read_from_its_fields() {
    let kept = read(&[MSH, RF1, "PRD|RP||||||E82001^ODS", PID, "PD1|||^^E82001", DISTRICT]);
    assert_eq!(faults(&kept), []);
    let record = kept.rows[0].record.as_ref().unwrap();
    let number: NhsNumber = "9990000018".parse().unwrap();
    assert_eq!(record.child, ChildReference::by_nhs_number(number, parse_day("2016-05-04").unwrap()));
    let found = referral(&kept, 0);
    assert_eq!((found.referral_id.as_str(), found.status), ("R-1", Status::Waiting));
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
    assert_eq!((ended.referral_id.as_str(), ended.status), ("R-1", Status::Closed));
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
    assert_eq!(end(RF1, "ZSB|team|T"), (Status::Closed, "2026-11-10".into()));
    assert_eq!(end(&dated, "ZSB|status|waiting"), (Status::Closed, "2026-11-05".into()));
    assert_eq!(end(&dated.replace("|P|", "|R|"), "ZSB|team|T"), (Status::Rejected, "2026-11-05".into()));
    assert_eq!(end(RF1, "ZSB|closed_date|2026-11-01"), (Status::Closed, "2026-11-01".into()));
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
    assert_eq!(record.entry, Entry::Merge(Merge { retired }));
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
fn codes_of_hl7_are_read_as_those_of_the_nhs() {
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
fn a_status_that_is_none_is_an_error() {
    let kept = read(&[MSH, &RF1.replace("|P|", "|Q|"), PID, DISTRICT]);
    assert_eq!(faults(&kept), [("RF1-1", IssueCode::ValueNotClosedList)]);
}

#[test]
fn what_is_no_identifier_of_the_nhs_or_the_provider_is_never_kept() {
    let child = "PID|1|111111111|425579745^^^USSSA^SS~T0534963^^^DL~L-1^^^RY4^PI||||20160504|M|||||||||||425-57-9745";
    let kept = read(&[MSH, RF1, child, "GT1|1|425579745^^^^SS", DISTRICT]);
    let record = kept.rows[0].record.as_ref().unwrap();
    assert_eq!(record.child.identifier, ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "L-1".into() });
    assert_eq!(referral(&kept, 0).details.local_patient_id.as_deref(), Some("L-1"));
    let kept = format!("{:?}", referral(&kept, 0));
    assert!(!kept.contains("42557") && !kept.contains("425-57") && !kept.contains("T0534963") && !kept.contains("1111"));
}

#[test]
fn the_pathway_comes_from_the_codes_and_a_final_diagnosis_says_none() {
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
fn moments_are_days_of_london() {
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

#[test]
fn messages_about_no_referral_are_counted_and_those_of_unknown_kind_named() {
    for event in ["ADT^A08", "ADT^A28", "SIU^S12", "MDM^T02", "ACK"] {
        let kept = read(&[&MSH.replace("REF^I12", event), PID]);
        assert_eq!((kept.out_of_scope, kept.rows.len()), (1, 0), "{event}");
    }
    for event in ["REF^I15", "RRI^I12", "ADT^A34", "ADT^A47", "", "XYZ"] {
        assert_eq!(faults(&read(&[&MSH.replace("REF^I12", event), PID])), [("MSH-9", IssueCode::MessageType)], "{event}");
    }
}

#[test]
fn counts_of_a_file_have_to_be_what_it_holds() {
    let message = [MSH, RF1, PID, DISTRICT];
    let file = |before: &[&'static str], after: &[&'static str]| [before, &message, after].concat();
    for (before, after) in [(vec!["BHS|^~\\&"], vec!["BTS"]), (vec!["FHS|^~\\&", "BHS|^~\\&"], vec!["BTS|1", "FTS|1"])] {
        assert_eq!(read(&file(&before, &after)).rows.len(), 1);
    }
    assert_eq!(refused(&file(&["BHS|^~\\&"], &["BTS|2"])), "count-mismatch");
    assert_eq!(refused(&file(&["BHS|^~\\&"], &["BTS|one"])), "count-mismatch");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["BTS|1", "FTS|2"])), "count-mismatch");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["BTS|1"])), "truncated");
    assert_eq!(refused(&file(&["BHS|^~\\&"], &[])), "truncated");
    assert_eq!(refused(&file(&["FHS|^~\\&", "BHS|^~\\&"], &["FTS|1"])), "malformed");
    assert_eq!(refused(&file(&["FHS|^~\\&"], &["FTS|0", "FHS|^~\\&", "FTS|0"])), "malformed");
    assert_eq!(refused(&[PID]), "not-this-format");
}

#[test]
fn an_empty_batch_is_a_nil_return() {
    assert!(read(&["FHS|^~\\&", "BHS|^~\\&", "BTS|0", "FTS|1"]).rows.is_empty());
}

#[test]
fn only_a_segment_that_is_read_has_to_be_ended() {
    let message = [MSH, RF1, PID, DISTRICT, "OBX|1|ST|a letter that was cut sh"].join("\r");
    assert_eq!(faults(&read_bytes(message.as_bytes())), []);
    let kept = read_bytes([MSH, RF1, PID, DISTRICT].join("\r").as_bytes());
    assert_eq!(faults(&kept), [("message", IssueCode::MessageCutShort)]);
    // The id stands in a segment that was ended: the referral did flow.
    assert_eq!(kept.rows[0].referral_id.as_deref(), Some("R-1"));
    assert_eq!(read_bytes([MSH, PID, RF1].join("\r").as_bytes()).rows[0].referral_id, None);
    let framed = format!("\x0b{}\x1c", [MSH, RF1, PID, DISTRICT].join("\r"));
    assert_eq!(faults(&read_bytes(framed.as_bytes())), []);
}

#[test]
fn a_message_larger_than_any_is_refused_and_a_large_letter_is_not() {
    let with_letter = |length| [MSH, RF1, PID, DISTRICT, &format!("OBX|1|ED|{}", "A".repeat(length))].join("\r") + "\r";
    assert_eq!(read_bytes(with_letter(900_000).as_bytes()).rows.len(), 1);
    let (_, end) = kept::read(&Hl7V2, "RY4", with_letter(1_200_000).as_bytes());
    assert_eq!(end.unwrap_err().code(), "too-large");
}

#[test]
fn every_reference_message_is_read_or_refused_by_name() {
    use IssueCode::*;
    let bytes = |name: &str| std::fs::read(format!("{}/src/hl7v2/samples/reference/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (name, out_of_scope) in [
        ("ADT-A04-01.hl7", 1),
        ("ADT-A08-01.hl7", 1),
        ("ADT-A28-01.hl7", 1),
        ("ADT-A31-01.hl7", 1),
        ("MDM-T02-01.hl7", 1),
        // Adults' bowels: of none of the pathways.
        ("REF-I12-01.hl7", 1),
        ("REF-I14-01.hl7", 1),
        ("SIU-S12-01.hl7", 1),
        ("ADT-A40-01.hl7", 0),
    ] {
        let kept = read_bytes(&bytes(name));
        assert_eq!(kept.out_of_scope, out_of_scope, "{name}");
        assert_eq!(file_issues(&kept), [SegmentSeparator], "{name}");
    }
    // Its last segment, which names who is retired, has no end.
    assert_eq!(faults(&read_bytes(&bytes("ADT-A40-01.hl7"))), [("message", MessageCutShort)]);
    // The same referrals as those of the samples, had they been for autism.
    let sample = String::from_utf8(bytes("REF-I12-01.hl7")).unwrap();
    let kept = read_bytes(sample.replace("O^Provider Ordered^HL70336", "autism^^SENDBRIDGE").as_bytes());
    assert_eq!(faults(&kept)[0], ("PID-3", ChildNotIdentified));
    assert_eq!(kept.rows[0].referral_id.as_deref(), Some("226839"));
}

#[test]
fn text_is_read_by_its_character_set() {
    let team = |set: &str, team: &[u8]| {
        let head = [&MSH.replace("UNICODE UTF-8", set), RF1, PID, DISTRICT, "ZSB|team|"].join("\r");
        let kept = read_bytes(&[head.as_bytes(), team, b"\r"].concat());
        let found = kept.rows[0].record.as_ref().map(|_| referral(&kept, 0).details.team.clone().unwrap());
        (found, file_issues(&kept))
    };
    let windows = b"H\xF6he \x96 2";
    assert_eq!(team("", windows), (Some("Höhe – 2".into()), vec![IssueCode::EncodingConverted]));
    assert_eq!(team("", "Höhe".as_bytes()), (Some("Höhe".into()), vec![]));
    assert_eq!(team("8859/1", b"H\xF6he"), (Some("Höhe".into()), vec![]));
    assert_eq!(team("8859/15", b"\xA4"), (Some("€".into()), vec![]));
    assert_eq!(team("UNICODE UTF-8~8859/1", "Höhe".as_bytes()), (Some("Höhe".into()), vec![]));
    for set in ["UNICODE UTF-8", "ASCII", "UNICODE UTF-16", "ISO IR87", "8859/99"] {
        assert_eq!(team(set, windows), (None, vec![]), "{set}");
    }
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..3_000).prop_map(|days| NaiveDate::from_ymd_opt(2018, 1, 1).unwrap() + chrono::Duration::days(days))
}

/// Any text that a native value may be, delimiters included.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9|^~\\\\&#é€ -]{1,18}".prop_map(|text| text.trim().to_owned()).prop_filter("a value", |text| !text.is_empty())
}

fn organisation() -> impl Strategy<Value = String> {
    "R[A-Z0-9]{2}"
}

prop_compose! {
    fn codes()(
        sex in option::of(prop::sample::select(vec!["1", "2", "9", "X"])),
        priority in option::of(prop::sample::select(vec!["1", "2", "3"])),
        ethnic_category in option::of(prop::sample::select(vec!["A", "N", "Z"])),
        nhs_number_status in option::of("0[1-8]"),
        ubrn in option::of("[0-9]{12}"),
        previous in option::of((text(), option::of(organisation()))),
        texts in prop::collection::vec(option::of(text()), 12),
        organisations in prop::collection::vec(option::of(organisation()), 6),
        gss in prop::collection::vec(option::of("E0[0-9]{7}"), 2),
        stage in option::of(prop::sample::select(Stage::ALL.to_vec())),
        right_to_choose in option::of(any::<bool>()),
        not_brought_count in option::of(any::<u16>()),
    ) -> ReferralDetails {
        let mut texts = texts.into_iter();
        let mut text = move || texts.next().flatten();
        let mut organisations = organisations.into_iter();
        let mut organisation = move || organisations.next().flatten();
        ReferralDetails {
            local_patient_id: text(), sex: sex.map(str::to_owned), priority: priority.map(str::to_owned),
            ethnic_category: ethnic_category.map(str::to_owned), nhs_number_status, ubrn, stage, right_to_choose, not_brought_count,
            lsoa: gss[0].clone(), district: gss[1].clone(), responsible_la: organisation(), gp_practice: organisation(),
            school_urn: text(), pathway_id: text(), pathway_id_issuer: organisation(), source_of_referral: text(),
            referred_by: organisation(), commissioner: organisation(), team: text(), subcontracted_by: organisation(),
            waiting_time_measurement_type: text(), rtt_status: text(), closure_reason: text(), rejection_reason: text(),
            previous: previous.map(|(referral_id, provider)| {
                PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }
            }),
            ..ReferralDetails::default()
        }
    }
}

prop_compose! {
    fn records()(
        details in codes(),
        days in prop::collection::vec(option::of(day()), 10),
        hold in option::of((day(), option::of(day()), option::of(text()))),
        onward in option::of((option::of(organisation()), day(), option::of(text()))),
        referral_id in text(), received in day(), born in day(),
        pathways in 1_i16..32,
        status in prop::sample::select(Status::ALL.to_vec()),
        number in option::of(1_u32..1_000),
    ) -> Record {
        let (number, local) = (number.and_then(|at| NhsNumber::from_first_nine(999_000_000 + at)), details.local_patient_id.clone());
        let local = local.unwrap_or_else(|| "L-1".into());
        let identifier = match number {
            Some(number) => ChildIdentifier::NhsNumber(number),
            None => ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: local.clone() },
        };
        let details = ReferralDetails {
            local_patient_id: if number.is_some() { details.local_patient_id } else { Some(local) },
            stage_start_date: days[0], original_referral_date: days[1], first_contact_date: days[2], last_contact_date: days[3],
            next_appointment_date: days[4], closed_date: days[5], rejected_date: days[6], date_of_death: days[7],
            hold: hold.map(|(from, to, reason)| Hold { from, to, reason }),
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }),
            ..details
        };
        // The older of the two days is the birth.
        let (date_of_birth, received) = (born.min(received), born.max(received));
        Record {
            child: ChildReference { identifier, date_of_birth },
            entry: Entry::Referral(Box::new(Referral {
                referral_id, pathways: PathwaySet::from_bits(pathways), status, referral_received_date: received,
                recognised: Vec::new(), details,
            })),
        }
    }
}

/// The record as it comes back: without what [`synthetic::formats::hl7v2::LOSSES`] names.
fn without_losses(mut record: Record) -> Record {
    assert_eq!(synthetic::formats::hl7v2::LOSSES, ["recognised"]);
    if let Entry::Referral(referral) = &mut record.entry {
        referral.recognised.clear();
    }
    record
}

proptest! {
    #[test]
    fn what_is_written_comes_back_but_for_its_losses(records in prop::collection::vec(records(), 0..6)) {
        let mut records = records;
        for (at, record) in records.iter_mut().enumerate() {
            if let Entry::Referral(referral) = &mut record.entry {
                referral.referral_id = format!("{at} {}", referral.referral_id);
            }
        }
        let merge = Merge { retired: vec![ChildIdentifier::NhsNumber("9990000026".parse().unwrap())] };
        let child = ChildReference::by_nhs_number("9990000018".parse().unwrap(), parse_day("2016-05-04").unwrap());
        records.push(Record { child, entry: Entry::Merge(merge) });
        let mut bytes = Vec::new();
        synthetic::formats::hl7v2::write(&records, "RY4".parse().unwrap(), parse_day("2026-11-20").unwrap(), &mut bytes).unwrap();
        let kept = read_bytes(&bytes);
        prop_assert!(kept.file_issues.is_empty());
        let found: Vec<_> = kept.rows.into_iter().map(|row| row.record.map(without_losses).ok_or(row.issues)).collect();
        prop_assert_eq!(found, records.into_iter().map(Ok).collect::<Vec<_>>());
    }
}
