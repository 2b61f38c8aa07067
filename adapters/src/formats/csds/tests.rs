use domain::{IssueCode, OnwardReferral, Referral, ReferralStatus, SubmittedEntry};

use super::*;
use crate::contract::kept::{self, Kept, multipart, with};
use crate::contract::{Fault, Format, Row};

const TABLES: &[(&str, &str)] = &[
    ("CYP000", "Version,OrgID_Provider,RP_StartDate,RP_EndDate\n1.6,RY4,2026-10-01,2026-10-31\n"),
    ("CYP001", "LocalPatientID,NHSNumber,NHSNumber_Status,DateOfBirth\nP1,9990000018,01,2018-05-04\n"),
    (
        "CYP101",
        "ServiceRequestID,LocalPatientID,ReferralRequest_ReceivedDate,PrimaryReferralReason,Discharge_Date\nR1,P1,2026-02-03,062,\n",
    ),
    ("CYP102", "ServiceRequestID,TeamID_Local,TeamType\nR1,SLT,33\n"),
];

const TEAMS: &str =
    "ServiceRequestID,TeamID_Local,TeamType,Referral_ClosureDate,Referral_ClosureReason,Referral_RejectionDate,Referral_RejectionReason\n";
const CONTACTS: &str = "CareContactID,ServiceRequestID,Contact_Date,AttendanceStatus,Contact_CancellationDate\n";
const ASSESSED: &str = "ServiceRequestID,Diagnosis_Scheme,ProvisionalDiagnosis\nR1,06,401204006\n";

fn read(changes: &[(&str, &str)]) -> Kept {
    let (kept, end) = kept::read(Format::Records(&Csds), "RY4", &multipart(&with(TABLES, changes)));
    end.unwrap();
    kept
}

fn refusal(changes: &[(&str, &str)]) -> (String, &'static str) {
    let end = kept::read(Format::Records(&Csds), "RY4", &multipart(&with(TABLES, changes))).1.unwrap_err();
    (end.message(), end.code())
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

fn faults(row: &Row) -> Vec<Fault> {
    row.issues.iter().map(|issue| (issue.field, issue.code)).collect()
}

/// The tables have no column for the district.
const NO_DISTRICT: Fault = ("district", IssueCode::DistrictBlank);

/// The issues with the file as a whole, sorted.
fn file_issues(kept: &Kept) -> Vec<Fault> {
    let mut issues: Vec<_> = kept.file_issues.iter().map(|issue| (issue.field, issue.code)).collect();
    issues.sort_by_key(|(field, code)| (*field, code.as_str()));
    issues
}

fn sample(name: &str) -> Kept {
    let sample = Csds.about().samples.iter().find(|sample| sample.name == name).unwrap();
    let (kept, end) = kept::read(Format::Records(&Csds), "RY4", sample.bytes);
    end.unwrap();
    kept
}

#[test]
fn a_missing_column_is_reported_once_for_the_file_and_for_no_row() {
    let kept = sample("every-column.multipart");
    assert!(kept.rows.len() > 1 && kept.rows.iter().all(|row| !faults(row).contains(&NO_DISTRICT)));
    assert_eq!(file_issues(&kept), [NO_DISTRICT]);
}

#[test]
fn every_column_reaches_the_referral() {
    let mut kept = sample("every-column.multipart");
    kept.rows.sort_by_key(|row| row.number);
    assert_eq!(kept.out_of_scope, 2, "the adult, and the referral of no pathway");
    let by_id = |id: &str| referral(kept.rows.iter().find(|row| row.referral_id.as_deref() == Some(id)).unwrap());
    let status: Vec<_> = kept.rows.iter().map(|row| (row.number, referral(row).pathways.to_string(), referral(row).status)).collect();
    assert_eq!(
        status,
        [
            (1, "autism".into(), ReferralStatus::Waiting),
            (2, "speech-and-language".into(), ReferralStatus::Seen),
            (3, "audiology".into(), ReferralStatus::Closed),
            (4, "speech-and-language".into(), ReferralStatus::Rejected),
            (5, "autism|adhd".into(), ReferralStatus::Waiting),
            (7, "audiology".into(), ReferralStatus::Waiting),
        ]
    );
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let day = |value: Option<chrono::NaiveDate>| value.map(|day| day.to_string()).unwrap_or_default();
    let autism = &by_id("R1").details;
    assert_eq!(
        [&autism.local_patient_id, &autism.nhs_number_status, &autism.sex, &autism.ethnic_category, &autism.school_urn].map(text),
        ["P1", "01", "1", "A", "EE100001"]
    );
    assert_eq!(
        [&autism.commissioner, &autism.source_of_referral, &autism.referred_by, &autism.priority, &autism.team].map(text),
        ["06K", "01", "E82001", "1", "PAEDS"]
    );
    let days = [autism.first_contact_date, autism.last_contact_date, autism.next_appointment_date].map(day);
    assert_eq!((days, autism.not_brought_count), (["2026-03-02", "2026-03-02", "2026-12-03"].map(str::to_owned), Some(1)));
    let therapy = &by_id("R2").details;
    let days = [therapy.first_contact_date, therapy.last_contact_date, therapy.next_appointment_date].map(day);
    assert_eq!(days, ["2026-04-01", "2026-05-01", ""], "a cancelled appointment is no next one");
    let closed = &by_id("R3").details;
    assert_eq!((day(closed.closed_date), text(&closed.closure_reason)), ("2026-08-14".into(), "02".into()));
    let rejected = &by_id("R4").details;
    assert_eq!((day(rejected.rejected_date), text(&rejected.rejection_reason)), ("2026-06-08".into(), "02".into()));
    let both = &by_id("R5").details;
    assert_eq!(
        [&both.ubrn, &both.pathway_id, &both.pathway_id_issuer, &both.waiting_time_measurement_type, &both.rtt_status].map(text),
        ["000012345678", "PW-5", "RY4", "01", "20"],
        "of two periods the later"
    );
    let onward = OnwardReferral { to: Some("RWR".into()), on: "2026-06-30".parse().unwrap(), reason: Some("02".into()) };
    assert_eq!(both.onward, Some(onward));
    assert_eq!(day(by_id("R7").details.date_of_death), "2026-09-02");
}

#[test]
fn the_deciding_codes_are_kept_under_the_tables_own_names() {
    let codes = |referral: &Referral| -> Vec<_> {
        referral.recognised.iter().flat_map(|rule| &rule.codes).map(|code| format!("{}={}", code.field, code.code)).collect()
    };
    let kept = sample("v1-5.zip");
    assert_eq!(
        codes(referral(&kept.rows[0])),
        ["CYP101.PrimaryReferralReason=017", "CYP102.TeamType=06", "CYP606.ProvisionalDiagnosis=06:401204006"]
    );
    assert_eq!(file_issues(&kept), [NO_DISTRICT]);
    let later = referral(&kept.rows[0]);
    assert_eq!((later.referral_received_date.to_string(), later.status), ("2025-11-03".into(), ReferralStatus::Waiting));
}

#[test]
fn the_official_record_is_read_with_its_quirks_and_is_an_adults() {
    let kept = sample("official-record.zip");
    assert_eq!((kept.rows.len(), kept.out_of_scope), (0, 2));
    assert_eq!(kept.file_issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), [IssueCode::TableUnread]);
}

