//! A council's crosswalk, as CSV: which identifiers are one child's. It is a table of its own and no list of records, so it
//! is in no registry of formats.

use std::io::Cursor;

use chrono::NaiveDate;
use csv::ByteRecord;
use domain::{
    ChildIdentifier, Crosswalk, CrosswalkRow, CrosswalkStanding, Issue, IssueCode, OrganisationCode, Origin, VERIFIED_NUMBER, parse_day,
};

use crate::bytes::records::Records;
use crate::bytes::sources::{self, Looks};
use crate::columns::{id, nhs_number, upn};
use crate::contract::Unreadable;

/// The columns, each with the names that it may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Upn,
    LocalId,
    NhsNumber,
    DateOfBirth,
    NhsNumberStatus,
    Sensitive,
}

/// `pers_common_child_id` is what the Standard Safeguarding Dataset calls the NHS number.
const NAMES: [(&str, Column); 7] = [
    ("upn", Column::Upn),
    ("local_id", Column::LocalId),
    ("nhs_number", Column::NhsNumber),
    ("pers_common_child_id", Column::NhsNumber),
    ("date_of_birth", Column::DateOfBirth),
    ("nhs_number_status", Column::NhsNumberStatus),
    ("sensitive", Column::Sensitive),
];
const COLUMNS: usize = 6;

/// Where each column is, and by which name.
struct Header([Option<(usize, &'static str)>; COLUMNS], usize, bool);

impl Header {
    fn read(record: &ByteRecord) -> Result<Self, Unreadable> {
        let mut header = Self([None; COLUMNS], record.len(), false);
        for (place, name) in record.iter().enumerate() {
            let name = std::str::from_utf8(name).unwrap_or_default().trim();
            match NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                None => header.2 = true,
                Some((known, column)) => {
                    if header.0[*column as usize].replace((place, known)).is_some() {
                        return Err(Unreadable::HeaderTwice(known));
                    }
                }
            }
        }
        let is_missing = |column: Column| header.0[column as usize].is_none();
        let mut missing = Vec::new();
        if is_missing(Column::NhsNumber) {
            missing.push("nhs_number");
        }
        if is_missing(Column::Upn) && is_missing(Column::LocalId) {
            missing.push("upn");
        }
        if is_missing(Column::DateOfBirth) {
            missing.push("date_of_birth");
        }
        if missing.is_empty() { Ok(header) } else { Err(Unreadable::HeaderMissing(missing)) }
    }

    fn name(&self, column: Column) -> &'static str {
        self.0[column as usize].map_or("row", |(_, name)| name)
    }
}

/// Reads a council's crosswalk. The rows that cannot be taken are in it too, with what could be read of them.
pub fn read_crosswalk(text: &[u8], council: OrganisationCode, today: NaiveDate) -> Result<Crosswalk, Unreadable> {
    let mut source = Cursor::new(text);
    let (looks, source) = sources::open(&mut source)?;
    match looks {
        Looks::Text => {}
        Looks::Xml => return Err(Unreadable::NotThisFormat("XML")),
        Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
    }
    let mut records = Records::new(source);
    if !records.advance(0)? {
        return Err(Unreadable::Empty);
    }
    let header = Header::read(records.record())?;
    let mut crosswalk = Crosswalk::default();
    if header.2 {
        crosswalk.issues.push(Issue { row: 0, referral_id: None, field: "header", code: IssueCode::ColumnUnknown });
    }
    let mut number = 0;
    while records.advance(number + 1)? {
        number += 1;
        if records.is_blank() {
            continue;
        }
        let mut reading = Reading { header: &header, record: records.record(), number, issues: Vec::new() };
        let row = if records.record().len() != header.1 {
            reading.fault("row", IssueCode::RowShape);
            None
        } else if records.unreadable().is_some() {
            reading.fault("row", IssueCode::RowEncoding);
            None
        } else {
            reading.row(council, today)
        };
        crosswalk.take(row, reading.issues);
    }
    crosswalk.issues.extend(records.encodings().issue().map(|code| Issue { row: 0, referral_id: None, field: "file", code }));
    Ok(crosswalk)
}

struct Reading<'a> {
    header: &'a Header,
    record: &'a ByteRecord,
    number: u64,
    issues: Vec<Issue>,
}

