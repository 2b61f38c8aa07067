//! Published releases: kept as they were published, never recomputed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{Ask, CallContext, OrganisationCode, PathwaySet, ReleaseId};

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

/// A table to be published.
#[derive(Debug, Clone)]
pub struct TableDraft {
    pub name: String,
    pub title: String,
    pub json: String,
    pub csv: String,
}

/// A release to be published.
#[derive(Debug, Clone)]
pub struct ReleaseDraft {
    pub id: ReleaseId,
    pub as_of: NaiveDate,
    /// The id of the secret that it was made with.
    pub secret: u32,
    pub tables: Vec<TableDraft>,
}

impl Tx<'_> {
    /// Publishes a release with all of its tables. Writes an audit entry for each provider whose children may all be
    /// counted. Under an agreement that asks families, that is decided child by child, and no entry is written here.
    pub fn publish_release(&mut self, draft: &ReleaseDraft, providers: &[OrganisationCode], cx: &CallContext) -> Result<(), StoreError> {
        for provider in providers {
            let ask = Ask::count(*provider, cx.partnership.host()).on(PathwaySet::all());
            if let Ok(permit) = self.decided(ask, cx)? {
                self.log_permitted(&permit, &cx.by)?;
            }
        }
        let release = draft.id.to_string();
        let row = (
            published_release::id.eq(&release),
            published_release::as_of.eq(draft.as_of),
            published_release::published_at.eq(cx.now.naive_utc()),
            published_release::secret_id.eq(i64::from(draft.secret)),
        );
        on!(self, c => diesel::insert_into(published_release::table).values(row).execute(*c))?;
        for (position, table) in (0_i32..).zip(&draft.tables) {
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

    /// The id of the secret of a day's first release, if there is one.
    pub fn release_secret_of(&mut self, as_of: NaiveDate) -> Result<Option<u32>, StoreError> {
        let first: Option<i64> = on!(self, c => published_release::table
            .filter(published_release::as_of.eq(as_of))
            .order((published_release::published_at, published_release::id))
            .select(published_release::secret_id)
            .first(*c)
            .optional())?;
        first.map(|id| u32::try_from(id).map_err(|_| StoreError::Corrupt("a release's secret"))).transpose()
    }

    /// How many releases were made with each secret.
    pub fn release_secrets(&mut self) -> Result<Vec<(u32, u64)>, StoreError> {
        let counted: Vec<(i64, i64)> = on!(self, c => published_release::table
            .group_by(published_release::secret_id)
            .select((published_release::secret_id, diesel::dsl::count_star()))
            .load(*c))?;
        let natural = |(id, number): (i64, i64)| Some((u32::try_from(id).ok()?, u64::try_from(number).ok()?));
        counted.into_iter().map(|row| natural(row).ok_or(StoreError::Corrupt("a release's secret"))).collect()
    }

    /// Releases from the newest as-at day and publication to the oldest.
    pub fn releases(&mut self, skip: i64, limit: i64) -> Result<Vec<PublishedRelease>, StoreError> {
        let rows: Vec<(String, NaiveDate, NaiveDateTime)> = on!(self, c => published_release::table
            .order((published_release::as_of.desc(), published_release::published_at.desc(), published_release::id.desc()))
            .offset(skip)
            .limit(limit)
            .select((published_release::id, published_release::as_of, published_release::published_at))
            .load(*c))?;
        rows.into_iter().map(|row| self.with_tables(row)).collect()
    }

    /// One release.
    pub fn release(&mut self, id: ReleaseId) -> Result<Option<PublishedRelease>, StoreError> {
        let row: Option<(String, NaiveDate, NaiveDateTime)> = on!(self, c => published_release::table
            .find(id.to_string())
            .select((published_release::id, published_release::as_of, published_release::published_at))
            .first(*c)
            .optional())?;
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
