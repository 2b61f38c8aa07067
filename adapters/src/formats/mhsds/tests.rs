use domain::{ChildIdentifier, IssueCode, Referral, ReferralStatus, SubmittedEntry};

use super::*;
use crate::contract::kept::{self, Kept, multipart, with};
use crate::contract::{Format, Row};

const TABLES: &[(&str, &str)] = &[
    ("MHS000", "DatSetVer,OrgIDProvider,ReportingPeriodStartDate,ReportingPeriodEndDate\n6,RY4,2026-10-01,2026-10-31\n"),
    ("MHS001", "LocalPatientID,NHSNumber,NHSNumberStatus,PersonBirthDate\nP1,9990000018,01,2014-05-04\n"),
    (
        "MHS101",
        "ServiceRequestID,LocalPatientID,CareProfTeamLocalID,ReferralRequestReceivedDate,PrimReasonReferralMH,ServDischDate,ReferRejectionDate\n\
         M1,P1,T1,2026-02-03,12,,\n",
    ),
    ("MHS902", "CareProfTeamLocalID,ServTeamTypeMH\nT1,C01\n"),
];

const CONTACTS: &str = "ServiceRequestID,CareContDate,AttendStatus,ConsMechanismMH\n";

fn read(changes: &[(&str, &str)]) -> Kept {
    let (kept, end) = kept::read(Format::Records(&Mhsds), "RY4", &multipart(&with(TABLES, changes)));
    end.unwrap();
    kept
}

fn referral(row: &Row) -> &Referral {
    match &row.record.as_ref().unwrap_or_else(|| panic!("{:?}", row.issues)).entry {
        SubmittedEntry::Referral(referral) => referral,
        other => panic!("{other:?}"),
    }
}

fn the_referral(changes: &[(&str, &str)]) -> Referral {
    let kept = read(changes);
    assert_eq!(kept.rows.len(), 1);
    referral(&kept.rows[0]).clone()
}

fn sample(name: &str) -> Kept {
    let sample = Mhsds.about().samples.iter().find(|sample| sample.name == name).unwrap();
    let (mut kept, end) = kept::read(Format::Records(&Mhsds), "RY4", sample.bytes);
    end.unwrap();
    kept.rows.sort_by_key(|row| row.number);
    kept
}

#[test]
fn every_column_reaches_the_referral() {
    let kept = sample("every-column.multipart");
    assert_eq!(kept.out_of_scope, 2, "the adult, and the autism that is diagnosed");
    let found: Vec<_> = kept.rows.iter().map(|row| (row.number, referral(row).pathways.to_string(), referral(row).status)).collect();
    assert_eq!(
        found,
        [
            (1, "autism|adhd".into(), ReferralStatus::Waiting),
            (2, "mental-health".into(), ReferralStatus::Closed),
            (3, "adhd".into(), ReferralStatus::Rejected),
            (6, "mental-health".into(), ReferralStatus::Seen),
        ]
    );
    let details = &referral(&kept.rows[0]).details;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!(
        [&details.commissioner, &details.referred_by, &details.team, &details.school_urn, &details.pathway_id].map(text),
        ["06K", "E82001", "T1", "EE100001", "PW-1"]
    );
    assert_eq!(
        [&details.pathway_id_issuer, &details.waiting_time_measurement_type, &details.rtt_status, &details.sex].map(text),
        ["RY4", "09", "10", "1"]
    );
    let day = |value: Option<chrono::NaiveDate>| value.map(|day| day.to_string()).unwrap_or_default();
    assert_eq!([details.first_contact_date, details.last_contact_date].map(day), ["2026-03-02", "2026-03-02"], "the first by video");
    let onward = details.onward.as_ref().unwrap();
    assert_eq!((onward.on.to_string(), text(&onward.to), text(&onward.reason)), ("2026-08-30".into(), "RWR".into(), "02".into()));
    let closed = &referral(&kept.rows[1]).details;
    assert_eq!((day(closed.closed_date), text(&closed.closure_reason)), ("2026-09-01".into(), "02".into()));
    let rejected = &referral(&kept.rows[2]).details;
    assert_eq!((day(rejected.rejected_date), text(&rejected.rejection_reason)), ("2026-03-20".into(), "02".into()));
    let last = &referral(&kept.rows[3]).details;
    assert_eq!((last.not_brought_count, day(last.date_of_death)), (Some(1), "2026-10-02".into()));
}

#[test]
fn v5_has_the_teams_in_their_own_table() {
    let kept = sample("v5.zip");
    let found: Vec<_> = kept.rows.iter().map(|row| (referral(row).pathways.to_string(), referral(row).status)).collect();
    assert_eq!(found, [("autism".into(), ReferralStatus::Waiting), ("adhd".into(), ReferralStatus::Rejected)]);
    assert_eq!(referral(&kept.rows[0]).details.team.as_deref(), Some("T1"));
}

