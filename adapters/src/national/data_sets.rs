//! What CSDS and MHSDS share: tables of patients, of referrals and of what belongs to a referral. They are
//! joined first by patient, to leave out people over 25, and then by referral.

use std::borrow::Cow;
use std::io::Read;

use domain::{IssueCode, OrganisationCode, Recognised, SeenCode, years_between};

use crate::bytes::containers;
use crate::bytes::joins::{Entry, Sorting};
use crate::columns::{self, Column, Filled};
use crate::contract::{Context, Draft, Fault, Rows, Scratch, Unreadable};

use super::tables::{self, Line, MOST_COLUMNS, Role, Says, Table};
use super::values::{dated, day, padded};

pub(crate) trait DataSet {
    const TABLES: &'static [Table];
    /// The versions that are read.
    const VERSIONS: &'static [&'static str];

    /// Keeps a row of a lookup table.
    fn lookup(&mut self, _: &[&str]) -> Result<(), Unreadable> {
        Ok(())
    }

    /// The codes that may decide a referral's pathways, each with its field.
    fn codes<'a>(&'a self, referred: &Referred<'a>) -> Vec<(&'static str, Cow<'a, str>)>;

    /// Works out the columns that no single column of a table gives. Returns what else is wrong.
    fn fill<'a>(&self, referred: &Referred<'a>, filled: &mut Filled<'a>, context: &Context<'_>) -> Vec<Fault>;
}

// Marks of a row, one bit each.
const ENCODING: u8 = 1;
const NO_PATIENT: u8 = 2;
const TWO_PATIENTS: u8 = 4;
const TOO_OLD: u8 = 8;

/// Support for special educational needs ends at 25.
const LAST_AGE: u32 = 25;

/// A referral's columns and its patient's, side by side.
const MOST_VALUES: usize = 2 * MOST_COLUMNS;

/// A referral with its patient and all rows that belong to it.
pub(crate) struct Referred<'a> {
    referral_id: &'a str,
    values: [&'a str; MOST_VALUES],
    /// How many of the values are the referral's.
    split: usize,
    rows: &'a [Entry<'a>],
}

impl<'a> Referred<'a> {
    /// A value of the table of referrals, by column number.
    pub(crate) fn referral(&self, column: usize) -> &'a str {
        match column {
            0 => self.values[0],
            1 => self.referral_id,
            _ => self.values[column - 1],
        }
    }

    pub(crate) fn patient(&self, column: usize) -> &'a str {
        if column == 0 { self.values[0] } else { self.values[self.split + column - 1] }
    }

    /// The rows of another table that belong to the referral, in order, without their first value (the referral's id).
    pub(crate) fn rows(&self, table: usize) -> impl Iterator<Item = OfReferral<'a>> + use<'a> {
        self.rows.iter().filter(move |row| usize::from(row.table) == table).map(|row| OfReferral { values: row.values() })
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct OfReferral<'a> {
    values: [&'a str; 8],
}

impl<'a> OfReferral<'a> {
    /// A value, by column number from 1. Column 0, the referral's id, is left out.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        self.values[column - 1]
    }
}

/// Reads all tables of a body.
pub(crate) fn read<D: DataSet>(
    set: D,
    source: &mut dyn Read,
    scratch: &dyn Scratch,
    context: &Context<'_>,
    rows: &mut Rows<'_>,
) -> Result<(), Unreadable> {
    let mut reading = Reading {
        set,
        context,
        rows,
        by_patient: Sorting::new(scratch),
        by_referral: Sorting::new(scratch),
        met: vec![false; D::TABLES.len()],
    };
    containers::each(source, &mut |name, content| reading.file(name, content))?;
    if let Some(missing) = D::TABLES.iter().zip(&reading.met).find(|(table, met)| table.required && !**met) {
        return Err(Unreadable::TableMissing(missing.0.code));
    }
    reading.join()
}

struct Reading<'a, 'r, D> {
    set: D,
    context: &'a Context<'a>,
    rows: &'a mut Rows<'r>,
    by_patient: Sorting<'a>,
    by_referral: Sorting<'a>,
    /// Which of `TABLES` were found.
    met: Vec<bool>,
}

