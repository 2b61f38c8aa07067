mod books;
mod cells;

use std::io::{Cursor, Write};

use domain::{SubmittedEntry, SubmittedRecord};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::contract::kept::{self, Kept, faults};
use crate::contract::{Fault, Format, Row};
use crate::formats::csv;

fn read(bytes: &[u8]) -> Result<Kept, Unreadable> {
    let (kept, end) = kept::read(Format::Records(&Xlsx), "RY4", bytes);
    end.map(|()| kept)
}

const NAMES: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook to build for a test.
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

/// The header and one good row, with some of the cells given as XML.
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

fn referral(row: &Row) -> (&SubmittedRecord, &domain::Referral) {
    let Some(record @ SubmittedRecord { entry: SubmittedEntry::Referral(referral), .. }) = &row.record else { panic!("{row:?}") };
    (record, referral)
}

fn about_the_file(kept: &Kept) -> Vec<Fault> {
    kept.file_issues.iter().map(|issue| (issue.field, issue.code)).collect()
}