#[test]
fn the_official_record_is_read_with_its_quirks() {
    let kept = sample("official-record.zip");
    let found = referral(&kept.rows[0]);
    assert_eq!((found.referral_id.as_str(), found.status), ("SRI00000000000000001", ReferralStatus::Closed));
    assert_eq!(found.details.school_urn.as_deref(), Some("B0B"));
    assert_eq!(found.recognised[0].codes[0].field, "MHS101.PrimReasonReferralMH");
    let child = &kept.rows[0].record.as_ref().unwrap().child;
    assert!(matches!(&child.identifier, ChildIdentifier::NhsNumber(number) if number.as_str().starts_with("999")), "typed as a number");
}

#[test]
fn suspected_autism_is_found_in_either_table_and_never_by_the_team() {
    assert_eq!(the_referral(&[]).pathways.to_string(), "mental-health");
    let other = [("MHS103", "ServiceRequestID,OtherReasonReferMH\nM1,25\n")];
    assert_eq!(the_referral(&other).pathways.to_string(), "autism|mental-health");
    let diagnosed = TABLES[2].1.replace(",12,", ",26,");
    assert_eq!(read(&[("MHS101", &diagnosed)]).out_of_scope, 1);
}

#[test]
fn a_rule_may_ask_for_the_type_of_team_in_v5_and_in_v6() {
    use domain::RecognitionRules;
    let text = "[[rule]]\nid = \"r\"\npathways = [\"autism\"]\nsource = \"s\"\nall = [\n\
                { fields = [\"MHS101.PrimReasonReferralMH\"], codes = [\"12\"] },\n\
                { fields = [\"MHS102.ServTeamTypeRefToMH\", \"MHS902.ServTeamTypeMH\"], codes = [\"C01\"] }]";
    let rules = RecognitionRules::parse(text).unwrap();
    let found = |changes: &[(&str, &str)]| {
        let mut kept = Kept::default();
        let context = Context { rules: &rules, ..kept::context("RY4") };
        let body = multipart(&with(TABLES, changes));
        crate::contract::read(Format::Records(&Mhsds), &mut body.as_slice(), &crate::contract::InMemory, &context, &mut kept).unwrap();
        kept.rows.len()
    };
    assert_eq!(found(&[]), 1);
    assert_eq!(found(&[("MHS902", "CareProfTeamLocalID,ServTeamTypeMH\nT1,C04\n")]), 0);
    let v5 = [("MHS902", "CareProfTeamLocalID,ServTeamTypeMH\n"), ("MHS102", "ServiceRequestID,ServTeamTypeRefToMH\nM1,C01\n")];
    assert_eq!(found(&v5), 1);
}

#[test]
fn the_team_on_the_referral_keeps_it_open_while_others_end() {
    let others = "ServiceRequestID,OtherCareProfTeamLocalID,ReferClosureDate,ReferRejectionDate\nM1,T2,2026-05-01,\n";
    assert_eq!(the_referral(&[("MHS102", others)]).status, ReferralStatus::Waiting);
    let rejected = TABLES[2].1.replace(",12,,", ",12,,2026-04-01");
    assert_eq!(the_referral(&[("MHS101", &rejected)]).status, ReferralStatus::Rejected);
    let both = the_referral(&[("MHS101", &rejected), ("MHS102", others)]);
    assert_eq!((both.status, both.details.closed_date.unwrap().to_string()), (ReferralStatus::Closed, "2026-05-01".into()));
    let open = "ServiceRequestID,OtherCareProfTeamLocalID\nM1,T2\n";
    assert_eq!(the_referral(&[("MHS101", &rejected), ("MHS102", open)]).status, ReferralStatus::Waiting);
}

#[test]
fn a_first_contact_is_face_to_face_or_by_video() {
    for (mechanism, status) in [
        ("01", ReferralStatus::Seen),
        ("1", ReferralStatus::Seen),
        ("11", ReferralStatus::Seen),
        ("02", ReferralStatus::Waiting),
        ("", ReferralStatus::Waiting),
    ] {
        let found = the_referral(&[("MHS201", &format!("{CONTACTS}M1,2026-05-01,5,{mechanism}\n"))]);
        assert_eq!(found.status, status, "{mechanism}");
        assert!(found.details.last_contact_date.is_some());
    }
}

#[test]
fn a_consultant_led_wait_is_kept_and_warned_about() {
    let kept = read(&[("MHS104", "ServiceRequestID,WaitTimeMeasureType\nM1,01\n")]);
    assert_eq!(referral(&kept.rows[0]).details.waiting_time_measurement_type.as_deref(), Some("01"));
    let issue = kept.rows[0].issues.iter().find(|issue| issue.code == IssueCode::MeasurementTypeInvalid).unwrap();
    assert_eq!(issue.field, "MHS104.WaitTimeMeasureType");
}
