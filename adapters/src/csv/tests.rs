use std::fmt::Write;
use std::io::{self, Cursor, Read};

use domain::children::{ChildIdentifier, ChildReference};
use domain::issues::{Issue, IssueCode};
use domain::nhs_numbers::NhsNumber;
use domain::pathways::{Pathway, PathwaySet};
use domain::referrals::{Hold, OnwardReferral, PreviousReferral, Referral, ReferralDetails, Stage, Status};
use domain::submissions::{Entry, Record};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::kept::{self, Kept, context, faults};
use crate::rows::Fault;
use crate::{InMemory, Row, Sink, Stop};

fn read(bytes: &[u8]) -> Result<Kept, Unreadable> {
    let (kept, end) = kept::read(&Csv, "RY4", bytes);
    end.map(|()| kept)
}

const GOOD: Cells<'static> = &[
    ("referral_id", "R-1"),
    ("nhs_number", "9990000018"),
    ("date_of_birth", "2016-05-04"),
    ("pathway", "autism"),
    ("referral_received_date", "2026-02-03"),
    ("status", "waiting"),
    ("nhs_number_status", "01"),
    ("district", "E07000240"),
];

type Cells<'a> = &'a [(&'a str, &'a str)];

/// A good row with some of its columns changed or added.
fn row_with(changes: Cells<'_>) -> Row {
    let mut cells = GOOD.to_vec();
    for change in changes {
        cells.retain(|(column, _)| *column != change.0);
        cells.push(*change);
    }
    let header: Vec<_> = cells.iter().map(|(column, _)| *column).collect();
    let values: Vec<_> = cells.iter().map(|(_, value)| format!("\"{value}\"")).collect();
    read(format!("{}\n{}\n", header.join(","), values.join(",")).as_bytes()).unwrap().rows.remove(0)
}

