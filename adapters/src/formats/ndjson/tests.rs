use domain::{ChildIdentifier, Issue, SubmittedEntry};
use proptest::prelude::*;

use super::*;
use crate::contract::kept::{self, Kept, faults};
use crate::contract::{Format, Row};
use crate::formats::csv;

fn read(bytes: &[u8]) -> Result<Kept, Unreadable> {
    let (kept, end) = kept::read(Format::Records(&Ndjson), "RY4", bytes);
    end.map(|()| kept)
}

const GOOD: &str = r#"{"referral_id":"R-1","nhs_number":"9990000018","date_of_birth":"2016-05-04","pathway":"autism","referral_received_date":"2026-02-03","status":"waiting","nhs_number_status":"01","district":"E07000240"}"#;

/// A good row with more members, given as JSON.
fn row_with(more: &str) -> Row {
    read(GOOD.replace('}', &format!(",{more}}}\n")).as_bytes()).unwrap().rows.remove(0)
}

fn records(adapter: &'static dyn Adapter, bytes: &[u8]) -> Vec<Option<domain::SubmittedRecord>> {
    kept::read(Format::Records(adapter), "RY4", bytes).0.rows.into_iter().map(|row| row.record).collect()
}

#[test]
fn the_rows_of_the_csv_give_the_same_records() {
    let csv = records(&csv::Csv, csv::Csv.about().samples[0].bytes);
    assert_eq!(records(&Ndjson, Ndjson.about().samples[0].bytes), csv);
    assert!(csv.len() == 7 && csv.iter().all(Option::is_some));
}

#[test]
fn values_may_be_what_they_naturally_are() {
    let kept = read(Ndjson.about().samples[1].bytes).unwrap();
    let read: Vec<_> = kept
        .rows
        .into_iter()
        .map(|row| {
            let Some(domain::SubmittedRecord { child, entry: SubmittedEntry::Referral(it) }) = row.record else {
                panic!("{:?}", row.issues)
            };
            (
                row.number,
                it.referral_id.clone(),
                child.identifier,
                it.pathways.to_string(),
                it.details.right_to_choose,
                it.details.not_brought_count,
            )
        })
        .collect();
    let number = |text: &str| ChildIdentifier::NhsNumber(text.parse().unwrap());
    let local = ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "4711".into() };
    assert_eq!(read[0], (1, "R-0101".into(), number("9990000085"), "autism|adhd".into(), Some(true), Some(2)));
    assert_eq!(read[1], (4, "102".into(), number("9990000093"), "audiology".into(), Some(false), None));
    assert_eq!(read[2], (5, "R-0103".into(), local, "adhd".into(), None, None));
}

