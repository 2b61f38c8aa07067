use std::io::{Cursor, Write};

use domain::children::ChildIdentifier;
use domain::dates::parse_day;
use domain::submissions::{Entry, Record};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::kept::{self, Kept, faults};
use crate::{Fault, Row, csv};

fn read(bytes: &[u8]) -> Result<Kept, Unreadable> {
    let (kept, end) = kept::read(&Xlsx, "RY4", bytes);
    end.map(|()| kept)
}

const NAMES: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook under construction: its sheets, and what else can be said of it.
#[derive(Default)]
struct Book {
    sheets: Vec<(String, &'static str)>,
    texts: String,
    from_1904: bool,
    more: Vec<(String, Vec<u8>)>,
}

impl Book {
    fn of(sheet: impl Into<String>) -> Self {
        Self { sheets: vec![(sheet.into(), "visible")], ..Self::default() }
    }

    fn bytes(&self) -> Vec<u8> {
        let list: String = self
            .sheets
            .iter()
            .enumerate()
            .map(|(at, (_, state))| format!(r#"<sheet name="S{at}" sheetId="{}" state="{state}" r:id="s{at}"/>"#, at + 1))
            .collect();
        let refers = |id: &str, kind: &str, part: &str| format!(r#"<Relationship Id="{id}" Type="{KINDS}/{kind}" Target="{part}"/>"#);
        let mut relations: String =
            (0..self.sheets.len()).map(|at| refers(&format!("s{at}"), "worksheet", &format!("/xl/sheet{at}.xml"))).collect();
        relations += &(refers("st", "styles", "styles.xml") + &refers("ss", "sharedStrings", "texts.xml"));
        let mut parts = vec![
            ("_rels/.rels".to_owned(), format!("<Relationships>{}</Relationships>", refers("a", "officeDocument", "xl/workbook.xml")).into_bytes()),
            ("xl/_rels/workbook.xml.rels".into(), format!("<Relationships>{relations}</Relationships>").into_bytes()),
            (
                "xl/workbook.xml".into(),
                format!(r#"<workbook {NAMES}><workbookPr date1904="{}"/><sheets>{list}</sheets></workbook>"#, self.from_1904).into_bytes(),
            ),
            (
                "xl/styles.xml".into(),
                format!(r#"<styleSheet {NAMES}><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#)
                    .into_bytes(),
            ),
            ("xl/texts.xml".into(), format!("<sst {NAMES}>{}</sst>", self.texts).into_bytes()),
        ];
        for (at, (sheet, _)) in self.sheets.iter().enumerate() {
            parts.push((format!("xl/sheet{at}.xml"), sheet.clone().into_bytes()));
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts.iter().chain(&self.more) {
            zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn read(&self) -> Result<Kept, Unreadable> {
        read(&self.bytes())
    }

    fn code(&self) -> Option<&'static str> {
        self.read().err().map(|unreadable| unreadable.code())
    }
}

fn cell(text: &str) -> String {
    format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
}

fn sheet(rows: &[Vec<String>], after: &str) -> String {
    let rows: String = rows.iter().map(|cells| format!("<row>{}</row>", cells.concat())).collect();
    format!("<worksheet {NAMES}><sheetData>{rows}</sheetData>{after}</worksheet>")
}

const GOOD: &[(&str, &str)] = &[
    ("referral_id", "R-1"),
    ("nhs_number", "9990000018"),
    ("date_of_birth", "2016-05-04"),
    ("pathway", "autism"),
    ("referral_received_date", "2026-02-03"),
    ("status", "waiting"),
    ("nhs_number_status", "01"),
    ("district", "E07000240"),
];

/// The header and one good row, with some of the cells given as they stand in the file.
fn list(cells: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut all: Vec<_> = GOOD.iter().map(|(column, text)| (*column, cell(text))).collect();
    for (column, changed) in cells {
        all.retain(|(name, _)| name != column);
        all.push((column, (*changed).to_owned()));
    }
    vec![all.iter().map(|(column, _)| cell(column)).collect(), all.into_iter().map(|(_, cell)| cell).collect()]
}

fn row_with(cells: &[(&str, &str)]) -> Row {
    Book::of(sheet(&list(cells), "")).read().unwrap().rows.remove(0)
}

fn referral(row: &Row) -> (&Record, &domain::referrals::Referral) {
    let Some(record @ Record { entry: Entry::Referral(referral), .. }) = &row.record else { panic!("{row:?}") };
    (record, referral)
}

fn about_the_file(kept: &Kept) -> Vec<Fault> {
    kept.file_issues.iter().map(|issue| (issue.field, issue.code)).collect()
}

#[test]
fn the_rows_of_the_csv_give_the_same_records() {
    let records = |adapter: &dyn Adapter| -> Vec<_> {
        kept::read(adapter, "RY4", adapter.samples()[0].bytes).0.rows.into_iter().map(|row| row.record).collect()
    };
    let (csv, workbook) = (records(&csv::Csv), records(&Xlsx));
    assert_eq!(workbook, [csv[0].clone(), csv[1].clone(), csv[6].clone()]);
    assert!(workbook.iter().all(Option::is_some));
}

#[test]
fn a_workbook_is_read_as_people_keep_it() {
    let kept = read(Xlsx.samples()[1].bytes).unwrap();
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
fn what_holds_for_a_column_is_said_once() {
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
        // A text stays as it is, and a number that is in no list too.
        assert_eq!((it.closure_reason.as_deref(), it.waiting_time_measurement_type.as_deref()), (Some("2"), Some("77")));
    }
}

#[test]
fn days_are_counted_from_1904_where_the_workbook_says_so() {
    let rows = list(&[("date_of_birth", "<c s='1'><v>41032</v></c>")]);
    let kept = Book { from_1904: true, ..Book::of(sheet(&rows, "")) }.read().unwrap();
    assert_eq!(referral(&kept.rows[0]).0.child.date_of_birth.to_string(), "2016-05-04");
}

#[test]
fn the_header_is_found_below_titles_and_no_further_down() {
    let titled = |titles: usize| {
        let mut rows = vec![vec![cell("A title, over merged cells")]; titles];
        rows.extend(list(&[]));
        Book::of(sheet(&rows, ""))
    };
    for titles in [0, 3, 19] {
        assert_eq!(titled(titles).read().unwrap().rows[0].number, titles as u64 + 2);
    }
    assert_eq!(titled(20).code(), Some("header-missing"));
    assert_eq!(Book::default().code(), Some("header-missing"));
    assert_eq!(Book::of(sheet(&list(&[])[..1], "")).read().unwrap().rows.len(), 0, "a nil return has its header");
}

#[test]
fn names_of_columns_are_known_however_people_spell_them() {
    let spelled = [
        "Referral ID",
        " NHS\u{a0}Number",
        "DATE OF BIRTH",
        "Pathway:",
        "Referral_Received-date",
        "Status ",
        "NHS Number\nStatus",
        "District",
    ];
    let mut rows = list(&[]);
    rows[0] = spelled.iter().map(|name| cell(name)).collect();
    let kept = Book::of(sheet(&rows, "")).read().unwrap();
    assert!(kept.rows[0].record.is_some() && kept.file_issues.is_empty());
}

#[test]
fn hidden_sheets_are_never_read_and_two_lists_never_guessed_between() {
    let (one, another) = (sheet(&list(&[]), ""), sheet(&list(&[("referral_id", &cell("R-2"))]), ""));
    let book = |first, second| Book { sheets: vec![(one.clone(), first), (another.clone(), second)], ..Book::default() };
    for state in ["hidden", "veryHidden"] {
        let kept = book("visible", state).read().unwrap();
        assert_eq!(kept.rows.iter().map(|row| row.referral_id.as_deref().unwrap()).collect::<Vec<_>>(), ["R-1"]);
        assert_eq!(about_the_file(&kept), [("workbook", IssueCode::SheetsHidden)]);
        assert_eq!(book(state, "visible").read().unwrap().rows[0].referral_id.as_deref(), Some("R-2"));
    }
    assert_eq!(book("visible", "visible").code(), Some("sheets-several"));
    assert_eq!(book("hidden", "hidden").code(), Some("header-missing"));
}

#[test]
fn merged_and_hidden_rows_are_reported() {
    let after = |range: &str| sheet(&list(&[]), &format!("<mergeCells><mergeCell ref='{range}'/></mergeCells>"));
    assert_eq!(about_the_file(&Book::of(after("A2:B2")).read().unwrap()), [("sheet", IssueCode::CellsMerged)]);
    assert_eq!(about_the_file(&Book::of(after("A1:XFD1")).read().unwrap()), []);
    let hidden = sheet(&list(&[]), "").replacen("</row><row>", "</row><row hidden='1'>", 1);
    let kept = Book::of(hidden).read().unwrap();
    assert!(kept.rows[0].record.is_some());
    assert_eq!(about_the_file(&kept), [("sheet", IssueCode::RowsHidden)]);
}

#[test]
fn a_sheet_that_contradicts_itself_is_refused() {
    let good = sheet(&list(&[]), "");
    let broken = [
        good.replacen("<row>", "<row r='0'>", 1),
        good.replacen("<row>", "<row r='5000000000'>", 1),
        good.replace("<row>", "<row r='1'>"),
        good.replacen("<c ", "<c r='B1' ", 2),
        good.replacen("<c ", "<c r='1' ", 1),
        good.replacen("<c ", "<c r='AAAA1' ", 1),
        good.replacen("<c ", "<c r='XFE1' ", 1),
        good.replacen("<c t=\"inlineStr\"", "<c t=\"odd\"", 1),
        good.replacen("<c t", "<c s='x' t", 1),
        good.replacen("R-1", "&undefined;", 1),
        good.replacen("</is></c>", "</is>", 1),
        good.replacen("</row>", "</sheetData>", 1),
        sheet(&list(&[("team", "<c t='s'><v>3</v></c>")]), ""),
        sheet(&list(&[("team", "<c t='s'><v>-1</v></c>")]), ""),
        sheet(&list(&[("team", "<c><v>one</v></c>")]), ""),
    ];
    for sheet in broken {
        assert_eq!(Book::of(sheet.clone()).code(), Some("malformed"), "{sheet}");
    }
    assert_eq!(Book::of(format!("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>{good}")).code(), Some("doctype"));
    assert_eq!(Book::of(format!("<?xml version='1.0' encoding='UTF-16'?>{good}")).code(), Some("encoding"));
}

#[test]
fn what_would_take_too_much_is_refused() {
    let good = sheet(&list(&[]), "");
    let random = |length: usize| -> String {
        (0..length as u64)
            .map(|at| char::from(b'a' + u8::try_from((at.wrapping_mul(at).wrapping_mul(2_654_435_761) >> 13) % 26).unwrap()))
            .collect()
    };
    let text = Book { texts: format!("<si><t>{}</t></si>", random(140_000)), ..Book::of(good.clone()) };
    assert_eq!(text.code(), Some("too-large"), "a text that no cell can hold");
    let texts = Book { texts: format!("<si><t>{}</t></si>", random(90_000)).repeat(400), ..Book::of(good.clone()) };
    assert_eq!(texts.code(), Some("too-large"), "more text than any list has");
    assert_eq!(Book::of(sheet(&list(&[("team", &cell(&random(140_000)))]), "")).code(), Some("too-large"));
    let wide = good.replacen("</row>", &format!("{}</row>", "<c s='123'/>".repeat(100_000)), 1);
    assert!(matches!(Book::of(wide).code(), Some("too-large" | "malformed")));
    let bomb = good.replace("</sheetData>", &(format!("<row{}/>", " ".repeat(1_000)).repeat(20_000) + "</sheetData>"));
    assert_eq!(Book::of(bomb).code(), Some("too-large"), "packed like nothing honest");
    let deep = good.replace("</worksheet>", &("<a>".repeat(101) + &"</a>".repeat(101) + "</worksheet>"));
    assert_eq!(Book::of(deep).code(), Some("malformed"), "deeper than any sheet");
    let long = format!("/xl/{}.xml", "x".repeat(2_000));
    let relations = format!(r#"<Relationships><Relationship Id="a" Type="{KINDS}/officeDocument" Target="{long}"/></Relationships>"#);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("_rels/.rels", SimpleFileOptions::default()).unwrap();
    zip.write_all(relations.as_bytes()).unwrap();
    assert_eq!(read(&zip.finish().unwrap().into_inner()).err().map(|refused| refused.code()), Some("too-large"), "a name of no part");
    let more = (0..1001).map(|at| (format!("xl/media/{at}.png"), Vec::new())).collect();
    assert_eq!(Book { more, ..Book::of(good) }.code(), Some("too-large"), "more parts than any workbook has");
}

#[test]
fn names_that_climb_out_of_the_archive_are_refused_and_references_go_nowhere() {
    for name in ["../x", "xl/../../x", "/etc/passwd", "xl\\x", "C:x"] {
        let more = vec![(name.to_owned(), Vec::new())];
        assert_eq!(Book { more, ..Book::of(sheet(&list(&[]), "")) }.code(), Some("archive"), "{name}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let more = vec![("xl/one.xml".to_owned(), Vec::new()), ("xl/two.xml".to_owned(), Vec::new())];
    let mut book = Book { more, ..Book::of(sheet(&list(&[]), "")) }.bytes();
    assert!(read(&book).is_ok());
    while let Some(at) = memmem::find(&book, b"xl/two.xml") {
        book[at..at + 10].copy_from_slice(b"xl/one.xml");
    }
    assert_eq!(read(&book).err().map(|refused| refused.code()), Some("archive"));
}

#[test]
fn what_a_workbook_is_not_is_told_by_name() {
    for bad in Xlsx.bad_samples().iter().filter(|bad| ["archive", "not-this-format", "protected", "too-large"].contains(&bad.code)) {
        let refused = read(bad.bytes).err().unwrap();
        assert_eq!(refused.code(), bad.code, "{}", bad.name);
        let kind = bad.name.rsplit('.').next().unwrap();
        assert!(
            bad.code != "not-this-format" || kind == "zip" || refused.message().contains(&format!("(.{kind})")),
            "{}: {refused}",
            bad.name
        );
    }
}

#[test]
fn a_cut_archive_is_refused() {
    let book = Book::of(sheet(&list(&[]), "")).bytes();
    for length in (0..book.len()).step_by(7) {
        assert!(read(&book[..length]).is_err(), "{length}");
    }
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