#[test]
fn a_referrals_status_follows_from_its_teams() {
    let with_teams = |rows: &str| the_referral(&[("CYP102", &format!("{TEAMS}{rows}"))]);
    let cases = [
        ("R1,A,33,,,,\n", ReferralStatus::Waiting, ""),
        ("R1,A,33,2026-05-01,02,,\n", ReferralStatus::Closed, "2026-05-01"),
        ("R1,A,33,2026-05-01,02,,\nR1,B,17,,,,\n", ReferralStatus::Waiting, ""),
        ("R1,A,33,,,2026-04-01,02\nR1,B,17,,,,\n", ReferralStatus::Waiting, ""),
        ("R1,A,33,,,2026-04-01,02\nR1,B,17,,,2026-04-05,03\n", ReferralStatus::Rejected, "2026-04-05"),
        ("R1,A,33,,,2026-04-01,02\nR1,B,17,2026-06-01,02,,\n", ReferralStatus::Closed, "2026-06-01"),
    ];
    for (rows, status, end) in cases {
        let found = with_teams(rows);
        let ended = found.details.closed_date.or(found.details.rejected_date).map(|day| day.to_string()).unwrap_or_default();
        assert_eq!((found.status, ended.as_str()), (status, end), "{rows}");
    }
    let discharged = TABLES[2].1.replace("062,", "062,2026-07-01");
    let found = the_referral(&[("CYP101", &discharged)]);
    assert_eq!((found.status, found.details.closed_date.unwrap().to_string()), (ReferralStatus::Closed, "2026-07-01".into()));
}