impl<D: DataSet> Reading<'_, '_, D> {
    fn file(&mut self, name: &str, content: &mut dyn Read) -> Result<(), Unreadable> {
        if name == "[Content_Types].xml" {
            return Err(Unreadable::NotThisFormat("an Excel workbook"));
        }
        let Some(at) = D::TABLES.iter().position(|table| table.is_in(name)) else {
            return self.rows.say("table", IssueCode::TableUnread);
        };
        let table = &D::TABLES[at];
        if std::mem::replace(&mut self.met[at], true) {
            return Err(Unreadable::TableTwice(table.code));
        }
        let index = u8::try_from(at).unwrap_or(u8::MAX);
        let mut count = 0;
        let encodings = tables::read(table, content, |number, line| {
            count += 1;
            let (values, marks) = match line {
                Line::Row { values, encoded } => (values, if encoded { 0 } else { ENCODING }),
                Line::Shapeless if table.role == Role::Referrals => {
                    return self.rows.draft(Draft::refused(number, None, (table.code, IssueCode::RowShape)));
                }
                Line::Shapeless if table.role == Role::Header => return Err(Unreadable::HeaderRows(table.code)),
                Line::Shapeless => return self.rows.say(table.code, IssueCode::TableRowUnread),
            };
            let rest = values[1..].iter().copied();
            match table.role {
                Role::Header => check(table, values, D::VERSIONS, self.context),
                Role::Patients | Role::Referrals => self.by_patient.put(values[0], (index, marks, number), rest),
                Role::OfReferrals | Role::Latest => self.by_referral.put(values[0], (index, marks, number), rest),
                Role::Lookup => self.set.lookup(values),
            }
        })?;
        if let Some(code) = encodings.issue() {
            self.rows.file_issue(table.code, code)?;
        }
        if table.role == Role::Header && count != 1 { Err(Unreadable::HeaderRows(table.code)) } else { Ok(()) }
    }

    fn join(self) -> Result<(), Unreadable> {
        let Self { set, context, rows, by_patient, mut by_referral, .. } = self;
        by_patient.each_group(|group| {
            let is_patient = |entry: &&Entry<'_>| D::TABLES[usize::from(entry.table)].role == Role::Patients;
            // Patients come before referrals, as their tables do.
            let (patients, referrals) = group.split_at(group.iter().take_while(is_patient).count());
            let patient = patients.last().filter(|patient| !patient.key.is_empty());
            let marks = match patient {
                None => NO_PATIENT,
                Some(patient) => {
                    let [nhs_number, born] = patient.values();
                    if patients.iter().any(|other| other.values() != [nhs_number, born]) {
                        TWO_PATIENTS
                    } else {
                        if patients.len() > 1 {
                            rows.say(D::TABLES[usize::from(patient.table)].code, IssueCode::PatientTwice)?;
                        }
                        let is_too_old = day(born).is_some_and(|born| years_between(born, context.today) > LAST_AGE);
                        patient.marks | if is_too_old { TOO_OLD } else { 0 }
                    }
                }
            };
            for referral in referrals {
                let split = D::TABLES[usize::from(referral.table)].columns.len() - 1;
                let [id, of_referral @ ..] = referral.values::<MOST_COLUMNS>();
                let of_patient = patient.map(Entry::values::<MOST_COLUMNS>).unwrap_or_default();
                let values = std::iter::once(referral.key).chain(of_referral.into_iter().take(split - 1)).chain(of_patient);
                by_referral.put(id, (referral.table, referral.marks | marks, referral.number), values)?;
            }
            Ok(())
        })?;
        by_referral.each_group(|group| {
            let is_referral = |entry: &&Entry<'_>| D::TABLES[usize::from(entry.table)].role == Role::Referrals;
            let (referrals, others) = group.split_at(group.iter().take_while(is_referral).count());
            let is_blank = group.first().is_some_and(|entry| entry.key.is_empty());
            if referrals.is_empty() || is_blank {
                for row in others {
                    rows.say(D::TABLES[usize::from(row.table)].code, IssueCode::ReferralMissing)?;
                }
            }
            let belongs = if is_blank { &[] } else { others };
            let mut taken = false;
            for referral in referrals {
                let again = taken && !is_blank;
                taken |= hand_on(&set, referral, belongs, again, context, rows)?;
            }
            Ok(())
        })
    }
}

