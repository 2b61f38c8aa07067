//! The tables of a national data set as CSV: their names, the columns that are read, and their rows.

use std::io::Read;

use crate::bytes::encodings::Encodings;
use crate::bytes::records::Records;
use crate::columns::Column;
use crate::contract::Unreadable;

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One row about the data set. Its first four columns are the version, the provider, and the first and
    /// the last day of the period.
    Header,
    /// The first three columns are the patient's id, NHS number and date of birth.
    Patients,
    /// The first three columns are the patient's id, the referral's id and the day it was received.
    Referrals,
    /// Rows of referrals. The first column is the referral's id.
    OfReferrals,
    /// Rows of referrals. The first two columns are the referral's id and a day. Only the latest row is
    /// read; of several on one day, the last.
    Latest,
    /// A small table that the format itself keeps.
    Lookup,
}

#[derive(Debug)]
pub(crate) struct Table {
    /// The code in its file's name: `CYP101`.
    pub(crate) code: &'static str,
    pub(crate) role: Role,
    /// Whether the data set can be read without it.
    pub(crate) required: bool,
    pub(crate) columns: &'static [TableColumn],
    /// What a column, by its number, says of a referral.
    pub(crate) says: &'static [(usize, Says)],
}

#[derive(Debug)]
pub(crate) struct TableColumn {
    /// The name with the table's code before it: `CYP101.ServiceRequestID`.
    pub(crate) name: &'static str,
    /// What other versions of the data set call it.
    pub(crate) also: &'static [&'static str],
    /// Whether the table must have it.
    pub(crate) required: bool,
}

/// Which of a referral's columns a table's column gives, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    Text(Column),
    /// A code of two digits.
    Code(Column),
    /// A date, with or without a time.
    Day(Column),
    /// One of several from which the format works it out.
    Part(Column),
}

impl Says {
    /// The referral's column.
    pub(crate) fn column(self) -> Column {
        let (Self::Text(column) | Self::Code(column) | Self::Day(column) | Self::Part(column)) = self;
        column
    }
}

/// The most columns that are read of any table.
pub(crate) const MOST_COLUMNS: usize = 16;

/// Defines a data set's tables: an enum `Of` of them, an enum of the columns of each, `TABLES` in the order of
/// `Of`, and `FIELDS` for the format's description.
macro_rules! tables {
    ($($table:ident $code:literal $role:ident $needed:literal {
        $($column:ident = $name:literal $([$($also:literal),+])? $required:literal, $meaning:literal $(=> $says:ident($($of:ident),+))?;)+
    })+) => {
        /// A table, in the order of [`TABLES`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Of { $($table),+ }

        $(#[derive(Debug, Clone, Copy)]
        pub(super) enum $table { $($column),+ })+

        // Some are needed only for their place in the order.
        const _: &[Of] = &[$(Of::$table),+];
        $(const _: &[$table] = &[$($table::$column),+];)+

        pub(super) static TABLES: &[$crate::national::tables::Table] = &[$($crate::national::tables::Table {
            code: $code,
            role: $crate::national::tables::Role::$role,
            required: $needed,
            columns: &[$($crate::national::tables::TableColumn {
                name: concat!($code, ".", $name),
                also: &[$($($also),+)?],
                required: $required,
            }),+],
            says: &[$($($(($table::$column as usize, $crate::national::tables::Says::$says($crate::columns::Column::$of)),)+)?)+],
        }),+];

        pub(super) const FIELDS: &[$crate::contract::Field] = &[$($($crate::contract::Field {
            name: concat!($code, ".", $name),
            required: $required,
            meaning: $meaning,
        }),+),+];
    };
}

pub(crate) use tables;

impl Table {
    /// Whether a file's name is one of this table: `CYP101Referral.csv`, `month/cyp101.CSV`.
    pub(crate) fn is_in(&self, file: &str) -> bool {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file).to_ascii_uppercase();
        let Some(at) = name.find(self.code).filter(|_| !name.starts_with('.')) else { return false };
        let (before, after) = (&name[..at], &name[at + self.code.len()..]);
        !before.ends_with(|c: char| c.is_ascii_alphanumeric()) && !after.starts_with(|c: char| c.is_ascii_digit())
    }

    fn position(&self, name: &str) -> Option<usize> {
        let named = |known: &str| known.eq_ignore_ascii_case(name);
        self.columns.iter().position(|column| named(&column.name[self.code.len() + 1..]) || column.also.iter().any(|also| named(also)))
    }
}

pub(crate) enum Line<'a> {
    /// The values in the order of the table's columns, trimmed. `encoded`: all could be decoded.
    Row { values: &'a [&'a str], encoded: bool },
    /// It has more or fewer values than the header.
    Shapeless,
}

/// Reads a whole table. Rows are numbered from 1 after the header, blank rows too.
pub(crate) fn read(
    table: &Table,
    content: &mut dyn Read,
    mut take: impl FnMut(u64, Line<'_>) -> Result<(), Unreadable>,
) -> Result<Encodings, Unreadable> {
    let mut records = Records::new(content);
    let positions = header(table, &mut records).map_err(|error| within(table, error))?;
    let width = records.record().len();
    let mut number = 0;
    while records.advance(number + 1).map_err(|error| within(table, error))? {
        number += 1;
        let record = records.record();
        if records.is_blank() {
            continue;
        }
        if record.len() != width {
            take(number, Line::Shapeless)?;
            continue;
        }
        let whole = std::str::from_utf8(record.as_slice()).ok();
        let (mut values, mut encoded) = ([""; MOST_COLUMNS], true);
        for (value, position) in values.iter_mut().zip(&positions) {
            let Some(range) = position.and_then(|position| record.range(position)) else { continue };
            let text = match whole {
                Some(whole) => whole.get(range),
                None => std::str::from_utf8(&record.as_slice()[range]).ok(),
            };
            encoded &= text.is_some();
            *value = text.unwrap_or_default().trim();
        }
        take(number, Line::Row { values: &values[..table.columns.len()], encoded })?;
    }
    Ok(records.encodings())
}

/// The position of each column.
fn header<R: Read>(table: &Table, records: &mut Records<R>) -> Result<Vec<Option<usize>>, Unreadable> {
    if !records.advance(0)? {
        return Err(Unreadable::Empty);
    }
    let mut positions = vec![None; table.columns.len()];
    for (position, name) in records.record().iter().enumerate() {
        let name = name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name);
        let name = std::str::from_utf8(name).map_err(|_| Unreadable::Encoding)?.trim();
        if let Some(column) = table.position(name)
            && positions[column].replace(position).is_some()
        {
            return Err(Unreadable::HeaderTwice(table.columns[column].name));
        }
    }
    let missing: Vec<_> = table
        .columns
        .iter()
        .zip(&positions)
        .filter(|(column, at)| column.required && at.is_none())
        .map(|(column, _)| column.name)
        .collect();
    if missing.is_empty() { Ok(positions) } else { Err(Unreadable::HeaderMissing(missing)) }
}

/// Names the table in an error, where the table is at fault.
fn within(table: &Table, error: Unreadable) -> Unreadable {
    match error {
        Unreadable::Source(_) | Unreadable::Stopped | Unreadable::Container(_) => error,
        error => Unreadable::InTable(table.code, Box::new(error)),
    }
}
