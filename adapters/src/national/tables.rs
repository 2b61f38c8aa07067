//! Tables of a national data set as CSV: which there are, which of their columns are read, and their rows.

use std::io::Read;

use crate::bytes::encodings::Encodings;
use crate::bytes::records::Records;
use crate::columns::Column;
use crate::contract::Unreadable;

/// What a table is in its data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One row, about the data set: its version, the provider, and the first and the last day of the period
    /// are its first four columns.
    Header,
    /// A patient's id, NHS number and date of birth are its first three columns.
    Patients,
    /// The patient's id, the referral's and the day it was received are its first three columns.
    Referrals,
    /// The referral's id is its first column.
    OfReferrals,
    /// The referral's id and a day are its first two columns. Of several rows the latest is read, and of
    /// those of one day the last.
    Latest,
    /// Small, and kept aside by the format itself.
    Lookup,
}

#[derive(Debug)]
pub(crate) struct Table {
    /// How the names of its files begin.
    pub(crate) code: &'static str,
    pub(crate) role: Role,
    /// Whether the data set can be read without it.
    pub(crate) required: bool,
    pub(crate) columns: &'static [TableColumn],
    /// What they say of a referral, each by its number.
    pub(crate) says: &'static [(usize, Says)],
}

#[derive(Debug)]
pub(crate) struct TableColumn {
    /// With its table's code before it: `CYP101.ServiceRequestID`.
    pub(crate) name: &'static str,
    /// What other versions of the data set call it.
    pub(crate) also: &'static [&'static str],
    /// Whether the table has to have it.
    pub(crate) required: bool,
}

/// Which of a referral's columns a table's column says, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    Text(Column),
    /// A code of two digits.
    Code(Column),
    /// A date, with or without a time.
    Day(Column),
    /// It has a part in it, and the format works it out.
    Part(Column),
}

impl Says {
    /// The column, in whatever way it is said.
    pub(crate) fn column(self) -> Column {
        let (Self::Text(column) | Self::Code(column) | Self::Day(column) | Self::Part(column)) = self;
        column
    }
}

/// No table has more columns that are read.
pub(crate) const MOST_COLUMNS: usize = 16;

/// The tables of a data set, each with its columns as an enum; `TABLES` in the order of the enum `Of`, and
/// `FIELDS` as the format describes them.
macro_rules! tables {
    ($($table:ident $code:literal $role:ident $needed:literal {
        $($column:ident = $name:literal $([$($also:literal),+])? $required:literal, $meaning:literal $(=> $says:ident($($of:ident),+))?;)+
    })+) => {
        /// A table, in the order of [`TABLES`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Of { $($table),+ }

        $(#[derive(Debug, Clone, Copy)]
        pub(super) enum $table { $($column),+ })+

        // Some are there for their place alone.
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
    /// Whether a file is this table's by its name: `CYP101Referral.csv`, `month/cyp101.CSV`.
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

/// A line of a table.
pub(crate) enum Line<'a> {
    /// The values in the order of the table's columns, trimmed, blank where there is none.
    Row { values: &'a [&'a str], encoded: bool },
    /// It has not the columns of its header.
    Shapeless,
}

/// Reads a table to its end. Rows are numbered from 1 after the header line, blank ones too.
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

/// Where each column stands.
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

/// What is wrong is wrong in this table, where it is a fault of the table's.
fn within(table: &Table, error: Unreadable) -> Unreadable {
    match error {
        Unreadable::Source(_) | Unreadable::Stopped | Unreadable::Container(_) => error,
        error => Unreadable::InTable(table.code, Box::new(error)),
    }
}
