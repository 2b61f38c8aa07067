//! How cells are read, as people and their programs fill them.

use domain::{ChildIdentifier, parse_day};
use proptest::prelude::*;

use super::*;

#[test]
fn the_rows_of_the_csv_give_the_same_records() {
    let records = |adapter: &'static dyn Adapter| -> Vec<_> {
        kept::read(Format::Records(adapter), "RY4", adapter.about().samples[0].bytes).0.rows.into_iter().map(|row| row.record).collect()
    };
    let (csv, workbook) = (records(&csv::Csv), records(&Xlsx));
    assert_eq!(workbook, [csv[0].clone(), csv[1].clone(), csv[6].clone()]);
    assert!(workbook.iter().all(Option::is_some));
}

#[test]
fn a_workbook_is_read_as_people_keep_it() {
    let kept = read(Xlsx.about().samples[1].bytes).unwrap();
    let read: Vec<_> = kept
        .rows
        .iter()
        .map(|row| {
            let (record, it) = referral(row);
            let day = |day: chrono::NaiveDate| day.to_string();
            (
                row.number,
                it.referral_id.as_str(),
                record.child.identifier.clone(),
                day(record.child.date_of_birth),
                day(it.referral_received_date),
            )
        })
        .collect();
    let number = |text: &str| ChildIdentifier::NhsNumber(text.parse().unwrap());
    assert_eq!(read[0], (5, "R-0101", number("9990000085"), "2017-03-09".into(), "2026-07-01".into()));
    assert_eq!(read[1], (6, "102", number("9990000093"), "2020-12-25".into(), "2026-08-17".into()));
    assert_eq!(read[2], (9, "R-0103", number("9990000107"), "2013-04-02".into(), "2025-11-03".into()));
    let details: Vec<_> = kept.rows.iter().map(|row| &referral(row).1.details).collect();
    assert_eq!(
        (details[0].right_to_choose, details[0].not_brought_count, details[0].school_urn.as_deref()),
        (Some(true), Some(2), Some("117105"))
    );
    assert_eq!((details[1].right_to_choose, details[2].right_to_choose), (Some(false), Some(false)));
    assert_eq!(details[2].first_contact_date, parse_day("2026-01-05"));
    assert_eq!(referral(&kept.rows[1]).1.pathways.to_string(), "audiology", "a text's reading is no part of it");
    assert_eq!(about_the_file(&kept), [("header", IssueCode::ColumnUnknown)]);
    assert!(kept.rows.iter().all(|row| row.issues.is_empty()));
}

#[test]
fn each_cell_that_was_mangled_names_its_column() {
    use IssueCode::*;
    let cases: &[(&str, &str, &[Fault])] = &[
        ("nhs_number", "<c><v>9990000018</v></c>", &[]),
        ("nhs_number", "<c><v>9990000018.0</v></c>", &[]),
        ("nhs_number", "<c><v>9.990000018E9</v></c>", &[]),
        ("nhs_number", "<c><v>9.99E9</v></c>", &[("nhs_number", NhsNumberCheckDigit)]),
        ("nhs_number", "<c><v>999000001.8</v></c>", &[("nhs_number", NhsNumberFormat)]),
        ("nhs_number", "<c t='str'><v>9.99E+09</v></c>", &[("nhs_number", DigitsLost)]),
        ("nhs_number", "<c t='str'><v>999 000 0018</v></c>", &[]),
        ("local_patient_id", "<c><v>123456789012345</v></c>", &[]),
        ("local_patient_id", "<c><v>1234567890123456</v></c>", &[("local_patient_id", DigitsLost)]),
        ("local_patient_id", "<c s='1'><v>45352</v></c>", &[("local_patient_id", CellDate)]),
        ("local_patient_id", "<c><v>NaN</v></c>", &[("local_patient_id", DigitsLost)]),
        ("date_of_birth", "<c s='1'><v>42494</v></c>", &[]),
        ("date_of_birth", "<c s='1'><v>42494.75</v></c>", &[]),
        ("date_of_birth", "<c><v>42494</v></c>", &[("date_of_birth", DateFormat)]),
        ("date_of_birth", "<c><v>20160504</v></c>", &[("date_of_birth", DateFormat)]),
        ("date_of_birth", "<c s='9'><v>42494</v></c>", &[("date_of_birth", DateFormat)]),
        ("date_of_birth", "<c t='str'><v>04/05/2016</v></c>", &[("date_of_birth", DateFormat)]),
        ("date_of_birth", "<c t='d'><v>2016-05-04T00:00:00Z</v></c>", &[]),
        ("first_contact_date", "<c s='1'><v>0</v></c>", &[("first_contact_date", DateFormat)]),
        ("first_contact_date", "<c s='1'><v>60</v></c>", &[("first_contact_date", DateFormat)]),
        ("first_contact_date", "<c s='1'><v>-1</v></c>", &[("first_contact_date", DateFormat)]),
        ("first_contact_date", "<c s='1'><v>1e300</v></c>", &[("first_contact_date", DateFormat)]),
        ("first_contact_date", "<c s='1'/>", &[]),
        ("gp_practice", "<c t='e'><v>#N/A</v></c>", &[("gp_practice", CellError)]),
        ("status", "<c t='e'><f>1/0</f><v>#DIV/0!</v></c>", &[("status", CellError)]),
        ("status", "<c t='str'><v/></c>", &[("status", ValueMissing)]),
        ("status", "<c t='b'><v>1</v></c>", &[("status", ValueNotClosedList)]),
        ("right_to_choose", "<c t='b'><v>1</v></c>", &[]),
        ("team", "<c t='str'><v>A&amp;B &#x41;<![CDATA[<]]></v></c>", &[]),
        ("team", "<c t='inlineStr'><is><t>a\nb</t></is></c>", &[("team", ValueControlCharacter)]),
        ("team", "<c t='str'><v>\u{a0}</v></c>", &[]),
    ];
    for (column, given, expected) in cases {
        assert_eq!(faults(&row_with(&[(column, given)])), *expected, "{column} {given}");
    }
    let row = row_with(&[("team", "<c t='inlineStr'><is><r><t>A&amp;</t></r><r><t>B</t></r><rPh><t>C</t></rPh></is></c>")]);
    assert_eq!(referral(&row).1.details.team.as_deref(), Some("A&B"));
}

