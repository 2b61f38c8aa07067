//! The header of a table: where each column is, and whether all that every row needs are there.

use super::{Column, FIELDS};
use crate::contract::Unreadable;

#[derive(Debug)]
pub(crate) struct Header {
    /// The position of each column, in the order of [`Column`].
    positions: [Option<usize>; FIELDS.len()],
    unknown: bool,
}

impl Header {
    /// Takes the column at each place of a header; `None` where the format has no such column.
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

    pub(crate) fn column_at(&self, position: usize) -> Option<Column> {
        Column::ALL.iter().copied().find(|column| self.position(*column) == Some(position))
    }

    pub(crate) fn has_unknown_columns(&self) -> bool {
        self.unknown
    }
}

impl Column {
    /// The required columns that are missing. Either of two ids is enough for the child.
    pub(crate) fn missing(is_there: impl Fn(Self) -> bool) -> Vec<&'static str> {
        let required = Self::ALL.iter().filter(|column| FIELDS[**column as usize].required && !is_there(**column));
        let no_child_id = !is_there(Self::NhsNumber) && !is_there(Self::LocalPatientId);
        required.map(|column| column.name()).chain(no_child_id.then(|| Self::NhsNumber.name())).collect()
    }
}