#[test]
fn a_first_contact_ends_the_wait_for_therapy_and_not_for_an_assessment() {
    let contacts = |rows: &str| format!("{CONTACTS}{rows}");
    let attended = contacts("C1,R1,2026-04-01,5,\n");
    assert_eq!(the_referral(&[("CYP201", &attended)]).status, ReferralStatus::Seen);
    let referred = TABLES[2].1.replace("062", "017");
    let assessed = [("CYP101", referred.as_str()), ("CYP102", "ServiceRequestID,TeamType\nR1,06\n"), ("CYP606", ASSESSED)];
    let changes: Vec<_> = assessed.iter().copied().chain([("CYP201", attended.as_str())]).collect();
    let found = the_referral(&changes);
    assert_eq!((found.status, found.pathways.to_string().as_str()), (ReferralStatus::Waiting, "autism"));
    assert!(found.details.first_contact_date.is_some());
    for unattended in
        ["C1,R1,2026-04-01,3,\n", "C1,R1,2026-04-01,7,\n", "C1,R1,2026-04-01,2,\n", "C1,R1,2026-12-01,,\n", "C1,R1,2026-12-01,5,\n"]
    {
        assert_eq!(the_referral(&[("CYP201", &contacts(unattended))]).status, ReferralStatus::Waiting, "{unattended}");
    }
}

#[test]
fn unrecognised_referrals_and_people_over_25_are_counted_and_not_kept() {
    let kept = read(&[("CYP101", &TABLES[2].1.replace("062", "023")), ("CYP102", "ServiceRequestID,TeamType\nR1,16\n")]);
    assert_eq!((kept.rows.len(), kept.out_of_scope), (0, 1));
    // Today is 20 November 2026.
    for (born, in_scope) in [("2000-11-20", false), ("2000-11-21", true)] {
        let kept = read(&[("CYP001", &TABLES[1].1.replace("2018-05-04", born))]);
        assert_eq!((kept.rows.len(), kept.out_of_scope), if in_scope { (1, 0) } else { (0, 1) }, "{born}");
    }
}

#[test]
fn a_row_that_cannot_be_kept_says_why_by_its_tables_own_column() {
    use IssueCode::*;
    let (patients, referrals, teams) = (TABLES[1].1, TABLES[2].1, TABLES[3].1);
    let differs = format!("{patients}P1,9990000026,01,2018-05-04\n");
    let cases: &[(&str, String, &[Fault])] = &[
        ("CYP001", patients.replace("P1", "P2"), &[("CYP101.LocalPatientID", PatientMissing)]),
        ("CYP001", differs, &[("CYP101.LocalPatientID", PatientDiffers)]),
        ("CYP001", patients.replace("9990000018", "9990000019"), &[("CYP001.NHSNumber", NhsNumberCheckDigit)]),
        ("CYP001", patients.replace("2018-05-04", "04/05/2018"), &[("CYP001.DateOfBirth", DateFormat)]),
        ("CYP101", referrals.replace("2026-02-03", "03/02/2026"), &[("CYP101.ReferralRequest_ReceivedDate", DateFormat)]),
        ("CYP101", referrals.replace("R1", ""), &[("CYP101.ServiceRequestID", ValueMissing)]),
        ("CYP101", referrals.replace("R1,", "R1,,"), &[("CYP101", RowShape)]),
        ("CYP102", teams.replace("SLT", &"x".repeat(101)), &[("CYP102.TeamID_Local", ValueTooLong)]),
        ("CYP102", teams.replace("SLT", "S\tT"), &[("CYP102.TeamID_Local", ValueControlCharacter)]),
    ];
    for (table, text, expected) in cases {
        let kept = read(&[(table, text)]);
        assert_eq!(kept.rows.len(), 1, "{text}");
        assert_eq!((kept.rows[0].number, faults(&kept.rows[0]).as_slice()), (1, *expected), "{text}");
        assert!(kept.rows[0].record.is_none());
    }
}

#[test]
fn the_same_referral_twice_keeps_the_first() {
    let twice = format!("{}R1,P1,2026-03-03,062,\n", TABLES[2].1);
    let kept = read(&[("CYP101", &twice)]);
    let found: Vec<_> = kept.rows.iter().map(|row| (row.number, row.record.is_some(), faults(row))).collect();
    assert_eq!(found, [(1, true, vec![]), (2, false, vec![("CYP101.ServiceRequestID", IssueCode::ReferralTwice)])]);
}

#[test]
fn referrals_without_an_id_are_each_a_row_and_share_no_rows() {
    let referrals = format!("{},P1,2026-03-03,062,\n,P1,2026-03-04,062,\n,P1,2026-03-04,023,\n", TABLES[2].1);
    let kept = read(&[("CYP101", &referrals), ("CYP103", "ServiceRequestID,ReferralReason_Other\n,035\n")]);
    assert_eq!(kept.out_of_scope, 1, "the one of no pathway");
    let mut found: Vec<_> = kept.rows.iter().map(|row| (row.number, faults(row).len())).collect();
    found.sort();
    assert_eq!(found, [(1, 0), (2, 1), (3, 1)]);
    assert_eq!(file_issues(&kept), [("CYP103", IssueCode::ReferralMissing), NO_DISTRICT]);
}