#[test]
fn an_issue_with_a_column_is_reported_once() {
    let cells = [
        ("nhs_number_status", "<c><v>1</v></c>"),
        ("source_of_referral", "<c><f>1</f><v>1</v></c>"),
        ("priority", "<c><v>1</v></c>"),
        ("rtt_status", "<c><v>20</v></c>"),
        ("ubrn", "<c><v>12345678</v></c>"),
        ("closure_reason", "<c t='str'><v>2</v></c>"),
        ("status", "<c t='str'><v>closed</v></c>"),
        ("closed_date", "<c t='str'><v>2026-03-01</v></c>"),
        ("waiting_time_measurement_type", "<c><v>77</v></c>"),
    ];
    let mut rows = list(&cells);
    let again = rows[1].iter().map(|cell| cell.replace("R-1", "R-2")).collect();
    rows.push(again);
    let kept = Book::of(sheet(&rows, "")).read().unwrap();
    assert_eq!(
        about_the_file(&kept),
        [
            ("nhs_number_status", IssueCode::LeadingZeros),
            ("ubrn", IssueCode::LeadingZeros),
            ("source_of_referral", IssueCode::FormulaRead),
            ("source_of_referral", IssueCode::LeadingZeros),
        ]
    );
    for row in &kept.rows {
        let it = &referral(row).1.details;
        assert_eq!(
            (it.nhs_number_status.as_deref(), it.ubrn.as_deref(), it.priority.as_deref()),
            (Some("01"), Some("000012345678"), Some("1"))
        );
        // A text stays as it is. So does a number that is not in the code list.
        assert_eq!((it.closure_reason.as_deref(), it.waiting_time_measurement_type.as_deref()), (Some("2"), Some("77")));
    }
}

#[test]
fn days_are_counted_from_1904_where_the_workbook_says_so() {
    let rows = list(&[("date_of_birth", "<c s='1'><v>41032</v></c>")]);
    let kept = Book { from_1904: true, ..Book::of(sheet(&rows, "")) }.read().unwrap();
    assert_eq!(referral(&kept.rows[0]).0.child.date_of_birth.to_string(), "2016-05-04");
}

proptest! {
    #[test]
    fn every_day_comes_back_from_its_number(days in 0_i64..73_000, from_1904 in any::<bool>(), hours in 0.0_f64..0.999) {
        let day = parse_day("1904-01-02").unwrap() + chrono::Duration::days(days);
        let start = parse_day(if from_1904 { "1904-01-01" } else { "1899-12-30" }).unwrap();
        let number = (day - start).num_days() as f64 + hours;
        let rows = list(&[("date_of_death", &format!("<c s='1'><v>{number}</v></c>"))]);
        let kept = Book { from_1904, ..Book::of(sheet(&rows, "")) }.read().unwrap();
        prop_assert_eq!(kept.rows[0].record.as_ref().map(|_| referral(&kept.rows[0]).1.details.date_of_death), Some(Some(day)));
    }
}