#[test]
fn each_wrong_value_is_reported_with_its_column() {
    use IssueCode::*;
    let long = "x".repeat(51);
    let longer = "y".repeat(101);
    let cases: &[(Cells<'_>, &[Fault])] = &[
        (&[], &[]),
        (&[("referral_id", " ")], &[("referral_id", ValueMissing)]),
        (&[("referral_id", &long)], &[("referral_id", ValueTooLong)]),
        (&[("referral_id", "R\n1")], &[("referral_id", ValueControlCharacter)]),
        (&[("nhs_number", "")], &[("nhs_number", ChildNotIdentified)]),
        (&[("nhs_number", ""), ("local_patient_id", &long)], &[("local_patient_id", ValueTooLong)]),
        (&[("nhs_number", "99900000181")], &[("nhs_number", NhsNumberFormat)]),
        (&[("nhs_number", "9.99E+09")], &[("nhs_number", DigitsLost)]),
        (&[("referral_id", "1.23457E+15")], &[("referral_id", DigitsLost)]),
        (&[("referral_id", "1E5"), ("local_patient_id", "1.E+2"), ("previous_referral_id", "12E+5")], &[]),
        (&[("nhs_number", "9990000019"), ("local_patient_id", "P-1")], &[("nhs_number", NhsNumberCheckDigit)]),
        (&[("nhs_number", "0000000000")], &[("nhs_number", NhsNumberCheckDigit)]),
        (&[("date_of_birth", "")], &[("date_of_birth", ValueMissing)]),
        (&[("date_of_birth", "2015-02-29")], &[("date_of_birth", DateFormat)]),
        (&[("pathway", "")], &[("pathway", ValueMissing)]),
        (&[("pathway", "autism|asd")], &[("pathway", ValueNotClosedList)]),
        (&[("referral_received_date", "")], &[("referral_received_date", ValueMissing)]),
        (&[("referral_received_date", "03/02/2026")], &[("referral_received_date", DateFormat)]),
        (&[("referral_received_date", "2026-11-21")], &[("referral_received_date", ReceivedInFuture)]),
        (&[("status", "")], &[("status", ValueMissing)]),
        (&[("status", "open")], &[("status", ValueNotClosedList)]),
        (&[("stage", "discharge")], &[("stage", ValueNotClosedList)]),
        (&[("stage_start_date", "soon")], &[("stage_start_date", DateFormat)]),
        (&[("team", &longer)], &[("team", ValueTooLong)]),
        (&[("sex", "Ź")], &[("sex", CodeUnknown)]),
        (&[("commissioner", "N/A")], &[("commissioner", CodeUnknown)]),
        (&[("lsoa", "St Albans 001A")], &[("lsoa", CodeUnknown)]),
        (&[("district", "St Albans")], &[("district", DistrictUnknown)]),
        (&[("district", "")], &[("district", DistrictBlank)]),
        (&[("nhs_number_status", "")], &[("nhs_number_status", TraceStatusBlank)]),
        (&[("right_to_choose", "maybe")], &[("right_to_choose", ValueNotBoolean)]),
        (&[("not_brought_count", "two")], &[("not_brought_count", ValueNotNumber)]),
        (&[("not_brought_count", "70000")], &[("not_brought_count", ValueTooLong)]),
        (&[("previous_referral_id", "H-1"), ("previous_provider", "R/R")], &[("previous_provider", OrganisationCodeFormat)]),
        (&[("previous_provider", "RWR")], &[("previous_provider", PreviousWithoutId)]),
        (&[("hold_to", "2026-03-01")], &[("hold_from", HoldWithoutStart)]),
        (&[("hold_reason", "holiday")], &[("hold_from", HoldWithoutStart)]),
        (&[("hold_from", "2026-13-01"), ("hold_to", "2026-03-01")], &[("hold_from", DateFormat)]),
        (&[("status", "closed"), ("closed_date", "31-01-2026"), ("closure_reason", "02")], &[("closed_date", DateFormat)]),
        (&[("nhs_number_status", "07")], &[("nhs_number_status", TraceStatusNotVerified), ("nhs_number_status", TraceStatusSaysAbsent)]),
        (&[("team", "North\u{85}South")], &[("team", ValueControlCharacter)]),
    ];
    for (changes, expected) in cases {
        let row = row_with(changes);
        assert_eq!(faults(&row), *expected, "{changes:?}");
    }
}

#[test]
fn all_that_is_wrong_with_a_row_is_reported_at_once() {
    use IssueCode::*;
    let row = row_with(&[
        ("nhs_number", "123"),
        ("pathway", "none"),
        ("status", "open"),
        ("referral_received_date", "2027-01-01"),
        ("stage", "later"),
        ("rtt_status", "13"),
    ]);
    let expected = [
        ("nhs_number", NhsNumberFormat),
        ("pathway", ValueNotClosedList),
        ("status", ValueNotClosedList),
        ("stage", ValueNotClosedList),
        ("referral_received_date", ReceivedInFuture),
        ("waiting_time_measurement_type", RttWithoutType),
        ("rtt_status", CodeUnknown),
    ];
    assert_eq!(faults(&row), expected);
    assert_eq!((row.record, row.referral_id.as_deref()), (None, Some("R-1")));
}

#[test]
fn a_row_of_another_width_is_an_issue_of_that_row_alone() {
    let file = "referral_id,nhs_number,date_of_birth,pathway,referral_received_date,status\n\
                R-1,9990000018,2016-05-04,autism,2026-02-03\n\
                R-2,9990000026,2016-05-04,autism,2026-02-03,waiting,\n\
                R-3,9990000034,2016-05-04,autism,2026-02-03,waiting\n";
    let rows = read(file.as_bytes()).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.record.is_some()).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(faults(&rows[0]), [("row", IssueCode::RowShape)]);
    assert_eq!(rows[1].referral_id.as_deref(), Some("R-2"), "the first column cannot have been shifted");
}

const NAMED: &[u8] = b"referral_id,nhs_number,date_of_birth,pathway,referral_received_date,status,nhs_number_status,district,team\n";

#[test]
fn windows_1252_is_read_and_reported_once() {
    let row = b",9990000018,2016-05-04,autism,2026-02-03,waiting,01,E07000240,Zo\xEB\n";
    let kept = read(&[NAMED, b"R-1", row, b"R-\xE9", row].concat()).unwrap();
    let details: Vec<_> = kept.rows.iter().map(|row| (row.referral_id.as_deref().unwrap(), team(row), faults(row))).collect();
    assert_eq!(details, [("R-1", "Zoë".into(), vec![]), ("R-é", "Zoë".into(), vec![])]);
    assert_eq!(kept.file_issues, [Issue { row: 0, referral_id: None, field: "file", code: IssueCode::EncodingConverted }]);
}