/// Hands a referral on; false where it is out of scope.
fn hand_on<D: DataSet>(
    set: &D,
    entry: &Entry<'_>,
    belongs: &[Entry<'_>],
    again: bool,
    context: &Context<'_>,
    rows: &mut Rows<'_>,
) -> Result<bool, Unreadable> {
    let table = &D::TABLES[usize::from(entry.table)];
    let referred = Referred { referral_id: entry.key, values: entry.values(), split: table.columns.len() - 1, rows: belongs };
    let recognised = if entry.marks & TOO_OLD == 0 { recognise(set, &referred, context) } else { Vec::new() };
    if recognised.is_empty() {
        rows.out_of_scope()?;
        return Ok(false);
    }
    let whole = |code| Draft::refused(entry.number, columns::is_id(entry.key).then(|| entry.key.to_owned()), code);
    if again {
        rows.draft(whole((table.columns[1].name, IssueCode::ReferralTwice)))?;
        return Ok(true);
    }
    if entry.marks & NO_PATIENT != 0 {
        rows.draft(whole((table.columns[0].name, IssueCode::PatientMissing)))?;
        return Ok(true);
    }
    if entry.marks & TWO_PATIENTS != 0 {
        rows.draft(whole((table.columns[0].name, IssueCode::PatientDiffers)))?;
        return Ok(true);
    }
    let mut filled = Filled::new(|field| columns::called(field, name::<D>));
    filled.recognise(recognised);
    fill::<D>(&referred, &mut filled);
    let others = set.fill(&referred, &mut filled, context);
    let mut draft = columns::draft(entry.number, &filled, context);
    draft.faults.extend(others);
    let damaged = std::iter::once(entry).chain(belongs).filter(|row| row.marks & ENCODING != 0);
    draft.faults.extend(damaged.map(|row| (D::TABLES[usize::from(row.table)].code, IssueCode::RowEncoding)));
    rows.draft(draft)?;
    Ok(true)
}

/// The rules of recognition that apply to a referral.
fn recognise<D: DataSet>(set: &D, referred: &Referred<'_>, context: &Context<'_>) -> Vec<Recognised> {
    let codes = set.codes(referred);
    let seen: Vec<_> = codes.iter().map(|(field, code)| SeenCode { field, code }).collect();
    context.rules.recognise(day(referred.referral(2)).unwrap_or(context.today), &seen)
}

/// Fills in the columns that one column of a table gives.
fn fill<'a, D: DataSet>(referred: &Referred<'a>, filled: &mut Filled<'a>) {
    for (at, table) in D::TABLES.iter().enumerate() {
        match table.role {
            Role::Patients => put(table, filled, |column| referred.patient(column)),
            Role::Referrals => put(table, filled, |column| referred.referral(column)),
            Role::Latest => {
                if let Some(row) = referred.rows(at).max_by_key(|row| day(row.get(1))) {
                    put(table, filled, |column| row.get(column));
                }
            }
            Role::Header | Role::OfReferrals | Role::Lookup => {}
        }
    }
}

fn put<'a>(table: &Table, filled: &mut Filled<'a>, value: impl Fn(usize) -> &'a str) {
    for (at, says) in table.says {
        match *says {
            Says::Text(column) => filled.set(column, value(*at)),
            Says::Code(column) => filled.set(column, padded(value(*at), 2)),
            Says::Day(column) => filled.set(column, dated(value(*at))),
            Says::Part(_) => {}
        }
    }
}

/// The data set's name for a column: the first element that gives it. Pathways and status come from several elements.
fn name<D: DataSet>(column: Column) -> Option<&'static str> {
    let said = |table: &'static Table| table.says.iter().find(|(_, says)| says.column() == column).map(|(at, _)| table.columns[*at].name);
    let worked_out = || matches!(column, Column::Pathway | Column::Status).then(|| column.name());
    D::TABLES.iter().find_map(said).or_else(worked_out)
}

/// Checks that the header names one of these versions, the organisation, and a period that has begun.
fn check(table: &Table, values: &[&str], versions: &[&str], context: &Context<'_>) -> Result<(), Unreadable> {
    let name = |column: usize| table.columns[column].name;
    // Spreadsheets turn 6.0 into 6, and 6 into 6.0.
    let version = values[0].trim_start_matches(['v', 'V']).trim();
    let version = version.strip_suffix(".0").unwrap_or(version);
    if !versions.contains(&version) {
        return Err(Unreadable::Version(name(0)));
    }
    if values[1].parse::<OrganisationCode>() != Ok(context.organisation) {
        return Err(Unreadable::Provider(name(1)));
    }
    match [day(values[2]), day(values[3])] {
        [Some(start), Some(end)] if start <= end && start <= context.today => Ok(()),
        _ => Err(Unreadable::Period(name(2))),
    }
}

/// A diagnosis in the form that rules use: the scheme and the code, which follow the referral's id in the row.
pub(crate) fn diagnosed(row: OfReferral<'_>) -> Cow<'static, str> {
    Cow::Owned(format!("{}:{}", padded(row.get(1), 2), row.get(2)))
}
