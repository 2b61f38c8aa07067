//! Finds the line of a fault in the file.

use domain::PartnershipSection;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text and, if it is TOML at all, the positions of its keys.
pub(super) struct Lines<'t> {
    text: &'t str,
    table: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, table: DeTable::parse(text).ok() }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        line_of(self.text, at)
    }

    /// The line of an entry's field, named by its path (`basis.statute`). If the field is missing, the line of what
    /// should hold it.
    pub(super) fn find(&self, section: PartnershipSection, index: usize, field: &str) -> usize {
        let Some(root) = self.table.as_ref().map(Spanned::get_ref) else { return 1 };
        let at = match section {
            PartnershipSection::Partnership => key_start(root, field),
            _ => root.get(section.as_str()).and_then(|entries| entries.get_ref().as_array()?.get(index)).and_then(|entry| {
                let start = entry.span().start;
                entry.get_ref().as_table().map(|table| key_start(table, field).unwrap_or(start))
            }),
        };
        self.line(at.unwrap_or(0))
    }

    /// The name of the innermost key whose value holds this byte of the file.
    pub(super) fn field_at(&self, at: usize) -> String {
        let mut found = "partnership";
        if let Some(root) = &self.table {
            name_at(root.get_ref(), at, &mut found);
        }
        found.to_owned()
    }
}

/// The line, counted from 1, that holds this byte of a text.
pub fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn key_start(table: &DeTable<'_>, field: &str) -> Option<usize> {
    let (name, rest) = field.split_once('.').map_or((field, None), |(name, rest)| (name, Some(rest)));
    let (key, value) = table.get_key_value(name)?;
    let inner = rest.zip(value.get_ref().as_table()).and_then(|(rest, table)| key_start(table, rest));
    Some(inner.unwrap_or(key.span().start))
}

fn name_at<'n>(table: &'n DeTable<'_>, at: usize, found: &mut &'n str) {
    for (key, value) in table {
        if key.span().contains(&at) || holds(value, at) {
            *found = key.get_ref();
            inside(value.get_ref(), at, found);
        }
    }
}

fn inside<'n>(value: &'n DeValue<'_>, at: usize, found: &mut &'n str) {
    match value {
        DeValue::Table(table) => name_at(table, at, found),
        DeValue::Array(values) => values.iter().for_each(|value| inside(value.get_ref(), at, found)),
        _ => {}
    }
}

// The span of a table under a [header] covers only the header, so look inside the table too.
fn holds(value: &Spanned<DeValue<'_>>, at: usize) -> bool {
    value.span().contains(&at)
        || match value.get_ref() {
            DeValue::Table(table) => table.iter().any(|(key, value)| key.span().contains(&at) || holds(value, at)),
            DeValue::Array(values) => values.iter().any(|value| holds(value, at)),
            _ => false,
        }
}