#[test]
fn rows_in_utf_8_among_windows_1252_stay_as_they_are() {
    let row = |team: &[u8]| [b"R-1,9990000018,2016-05-04,autism,2026-02-03,waiting,01,E07000240,", team, b"\n"].concat();
    let kept = read(&[NAMED, &row(b"Zo\xEB"), &row("Zoë".as_bytes()), &row(b"Zo\x81")].concat()).unwrap();
    assert_eq!(kept.rows[..2].iter().map(team).collect::<Vec<_>>(), ["Zoë", "Zoë"]);
    assert_eq!(faults(&kept.rows[2]), [("team", IssueCode::RowEncoding)]);
    assert_eq!(kept.file_issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), [IssueCode::EncodingMixed]);
}

fn team(row: &Row) -> String {
    let Some(Record { entry: Entry::Referral(referral), .. }) = &row.record else { panic!("{row:?}") };
    referral.details.team.clone().unwrap()
}

#[test]
fn a_header_that_is_in_no_encoding_refuses_the_file() {
    assert!(matches!(read(b"referral_id,\x81\n"), Err(Unreadable::Encoding)));
}

#[test]
fn a_header_that_lacks_columns_names_all_of_them() {
    let Err(unreadable) = read(b"referral_id,date_of_birth,pathway,status\n") else { panic!() };
    assert_eq!(unreadable.fields(), ["referral_received_date", "nhs_number"]);
}

#[test]
fn unknown_columns_are_reported_once_and_never_by_name() {
    let file = "referral_id,nhs_number,date_of_birth,pathway,referral_received_date,status,Ada Example,\n";
    let kept = read(file.as_bytes()).unwrap();
    assert_eq!(kept.file_issues, [Issue { row: 0, referral_id: None, field: "header", code: IssueCode::ColumnUnknown }]);
}

#[test]
fn every_line_ending_and_blank_rows_are_read() {
    let file = "Referral_ID, nhs_number,date_of_birth,pathway,referral_received_date,status\n\
                R-1,9990000018,2016-05-04,autism,2026-02-03,waiting\n\n,,,,,\n\
                R-2,9990000026,2016-05-04,autism,2026-02-03,waiting";
    for ending in ["\n", "\r\n", "\r"] {
        let rows = read(file.replace('\n', ending).as_bytes()).unwrap().rows;
        let ids: Vec<_> = rows.iter().map(|row| (row.number, row.referral_id.as_deref().unwrap(), row.record.is_some())).collect();
        assert_eq!(ids, [(1, "R-1", true), (3, "R-2", true)], "{ending:?}");
    }
}

#[test]
fn yes_and_no_are_read_in_every_usual_spelling() {
    for (text, meant) in [("1", true), ("Y", true), ("TRUE", true), ("0", false), ("n", false), ("False", false)] {
        let Some(Record { entry: Entry::Referral(referral), .. }) = row_with(&[("right_to_choose", text)]).record else { panic!() };
        assert_eq!(referral.details.right_to_choose, Some(meant), "{text}");
    }
}

/// Repeats a header's row for as long as it is read, and never lets its reader run far ahead of
/// the rows that have come out.
struct Endless<'a> {
    header: Cursor<&'a [u8]>,
    row: Cursor<&'a [u8]>,
    taken: &'a std::cell::Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = self.header.read(buffer)?;
        if count == 0 {
            count = self.row.read(buffer)?;
        }
        if count == 0 {
            self.row.set_position(0);
            count = self.row.read(buffer)?;
        }
        self.taken.set(self.taken.get() + count);
        Ok(count)
    }
}

struct Counting<'a> {
    rows: usize,
    row_length: usize,
    taken: &'a std::cell::Cell<usize>,
}

impl Sink for Counting<'_> {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.rows += 1;
        assert!(row.record.is_some());
        assert!(self.taken.get() - self.rows * self.row_length < 256 * 1024, "rows are held back");
        if self.rows < 20_000 { Ok(()) } else { Err(Stop) }
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    fn file_issue(&mut self, _: Issue) -> Result<(), Stop> {
        Ok(())
    }
}

