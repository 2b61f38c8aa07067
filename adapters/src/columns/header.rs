//! The header of a table: which column stands where, and whether those that every row needs are there.

use super::{Column, FIELDS};
use crate::contract::Unreadable;

/// A header that was read and can be used.
#[derive(Debug)]
pub(crate) struct Header {
    /// Where each column stands, in the order of [`Column`].
    positions: [Option<usize>; FIELDS.len()],
    unknown: bool,
}

impl Header {
    /// What each place of a header names; `None` where it is no column of the format.
    pub(crate) fn read(places: impl IntoIterator<Item = Option<Column>>) -> Result<Self, Unreadable> {
        let mut header = Self { positions: [None; FIELDS.len()], unknown: false };
        for (position, column) in places.into_iter().enumerate() {
            match column {
                None => header.unknown = true,
                Some(column) => {
                    if header.positions[column as usize].replace(position).is_some() {
                        return Err(Unreadable::HeaderTwice(column.name()));
                    }
                }
            }
        }
        let missing = Column::missing(|column| header.position(column).is_some());
        if missing.is_empty() { Ok(header) } else { Err(Unreadable::HeaderMissing(missing)) }
    }

    pub(crate) fn position(&self, column: Column) -> Option<usize> {
        self.positions[column as usize]
    }

    /// The column at a place.
    pub(crate) fn column_at(&self, position: usize) -> Option<Column> {
        Column::ALL.iter().copied().find(|column| self.position(*column) == Some(position))
    }

    pub(crate) fn has_unknown_columns(&self) -> bool {
        self.unknown
    }
}

impl Column {
    /// The required columns that are not there. A child is known by either of two.
    pub(crate) fn missing(is_there: impl Fn(Self) -> bool) -> Vec<&'static str> {
        let required = Self::ALL.iter().filter(|column| FIELDS[**column as usize].required && !is_there(**column));
        let nobody = !is_there(Self::NhsNumber) && !is_there(Self::LocalPatientId);
        required.map(|column| column.name()).chain(nobody.then(|| Self::NhsNumber.name())).collect()
    }
}
