//! Published releases: kept as they were published, never recomputed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::audit::Attribution;
use domain::identifiers::ReleaseId;
use domain::policy::Permit;

use crate::StoreError;
use crate::rows::{read, utc};
use crate::schema::{published_release, release_table};
use crate::transactions::{Tx, on};

/// A release and the names of its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRelease {
    pub id: ReleaseId,
    pub as_of: NaiveDate,
    pub published_at: DateTime<Utc>,
    /// Name and title, in order.
    pub tables: Vec<(String, String)>,
}

/// A table, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTable {
    pub json: String,
    pub csv: String,
}

/// A table as it is published.
#[derive(Debug, Clone)]
pub struct TableDraft {
    pub name: String,
    pub title: String,
    pub json: String,
    pub csv: String,
}

impl Tx<'_> {
    /// Publishes a release, all of its tables at once, with a leaf for each permit to count a
    /// provider's children in it.
    pub fn publish_release(
        &mut self,
        (id, as_of, at): (ReleaseId, NaiveDate, DateTime<Utc>),
        tables: &[TableDraft],
        permits: &[Permit],
        by: &Attribution,
    ) -> Result<(), StoreError> {
        for permit in permits {
            self.leave_permitted(permit, by)?;
        }
        let release = id.to_string();
        let row =
            (published_release::id.eq(&release), published_release::as_of.eq(as_of), published_release::published_at.eq(at.naive_utc()));
        on!(self, c => diesel::insert_into(published_release::table).values(row).execute(*c))?;
        for (position, table) in (0_i32..).zip(tables) {
            let row = (
                release_table::release_id.eq(&release),
                release_table::position.eq(position),
                release_table::name.eq(&table.name),
                release_table::title.eq(&table.title),
                release_table::json.eq(&table.json),
                release_table::csv.eq(&table.csv),
            );
            on!(self, c => diesel::insert_into(release_table::table).values(row).execute(*c))?;
        }
        Ok(())
    }

    /// Releases from the newest as-at day and publication to the oldest.
    pub fn releases(&mut self, skip: i64, limit: i64) -> Result<Vec<PublishedRelease>, StoreError> {
        let rows: Vec<(String, NaiveDate, NaiveDateTime)> = on!(self, c => published_release::table
            .order((published_release::as_of.desc(), published_release::published_at.desc(), published_release::id.desc()))
            .offset(skip)
            .limit(limit)
            .load(*c))?;
        rows.into_iter().map(|row| self.with_tables(row)).collect()
    }

    /// One release.
    pub fn release(&mut self, id: ReleaseId) -> Result<Option<PublishedRelease>, StoreError> {
        let row: Option<(String, NaiveDate, NaiveDateTime)> =
            on!(self, c => published_release::table.find(id.to_string()).first(*c).optional())?;
        row.map(|row| self.with_tables(row)).transpose()
    }

    /// One table of one release.
    pub fn release_table(&mut self, id: ReleaseId, name: &str) -> Result<Option<PublishedTable>, StoreError> {
        let row: Option<(String, String)> = on!(self, c => release_table::table
            .find((id.to_string(), name))
            .select((release_table::json, release_table::csv))
            .first(*c)
            .optional())?;
        Ok(row.map(|(json, csv)| PublishedTable { json, csv }))
    }

    fn with_tables(&mut self, (id, as_of, published_at): (String, NaiveDate, NaiveDateTime)) -> Result<PublishedRelease, StoreError> {
        let tables = on!(self, c => release_table::table
            .filter(release_table::release_id.eq(&id))
            .order(release_table::position)
            .select((release_table::name, release_table::title))
            .load(*c))?;
        Ok(PublishedRelease { id: read(&id, "a release's id")?, as_of, published_at: utc(published_at), tables })
    }
}