#[test]
fn rows_come_out_as_they_go_in_however_many_there_are() {
    let header: Vec<_> = GOOD.iter().map(|(column, _)| *column).collect();
    let values: Vec<_> = GOOD.iter().map(|(_, value)| *value).collect();
    let (header, row) = (header.join(",") + "\n", values.join(",") + "\n");
    let taken = std::cell::Cell::new(0);
    let mut source = Endless { header: Cursor::new(header.as_bytes()), row: Cursor::new(row.as_bytes()), taken: &taken };
    let mut sink = Counting { rows: 0, row_length: row.len(), taken: &taken };
    assert!(matches!(crate::read(&Csv, &mut source, &InMemory, &context("RY4"), &mut sink), Err(Unreadable::Stopped)));
    assert_eq!(sink.rows, 20_000);
}

fn day() -> impl Strategy<Value = chrono::NaiveDate> {
    (0_i64..3000).prop_map(|days| context("RY4").today - chrono::Duration::days(days))
}

fn code(most: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[A-Za-z0-9é,\"][A-Za-z0-9 é,\"'\\-]{{0,{}}}", most - 2))
        .unwrap()
        .prop_map(|text| text.trim().to_owned())
}

fn organisation() -> impl Strategy<Value = String> {
    "[A-Z0-9]{3,8}"
}

prop_compose! {
    fn who()(nine in 999_000_001_u32..999_999_999, local in option::of(code(50)), known in any::<bool>()) -> (ChildIdentifier, Option<String>) {
        match (NhsNumber::from_first_nine(nine), local) {
            (Some(number), local) if known || local.is_none() => (ChildIdentifier::NhsNumber(number), local),
            (_, local) => {
                let id = local.unwrap_or_else(|| "P-1".into());
                (ChildIdentifier::LocalPatient { provider: context("RY4").organisation, id: id.clone() }, Some(id))
            }
        }
    }
}

prop_compose! {
    fn codes()(texts in proptest::collection::vec(option::of(code(20)), 12), organisations in proptest::collection::vec(option::of(organisation()), 6),
        team in option::of(code(100)), lsoa in option::of("E01[0-9]{6}"), district in option::of("E07[0-9]{6}")) -> ReferralDetails {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        let mut organisations = organisations.into_iter();
        let mut organisation = || organisations.next().flatten();
        ReferralDetails {
            nhs_number_status: text(), sex: text(), ethnic_category: text(), school_urn: text(), ubrn: text(), pathway_id: text(), priority: text(),
            source_of_referral: text(), waiting_time_measurement_type: text(), rtt_status: text(), closure_reason: text(), rejection_reason: text(),
            responsible_la: organisation(), gp_practice: organisation(), commissioner: organisation(), subcontracted_by: organisation(),
            pathway_id_issuer: organisation(), referred_by: organisation(),
            team, lsoa, district, ..ReferralDetails::default()
        }
    }
}

prop_compose! {
    fn details()(codes in codes(), stage in option::of(proptest::sample::select(Stage::ALL)), days in proptest::collection::vec(option::of(day()), 8),
        previous in option::of((code(50), option::of(organisation()))), hold in option::of((day(), option::of(day()), option::of(code(100)))),
        onward in option::of((option::of(organisation()), day(), option::of(code(20)))),
        right_to_choose in any::<Option<bool>>(), not_brought_count in any::<Option<u16>>()) -> ReferralDetails {
        let mut days = days.into_iter();
        let mut day = || days.next().flatten();
        ReferralDetails {
            stage, right_to_choose, not_brought_count, stage_start_date: day(), original_referral_date: day(), first_contact_date: day(),
            last_contact_date: day(), next_appointment_date: day(), closed_date: day(), rejected_date: day(), date_of_death: day(),
            previous: previous.map(|(referral_id, provider)| PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }),
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }),
            hold: hold.map(|(from, to, reason)| Hold { from, to, reason }),
            ..codes
        }
    }
}

prop_compose! {
    fn record()(who in who(), referral_id in code(50), pathways in proptest::collection::vec(proptest::sample::select(Pathway::ALL), 1..4),
        status in proptest::sample::select(Status::ALL), received in day(), age in 0_i64..7000, details in details()) -> Record {
        let (identifier, local_patient_id) = who;
        let pathways: PathwaySet = pathways.into_iter().collect();
        let details = ReferralDetails { local_patient_id, ..details };
        Record {
            child: ChildReference { identifier, date_of_birth: received - chrono::Duration::days(age) },
            entry: Entry::Referral(Box::new(Referral { referral_id, pathways, status, referral_received_date: received, recognised: Vec::new(), details })),
        }
    }
}