#[test]
fn what_is_wrong_with_a_value_names_its_key() {
    use IssueCode::*;
    let cases: &[(&str, &[crate::contract::Fault])] = &[
        (r#""team":null,"sex":"","stage":" ""#, &[]),
        (r#""team":["a"]"#, &[("team", ValueShape)]),
        (r#""team":{"a":{"b":[]}}"#, &[("team", ValueShape)]),
        (r#""hold_from":{"from":"2026-01-01"}"#, &[("hold_from", ValueShape)]),
        (r#""team":"a","team":"a""#, &[("team", KeyTwice)]),
        (r#""team":"a","team":"a","team":"b""#, &[("team", KeyTwice)]),
        (r#""ubrn":12345678901234567890123"#, &[("ubrn", DigitsLost)]),
        (r#""local_patient_id":1e300"#, &[("local_patient_id", DigitsLost)]),
        (r#""not_brought_count":2.5"#, &[("not_brought_count", ValueNotNumber)]),
        (r#""not_brought_count":-1"#, &[("not_brought_count", ValueNotNumber)]),
        (r#""right_to_choose":"maybe""#, &[("right_to_choose", ValueNotBoolean)]),
        (r#""team":"a\u0000b""#, &[("team", ValueControlCharacter)]),
        (r#""team":"\ud83d\ude00""#, &[]),
    ];
    for (more, expected) in cases {
        assert_eq!(faults(&row_with(more)), *expected, "{more}");
    }
    let listed = read(GOOD.replace("\"autism\"", r#"["autism",["adhd"]]"#).as_bytes()).unwrap();
    assert_eq!(faults(&listed.rows[0]), [("pathway", ValueShape)]);
}

#[test]
fn an_id_that_is_there_twice_is_not_used() {
    let row = row_with(r#""referral_id":"R-2""#);
    assert_eq!((row.referral_id.as_deref(), faults(&row)), (None, vec![("referral_id", IssueCode::KeyTwice)]));
}

#[test]
fn a_broken_line_is_an_issue_of_that_line_alone() {
    let two = format!("{GOOD} {GOOD}");
    let file = [GOOD, "{\"referral_id\":\"R-2\",}", "[1]", &two, &GOOD.replace("R-1", "R-4"), "{}", ""].join("\n");
    let rows = read(file.as_bytes()).unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| (row.number, row.record.is_some())).collect::<Vec<_>>(),
        [(1, true), (2, false), (3, false), (4, false), (5, true), (6, false)]
    );
    assert!(rows[1..4].iter().all(|row| faults(row) == [("row", IssueCode::RowMalformed)]));
    assert_eq!(faults(&rows[5])[0], ("referral_id", IssueCode::ValueMissing));
}

#[test]
fn unknown_keys_are_reported_once_and_never_by_name() {
    let row = GOOD.replace('}', r#","Ada Example":1,"Ada Example":{"deep":[true]}}"#);
    let kept = read(format!("{row}\n{row}\n").as_bytes()).unwrap();
    assert_eq!(kept.file_issues, [Issue { row: 0, referral_id: None, field: "keys", code: IssueCode::ColumnUnknown }]);
}

#[test]
fn a_file_of_other_json_is_refused_whole() {
    let code = |body: &str| read(body.as_bytes()).err().map(|unreadable| unreadable.code());
    assert_eq!(code(&format!("[{GOOD}]")), Some("not-this-format"));
    assert_eq!(code("{\n\"referral_id\": \"R-1\"\n}\n"), Some("malformed"));
    assert_eq!(code("{\"resourceType\":\"Bundle\"}\n"), Some("header-missing"));
    assert_eq!(code("{}\n"), Some("header-missing"));
    assert_eq!(code("<a/>"), Some("not-this-format"));
    assert_eq!(code("referral_id,status\n"), Some("not-this-format"));
    assert_eq!(code(&GOOD[..GOOD.len() - 1]), Some("truncated"));
    assert_eq!(code(&format!("{GOOD}\n{{\"referral_id\":\"R-2\"")), Some("truncated"));
    assert_eq!(code(GOOD), None, "a last line needs no line break");
}

#[test]
fn a_line_over_its_bound_refuses_the_file() {
    let row = |length: usize| GOOD.replace('}', &format!(",\"x\":\"{}\"}}", "y".repeat(length)));
    let room = 64 * 1024 - row(0).len();
    assert!(read(format!("{GOOD}\n{}\n", row(room - 1)).as_bytes()).is_ok());
    let refused = read(format!("{GOOD}\n{}\n", row(room)).as_bytes());
    assert!(matches!(refused, Err(Unreadable::TooLarge { row: 2 })));
}

/// Reads each case of `json-test-suite.txt` as a line among good lines, and as the value of a key.
#[test]
fn only_a_line_of_valid_json_is_a_row() {
    let cases = include_str!("json-test-suite.txt").lines().filter(|line| !line.starts_with('#'));
    let mut met = 0;
    for (name, bytes) in cases.filter_map(|line| line.split_once(' ')) {
        let bytes: Vec<_> =
            bytes.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
        let rows = |line: &[u8]| read(&[GOOD.as_bytes(), b"\n", line, b"\n", GOOD.as_bytes()].concat()).unwrap().rows;
        let lines = rows(&bytes);
        assert!(lines[0].record.is_some() && lines.last().unwrap().record.is_some(), "{name}");
        assert!(lines[1..lines.len() - 1].iter().all(|row| row.record.is_none()), "{name} is no row of a list");
        for key in ["team", "other"] {
            let valued = rows(&[&GOOD.as_bytes()[..GOOD.len() - 1], b",\"", key.as_bytes(), b"\":", &bytes, b"}"].concat());
            let is_row = valued.len() == 3 && !valued[1].issues.iter().any(|issue| issue.field == "row");
            match name.as_bytes()[0] {
                b'n' => assert!(!is_row, "{name} under {key}"),
                b'y' if !bytes.contains(&b'\n') => assert!(is_row, "{name} under {key}: {:?}", valued[1].issues),
                _ => {}
            }
        }
        met += 1;
    }
    assert!(met > 100, "{met}");
}

proptest! {
    #[test]
    fn any_order_and_spacing_of_the_keys_is_the_same_row(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), space in "[ \t]{0,3}") {
        let pairs: Vec<_> = GOOD.trim_matches(['{', '}']).split(',').collect();
        let mixed: Vec<_> = order.iter().map(|at| pairs[*at].replacen(':', &format!("{space}:{space}"), 1)).collect();
        let line = format!("{space}{{{space}{}{space}}}{space}\n", mixed.join(&format!("{space},{space}")));
        prop_assert_eq!(read(line.as_bytes()).unwrap().rows, read(GOOD.as_bytes()).unwrap().rows);
    }
}
