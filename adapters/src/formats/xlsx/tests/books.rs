//! Whole workbooks: sheets, headers, and what is hidden, damaged or too large.

use super::*;

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
fn hidden_sheets_are_never_read_and_two_visible_lists_are_refused() {
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
fn a_workbook_that_is_too_large_in_any_way_is_refused() {
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
fn names_that_lead_out_of_the_archive_are_refused() {
    for name in ["../x", "xl/../../x", "/etc/passwd", "xl\\x", "C:x"] {
        let more = vec![(name.to_owned(), Vec::new())];
        assert_eq!(Book { more, ..Book::of(sheet(&list(&[]), "")) }.code(), Some("archive"), "{name}");
    }
}

#[test]
fn an_archive_with_one_name_twice_is_refused() {
    let more = vec![("xl/one.xml".to_owned(), Vec::new()), ("xl/two.xml".to_owned(), Vec::new())];
    let mut book = Book { more, ..Book::of(sheet(&list(&[]), "")) }.bytes();
    assert!(read(&book).is_ok());
    while let Some(at) = memmem::find(&book, b"xl/two.xml") {
        book[at..at + 10].copy_from_slice(b"xl/one.xml");
    }
    assert_eq!(read(&book).err().map(|refused| refused.code()), Some("archive"));
}

#[test]
fn a_file_that_is_no_workbook_is_refused_by_name() {
    for bad in Xlsx.about().bad_samples.iter().filter(|bad| ["archive", "not-this-format", "protected", "too-large"].contains(&bad.code)) {
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