/// A record's values by column, as a provider would write them.
fn cells(record: &Record) -> Vec<String> {
    fn text<T: ToString>(value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }
    let Entry::Referral(referral) = &record.entry else { panic!() };
    let it = &referral.details;
    FIELDS
        .iter()
        .map(|field| match field.name {
            "referral_id" => referral.referral_id.clone(),
            "nhs_number" => record.child.nhs_number().map(|number| number.as_str().to_owned()).unwrap_or_default(),
            "local_patient_id" => text(&it.local_patient_id),
            "date_of_birth" => record.child.date_of_birth.to_string(),
            "pathway" => referral.pathways.to_string(),
            "referral_received_date" => referral.referral_received_date.to_string(),
            "status" => referral.status.to_string(),
            "nhs_number_status" => text(&it.nhs_number_status),
            "sex" => text(&it.sex),
            "ethnic_category" => text(&it.ethnic_category),
            "lsoa" => text(&it.lsoa),
            "district" => text(&it.district),
            "responsible_la" => text(&it.responsible_la),
            "gp_practice" => text(&it.gp_practice),
            "school_urn" => text(&it.school_urn),
            "stage" => text(&it.stage),
            "stage_start_date" => text(&it.stage_start_date),
            "original_referral_date" => text(&it.original_referral_date),
            "previous_referral_id" => text(&it.previous.as_ref().map(|previous| &previous.referral_id)),
            "previous_provider" => text(&it.previous.as_ref().and_then(|previous| previous.provider)),
            "ubrn" => text(&it.ubrn),
            "pathway_id" => text(&it.pathway_id),
            "pathway_id_issuer" => text(&it.pathway_id_issuer),
            "priority" => text(&it.priority),
            "source_of_referral" => text(&it.source_of_referral),
            "referred_by" => text(&it.referred_by),
            "onward_to" => text(&it.onward.as_ref().and_then(|onward| onward.to.as_ref())),
            "onward_date" => text(&it.onward.as_ref().map(|onward| onward.on)),
            "onward_reason" => text(&it.onward.as_ref().and_then(|onward| onward.reason.as_ref())),
            "commissioner" => text(&it.commissioner),
            "team" => text(&it.team),
            "subcontracted_by" => text(&it.subcontracted_by),
            "right_to_choose" => text(&it.right_to_choose.map(u8::from)),
            "waiting_time_measurement_type" => text(&it.waiting_time_measurement_type),
            "rtt_status" => text(&it.rtt_status),
            "first_contact_date" => text(&it.first_contact_date),
            "last_contact_date" => text(&it.last_contact_date),
            "next_appointment_date" => text(&it.next_appointment_date),
            "not_brought_count" => text(&it.not_brought_count),
            "hold_from" => text(&it.hold.as_ref().map(|hold| hold.from)),
            "hold_to" => text(&it.hold.as_ref().and_then(|hold| hold.to)),
            "hold_reason" => text(&it.hold.as_ref().and_then(|hold| hold.reason.as_ref())),
            "closed_date" => text(&it.closed_date),
            "closure_reason" => text(&it.closure_reason),
            "rejected_date" => text(&it.rejected_date),
            "rejection_reason" => text(&it.rejection_reason),
            "date_of_death" => text(&it.date_of_death),
            other => panic!("{other} is not written"),
        })
        .collect()
}

/// The records as a file, its columns in the given order.
fn write(records: &[Record], order: &[usize]) -> String {
    let mut file = order.iter().map(|at| FIELDS[*at].name).collect::<Vec<_>>().join(",");
    for record in records {
        let cells = cells(record);
        let line: Vec<_> = order.iter().map(|at| format!("\"{}\"", cells[*at].replace('"', "\"\""))).collect();
        write!(file, "\n{}", line.join(",")).unwrap();
    }
    file
}

proptest! {
    #[test]
    fn what_a_provider_writes_is_what_is_read(records in proptest::collection::vec(record(), 0..5),
        order in Just((0..FIELDS.len()).collect::<Vec<_>>()).prop_shuffle()) {
        let file = write(&records, &order);
        let kept = read(file.as_bytes()).unwrap();
        prop_assert!(kept.file_issues.is_empty());
        let read: Vec<_> = kept.rows.into_iter().map(|row| row.record).collect();
        prop_assert_eq!(read, records.into_iter().map(Some).collect::<Vec<_>>());
    }
}
