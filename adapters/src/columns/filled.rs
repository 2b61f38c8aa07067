//! A row that the adapter fills in, for formats that do not have a value under its own column.

use std::borrow::Cow;

use domain::{IssueCode, PathwaySet, Recognised, recognised_pathways};

use super::{Column, FIELDS, Values};
use crate::contract::Names;

/// The values of a row by column, as far as the sender gives them.
pub(crate) struct Filled<'a> {
    values: [Option<Result<Cow<'a, str>, IssueCode>>; FIELDS.len()],
    recognised: Vec<Recognised>,
    /// What the format calls each column.
    names: Names,
}

impl<'a> Filled<'a> {
    pub(crate) fn new(names: Names) -> Self {
        Self { values: [const { None }; FIELDS.len()], recognised: Vec::new(), names }
    }

    /// Sets a value. A blank one counts as none.
    pub(crate) fn set(&mut self, column: Column, value: impl Into<Cow<'a, str>>) {
        let value = match value.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        self.values[column as usize] = if value.is_empty() {
            None
        } else if value.chars().any(char::is_control) {
            Some(Err(IssueCode::ValueControlCharacter))
        } else {
            Some(Ok(value))
        };
    }

    /// Notes that there is a value but it cannot be read.
    pub(crate) fn fault(&mut self, column: Column, code: IssueCode) {
        self.values[column as usize] = Some(Err(code));
    }

    /// The pathways that were recognised from the codes.
    pub(crate) fn pathways(&self) -> PathwaySet {
        recognised_pathways(&self.recognised)
    }

    /// Sets the pathways that were recognised from the codes.
    pub(crate) fn recognise(&mut self, recognised: Vec<Recognised>) {
        self.set(Column::Pathway, recognised_pathways(&recognised).to_string());
        self.recognised = recognised;
    }
}

impl Values for Filled<'_> {
    fn value(&self, column: Column) -> Option<Result<&str, IssueCode>> {
        self.values[column as usize].as_ref().map(|value| value.as_deref().map_err(|code| *code))
    }

    fn names(&self) -> Names {
        self.names
    }

    fn recognised(&self) -> Vec<Recognised> {
        self.recognised.clone()
    }
}