impl<'a> Reading<'a> {
    fn fault(&mut self, field: &'static str, code: IssueCode) {
        self.issues.push(Issue { row: self.number, referral_id: None, field, code });
    }

    fn value<T>(&mut self, column: Column, read: impl FnOnce(&'a str) -> Result<T, IssueCode>) -> Option<T> {
        let (place, name) = self.header.0[column as usize]?;
        let value = std::str::from_utf8(self.record.get(place)?).unwrap_or_default().trim();
        if value.is_empty() {
            return None;
        }
        let value = if value.chars().any(char::is_control) { Err(IssueCode::ValueControlCharacter) } else { read(value) };
        value.map_err(|code| self.fault(name, code)).ok()
    }

    fn row(&mut self, council: OrganisationCode, today: NaiveDate) -> Option<CrosswalkRow> {
        let upn = self.value(Column::Upn, upn);
        let local = self.value(Column::LocalId, id);
        let number = self.value(Column::NhsNumber, nhs_number);
        let status = self.value(Column::NhsNumberStatus, |status| Ok(status == VERIFIED_NUMBER));
        let is_sensitive = self.value(Column::Sensitive, |flag| match flag.to_ascii_lowercase().as_str() {
            "1" | "y" | "yes" | "true" | "s" => Ok(true),
            "0" | "n" | "no" | "false" => Ok(false),
            _ => Err(IssueCode::ValueNotBoolean),
        });
        let date_of_birth = self.date_of_birth(today);
        let field = self.header.name(Column::NhsNumber);
        match number.map(|number| number.origin()) {
            Some(Origin::OtherNation) => self.fault(field, IssueCode::NhsNumberOtherNation),
            Some(Origin::Unused) => self.fault(field, IssueCode::NhsNumberNotIssued),
            Some(Origin::Issued | Origin::Test) | None => {}
        }
        let is_itself = local.as_deref().is_some_and(|local| {
            let squeezed: String = local.split_whitespace().collect();
            number.is_some_and(|number| number.as_str() == squeezed) || upn.is_some_and(|upn| upn.as_str() == squeezed)
        });
        if is_itself {
            self.fault("local_id", IssueCode::IdentifierRepeated);
        }
        // A number that nobody in England has joins nothing.
        let number = number.filter(|number| matches!(number.origin(), Origin::Issued | Origin::Test));
        let identifiers: Vec<_> = [
            upn.map(ChildIdentifier::Upn),
            local.map(|id| ChildIdentifier::LocalPatient { provider: council, id }),
            number.map(ChildIdentifier::NhsNumber),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.issues.is_empty() {
            match identifiers.len() {
                0 => self.fault("row", IssueCode::ValueMissing),
                1 => self.fault("row", IssueCode::IdentifierAlone),
                _ => {}
            }
        }
        let standing = match (is_sensitive, status) {
            (Some(true), _) => CrosswalkStanding::Sensitive,
            (_, Some(true)) => CrosswalkStanding::Traced,
            _ => CrosswalkStanding::Stated,
        };
        if standing == CrosswalkStanding::Sensitive {
            self.fault("sensitive", IssueCode::SensitiveRecord);
        }
        Some(CrosswalkRow { number: self.number, identifiers, date_of_birth: date_of_birth?, standing })
    }

    fn date_of_birth(&mut self, today: NaiveDate) -> Option<NaiveDate> {
        let before = self.issues.len();
        let day = self.value(Column::DateOfBirth, |text| parse_day(text).ok_or(IssueCode::DateFormat));
        match day {
            None if self.issues.len() == before => self.fault("date_of_birth", IssueCode::ValueMissing),
            Some(day) if day > today => self.fault("date_of_birth", IssueCode::BirthInFuture),
            _ => {}
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Crosswalk {
        read_crosswalk(text.as_bytes(), "E10000015".parse().unwrap(), "2026-11-20".parse().unwrap()).unwrap()
    }

    fn codes(crosswalk: &Crosswalk) -> Vec<(u64, &'static str, &'static str)> {
        crosswalk.issues.iter().map(|issue| (issue.row, issue.field, issue.code.as_str())).collect()
    }

    fn sound() -> String {
        domain::Upn::from_parts(919, 4001, 20, 1).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_row_gives_its_identifiers_in_the_councils_order() {
        let text = format!(
            "\u{feff}Date_of_Birth,PERS_COMMON_CHILD_ID,upn,local_id,nhs_number_status\r\n2016-05-04,999 000 0018,{},P-1,01\r\n,,,,\r\n",
            sound()
        );
        let crosswalk = read(&text);
        assert_eq!((codes(&crosswalk), crosswalk.received, crosswalk.rows.len()), (vec![], 1, 1));
        let row = &crosswalk.rows[0];
        assert!(matches!(
            row.identifiers[..],
            [ChildIdentifier::Upn(_), ChildIdentifier::LocalPatient { .. }, ChildIdentifier::NhsNumber(_)]
        ));
        assert_eq!((row.standing, row.pairs().count()), (CrosswalkStanding::Traced, 2));
    }

    #[test]
    fn each_thing_wrong_with_a_row_has_its_name() {
        let upn = sound();
        let wrong = [
            (format!("9990000019,{upn},,2016-05-04,"), "nhs-number-check-digit", 1),
            (format!("999000,{upn},,2016-05-04,"), "nhs-number-format", 1),
            ("9990000018,A919400120001,,2016-05-04,".to_owned(), "upn-check-letter", 1),
            (format!("9990000018,{upn},,04/05/2016,"), "date-format", 1),
            (format!("9990000018,{upn},,,"), "value-missing", 1),
            (format!("9990000018,{upn},,2026-11-21,"), "birth-date-in-future", 1),
            (format!("9990000018,{upn},9990000018,2016-05-04,"), "identifier-repeated", 1),
            (format!("9990000018,{upn},,2016-05-04"), "row-shape", 1),
            (",,,2016-05-04,".to_owned(), "value-missing", 1),
            (format!("9990000018,{upn},,2016-05-04,maybe"), "value-not-yes-or-no", 1),
            (format!(",{upn},,2016-05-04,"), "identifier-alone", 0),
            (format!("9990000018,{upn},,2016-05-04,y"), "sensitive-record", 0),
            (
                format!("{},{upn},,2016-05-04,", (301_000_000..).find_map(domain::NhsNumber::from_first_nine).unwrap().as_str()),
                "nhs-number-other-nation",
                0,
            ),
        ];
        for (row, code, refused) in wrong {
            let crosswalk = read(&format!("nhs_number,upn,local_id,date_of_birth,sensitive\n{row}\n"));
            assert_eq!(codes(&crosswalk).first().map(|(.., code)| *code), Some(code), "{row}");
            assert_eq!((crosswalk.received, crosswalk.received - crosswalk.rows.len() as u64), (1, refused), "{row}");
        }
    }

    #[test]
    fn a_file_that_is_no_crosswalk_is_refused_whole() {
        let read =
            |text: &str| read_crosswalk(text.as_bytes(), "E10000015".parse().unwrap(), "2026-11-20".parse().unwrap()).unwrap_err().code();
        assert_eq!(read(""), "empty");
        assert_eq!(read("<a/>"), "not-this-format");
        assert_eq!(read("upn,date_of_birth\n"), "header-missing");
        assert_eq!(read("nhs_number,pers_common_child_id,upn,date_of_birth\n"), "header-twice");
        assert_eq!(read("nhs_number,upn,date_of_birth\n9990000018,\"A"), "truncated");
    }
}
