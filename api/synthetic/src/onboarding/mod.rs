//! What a provider's informatics team starts from: empty templates, ten rows that show how to say each
//! thing, and database views as a start for its own export.

mod examples;
#[cfg(test)]
mod tests;

use std::io::{self, Cursor};

use adapters::{
    Period, write_csds, write_csv, write_csv_template, write_fhir_json, write_fhir_ndjson, write_hl7v2, write_mhsds, write_ndjson,
    write_sen2_xml, write_xlsx, write_xlsx_template,
};
use chrono::{Datelike, NaiveDate};
use domain::{OrganisationCode, SubmittedRecord};

use crate::cases::one_of_each;
pub use examples::onboarding_examples;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// Writes records of a provider, as they are on a day.
type Writer = fn(&[SubmittedRecord], OrganisationCode, NaiveDate, &mut Cursor<Vec<u8>>) -> io::Result<()>;

/// A file that is written for each pack: its format, its name, and its writer.
type Written = (&'static str, &'static str, Writer);

/// Empty files for people, or for exports that fill in tables. Formats of messages have none.
const TEMPLATES: &[Written] = &[
    ("csv", "waiting-list-template.csv", |_, _, _, out| write_csv_template(out)),
    ("xlsx", "waiting-list-template.xlsx", |_, _, _, out| write_xlsx_template(out)),
    ("csds", "csds-template.zip", |none, provider, as_of, out| write_csds(|| none.iter(), provider, &month_before(as_of), out)),
    ("mhsds", "mhsds-template.zip", |none, provider, as_of, out| write_mhsds(|| none.iter(), provider, &month_before(as_of), out)),
];

/// The ten rows, or as many as the format can carry. The council's return has ten children of its own.
const EXAMPLES: &[Written] = &[
    ("csv", "waiting-list-examples.csv", |records, _, _, out| write_csv(records, out)),
    ("xlsx", "waiting-list-examples.xlsx", |records, _, _, out| write_xlsx(records, out)),
    ("ndjson", "waiting-list-examples.ndjson", |records, _, _, out| write_ndjson(records, out)),
    ("csds", "csds-examples.zip", |records, provider, as_of, out| write_csds(|| records.iter(), provider, &month_before(as_of), out)),
    ("mhsds", "mhsds-examples.zip", |records, provider, as_of, out| write_mhsds(|| records.iter(), provider, &month_before(as_of), out)),
    ("fhir", "fhir-examples.json", |records, _, _, out| write_fhir_json(records, out)),
    ("fhir-ndjson", "fhir-examples.ndjson", |records, _, _, out| write_fhir_ndjson(records, out)),
    ("hl7v2", "hl7v2-examples.hl7", |records, provider, as_of, out| write_hl7v2(records, provider, as_of, out)),
    ("sen2-xml", "sen2-examples.xml", |_, _, as_of, out| write_return(as_of, out)),
];

/// Writes the council's ten children.
fn write_return(as_of: NaiveDate, out: &mut Cursor<Vec<u8>>) -> io::Result<()> {
    let persons = one_of_each(SEED, as_of).into_iter().map(|(child, cases)| (child.date_of_birth, cases));
    write_sen2_xml(persons, as_of, out).map(drop)
}

/// The seed for the council's children.
const SEED: u64 = 1;

/// The month before this day, which a data set reports.
fn month_before(day: NaiveDate) -> Period {
    let last = day - chrono::Days::new(u64::from(day.day()));
    last - chrono::Days::new(u64::from(last.day0()))..=last
}

const VIEWS: &[(&str, &str)] = &[
    ("systmone-waiting-list.sql", include_str!("../../../../deploy/onboarding/systmone-waiting-list.sql")),
    ("rio-waiting-list.sql", include_str!("../../../../deploy/onboarding/rio-waiting-list.sql")),
];

/// The whole pack, for this provider and day.
pub fn onboarding_pack(provider: OrganisationCode, as_of: NaiveDate) -> io::Result<Vec<PackFile>> {
    let records = onboarding_examples(provider, as_of);
    let mut files = vec![PackFile { name: "README.md", bytes: include_bytes!("README.md").to_vec() }];
    let written = TEMPLATES.iter().map(|it| (it, &[][..])).chain(EXAMPLES.iter().map(|it| (it, &*records)));
    for ((_, name, write), records) in written {
        let mut out = Cursor::new(Vec::new());
        write(records, provider, as_of, &mut out)?;
        files.push(PackFile { name, bytes: out.into_inner() });
    }
    files.extend(VIEWS.iter().map(|(name, sql)| PackFile { name, bytes: sql.as_bytes().to_vec() }));
    Ok(files)
}
