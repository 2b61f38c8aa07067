mod round_trips;

use std::io::{self, Cursor, Read};

use domain::{Issue, SubmittedEntry, SubmittedRecord};

use super::*;
use crate::contract::kept::{self, Kept, context, faults};
use crate::contract::{Fault, Format, InMemory, Row, Sink, Stop};

fn read(bytes: &[u8]) -> Result<Kept, Unreadable> {
    let (kept, end) = kept::read(Format::Records(&Csv), "RY4", bytes);
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
    let Some(SubmittedRecord { entry: SubmittedEntry::Referral(referral), .. }) = &row.record else { panic!("{row:?}") };
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
        let Some(SubmittedRecord { entry: SubmittedEntry::Referral(referral), .. }) = row_with(&[("right_to_choose", text)]).record else {
            panic!()
        };
        assert_eq!(referral.details.right_to_choose, Some(meant), "{text}");
    }
}

/// A header and then one row again and again, without end. Counts the bytes that were read.
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
    assert!(matches!(
        crate::contract::read(Format::Records(&Csv), &mut source, &InMemory, &context("RY4"), &mut sink),
        Err(Unreadable::Stopped)
    ));
    assert_eq!(sink.rows, 20_000);
}