#[test]
fn an_issue_with_the_file_is_reported_once() {
    use IssueCode::*;
    let patient = TABLES[1].1.lines().nth(1).unwrap();
    let changes = [
        ("CYP001", format!("{}{patient}\n{patient}\n", TABLES[1].1)),
        ("CYP102", format!("{}R8,A,33\nR9,A,33\nR1,A\nR1,B\n", TABLES[3].1)),
        ("CYP402", "LocalPatientID\nP1\n".to_owned()),
        ("notes.txt", "nothing\n".to_owned()),
    ];
    let changes: Vec<_> = changes.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let kept = read(&changes);
    assert!(kept.rows[0].record.is_some());
    let expected = [("CYP001", PatientTwice), ("CYP102", ReferralMissing), ("CYP102", TableRowUnread), NO_DISTRICT, ("table", TableUnread)];
    assert_eq!(file_issues(&kept), expected);
}

#[test]
fn an_adults_rows_are_not_called_rows_of_no_referral() {
    let kept = read(&[("CYP001", &TABLES[1].1.replace("2018", "1981"))]);
    assert_eq!((kept.out_of_scope, kept.file_issues.len()), (1, 0));
}

#[test]
fn the_header_must_name_the_version_the_provider_and_a_period_that_has_begun() {
    let header = |row: &str| refusal(&[("CYP000", &format!("Version,OrgID_Provider,RP_StartDate,RP_EndDate\n{row}"))]).1;
    assert_eq!(header("2.0,RY4,2026-10-01,2026-10-31\n"), "version-unsupported");
    assert_eq!(header(",RY4,2026-10-01,2026-10-31\n"), "version-unsupported");
    assert_eq!(header("1.6,RWR,2026-10-01,2026-10-31\n"), "provider-differs");
    assert_eq!(header("1.6,,2026-10-01,2026-10-31\n"), "provider-differs");
    assert_eq!(header("1.6,RY4,2026-10-31,2026-10-01\n"), "reporting-period");
    assert_eq!(header("1.6,RY4,2026-12-01,2026-12-31\n"), "reporting-period");
    assert_eq!(header("1.6,RY4,,2026-12-31\n"), "reporting-period");
    assert_eq!(header(""), "header-rows");
    assert_eq!(header("1.6,RY4,2026-10-01,2026-10-31\n1.6,RY4,2026-10-01,2026-10-31\n"), "header-rows");
    assert_eq!(
        read(&[("CYP000", "version,ORGID_PROVIDER,rp_startdate,RP_EndDate\nv1.5,ry4,2026-10-01T00:00:00,2026-10-31\n")]).rows.len(),
        1
    );
}

#[test]
fn a_refusal_names_the_table_and_the_column() {
    let (message, code) = refusal(&[("CYP102", "ServiceRequestID,TeamID_Local\nR1,SLT\n")]);
    assert_eq!((message.as_str(), code), ("CYP102: The header lacks CYP102.TeamType.", "header-missing"));
    let (message, code) = refusal(&[("CYP102", "ServiceRequestID,TeamType\nR1,\"33\n")]);
    assert_eq!((message.as_str(), code), ("CYP102: The body ends in the middle of row 1.", "truncated"));
    assert_eq!(refusal(&[("CYP102", "")]).1, "empty");
    let without: Vec<_> = TABLES.iter().copied().filter(|(name, _)| *name != "CYP001").collect();
    let end = kept::read(Format::Records(&Csds), "RY4", &multipart(&without)).1.unwrap_err();
    assert_eq!((end.message().as_str(), end.fields()), ("The table CYP001 is missing.", &["CYP001"][..]));
}

#[test]
fn a_file_is_its_tables_by_any_usual_name() {
    for name in ["CYP102ServiceTypeReferredTo.csv", "cyp102.CSV", "October 2026/CYP102.csv", "a\\b\\RY4_CYP102.csv", "CYP102_v1.csv"] {
        assert!(wire::TABLES[3].is_in(name), "{name}");
    }
    for name in ["CYP1021.csv", "._CYP102.csv", "XCYP102.csv", "CYP102/readme.txt", "CYP10.csv"] {
        assert!(!wire::TABLES[3].is_in(name), "{name}");
    }
}

#[test]
fn an_id_that_is_too_long_or_not_printable_is_never_reported() {
    let long = "R".repeat(300);
    for id in ["R\u{0}1", long.as_str()] {
        let referrals = format!("{},", id) + "P9,2026-03-03,062,\n";
        let kept = read(&[("CYP101", &(TABLES[2].1.lines().next().unwrap().to_owned() + "\n" + &referrals))]);
        assert_eq!(kept.rows[0].issues[0].code, IssueCode::PatientMissing, "{:?}", kept.rows);
        assert_eq!(kept.rows[0].referral_id, None);
    }
}
