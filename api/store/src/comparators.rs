//! Published counts. They come in submissions of their own kind, which change no record and no list, and are compared
//! with the provider's own referrals.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{Act, Attribution, DataClass, HeldCount, OrganisationCode, Permit, PublishedCount, ServiceLine, Submission, SubmissionCounts};

use crate::StoreError;
use crate::rows::{from_json, read, to_json};
use crate::schema::published_count;
use crate::staging::{Publication, Published};
use crate::terms::Terms;
use crate::transactions::{Tx, on};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = published_count, treat_none_as_default_value = false, treat_none_as_null = true)]
struct CountRow {
    organisation: String,
    line: String,
    period: NaiveDate,
    total: i64,
    bands: Option<String>,
    submission_id: String,
}

impl CountRow {
    fn of(count: &PublishedCount, submission: &Submission) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: submission.organisation.to_string(),
            line: count.line.to_string(),
            period: count.period,
            total: i64::try_from(count.total).map_err(|_| StoreError::Corrupt("a count beyond all people"))?,
            bands: count.bands.as_ref().map(to_json).transpose()?,
            submission_id: submission.id.to_string(),
        })
    }

    fn count(self) -> Result<PublishedCount, StoreError> {
        let line: ServiceLine = read(&self.line, "a published line")?;
        let bands: Option<Vec<u64>> = self.bands.map(|bands| from_json(bands.as_bytes(), "published bands")).transpose()?;
        if bands.as_ref().is_some_and(|bands| bands.len() != line.source().bands().len()) {
            return Err(StoreError::Corrupt("published bands of another return"));
        }
        let total = u64::try_from(self.total).map_err(|_| StoreError::Corrupt("a published total"))?;
        Ok(PublishedCount { line, period: self.period, total, bands })
    }
}

impl Tx<'_> {
    /// Stores the counts of a published return. They replace what was held for the same line and month.
    pub(crate) fn publish_counts(
        &mut self,
        publication: &Publication,
        mut submission: Submission,
        counts: &[PublishedCount],
    ) -> Result<Published, StoreError> {
        let held: HashMap<_, _> =
            self.counts_of(submission.organisation)?.into_iter().map(|count| ((count.line, count.period), count)).collect();
        let known = |count: &&PublishedCount| held.get(&(count.line, count.period));
        let opened = counts.iter().filter(|count| known(count).is_none()).count() as u64;
        let unchanged = counts.iter().filter(|count| known(count) == Some(*count)).count() as u64;
        let accepted = counts.len() as u64;
        submission.counts = SubmissionCounts { accepted, opened, unchanged, updated: accepted - opened - unchanged, ..submission.counts };
        if publication.validate {
            return self.keep_validation(publication, submission);
        }
        for count in counts {
            let row = CountRow::of(count, &submission)?;
            on!(self, c => diesel::insert_into(published_count::table)
                .values(&row)
                .on_conflict((published_count::organisation, published_count::line, published_count::period))
                .do_update()
                .set(&row)
                .execute(*c))?;
        }
        let submission = submission.accept(publication.issues)?;
        self.keep_report(publication, &submission)?;
        Ok(Published::Done(submission))
    }

    fn counts_of(&mut self, organisation: OrganisationCode) -> Result<Vec<PublishedCount>, StoreError> {
        let rows: Vec<CountRow> = on!(self, c => published_count::table
            .filter(published_count::organisation.eq(organisation.as_str()))
            .order((published_count::line, published_count::period.desc()))
            .select(CountRow::as_select())
            .load(*c))?;
        rows.into_iter().map(CountRow::count).collect()
    }

    /// The latest counts that the organisation published, one for each line.
    pub fn last_published(&mut self, organisation: OrganisationCode) -> Result<Vec<PublishedCount>, StoreError> {
        let mut counts = self.counts_of(organisation)?;
        counts.dedup_by_key(|count| count.line);
        Ok(counts)
    }

    /// What the organisation last published for each line, with counts of its own list on a day by the same line and
    /// bands. Writes one audit entry.
    pub fn reconcile(
        &mut self,
        permit: &Permit,
        as_at: NaiveDate,
        by: &Attribution,
    ) -> Result<Vec<(PublishedCount, HeldCount)>, StoreError> {
        let ask = Terms::of(Act::Disclose, DataClass::WaitingListStatus).own().of_nobody(permit)?;
        let with_tally = |count: PublishedCount| {
            let tally = HeldCount::new(count.line);
            (count, tally)
        };
        let published = self.last_published(ask.holder)?;
        let mut found: Vec<_> = published.into_iter().map(with_tally).collect();
        self.each_own_referral(ask.holder, |held| found.iter_mut().for_each(|(_, tally)| tally.add(held, as_at)))?;
        self.log_permitted(permit, by)?;
        Ok(found)
    }
}
