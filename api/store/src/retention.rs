//! Records past their retention: counted, then deleted in small batches, each with its audit entry.
//!
//! What is under a legal hold stays. So does a referral on a pathway where its child still waits: it may hold the
//! journey's start. A deleted record that is sent again, unchanged, is recognised by its keyed digest and not taken.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text, Timestamp};
use domain::{
    Act, Actor, AdviceRequestId, Attribution, ChildId, Dataset, OrganisationCode, Permit, ReferralFlow, RetentionClass, RetentionLine,
    RetentionPeriods,
};

use crate::StoreError;
use crate::rows::read;
use crate::schema::{child_identifier, expired_record, issue, record, standing_issue, submission};
use crate::terms::Terms;
use crate::transactions::{Tx, on};

/// The most rows deleted in one transaction.
const BATCH: i64 = 500;
/// Children that are looked at in one transaction.
const RANGE: i64 = 2_000;
/// How many days a deleted record is known by its digest. Sent again after that, it is taken, and expires again.
const KNOWN_DAYS: u64 = 1_100;

// In each, $1 is the day that retention reaches back to. `is_held` adds the condition of a legal hold; there, $2 is
// today.
const RECORDS: &str = "
    FROM record r WHERE r.dataset = 'DATASET' AND r.retain_from < $1
        AND NOT EXISTS (SELECT 1 FROM record o WHERE o.dataset = r.dataset AND o.child_id = r.child_id AND o.is_open
            AND o.flow <> 'not-flowed' AND o.id <> r.id AND (o.pathways & r.pathways) <> 0)";
const ADVICE: &str = "FROM advice_request r WHERE r.sealed_advice IS NOT NULL AND r.submitted_at < $1";
const REQUESTS: &str = "FROM advice_request r WHERE r.sealed_advice IS NULL AND r.status = 'submitted' AND r.submitted_at < $1";

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    organisation: String,
    #[diesel(sql_type = BigInt)]
    expired: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
}

#[derive(QueryableByName)]
struct RecordKey {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct RequestKey {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Where the rows of a class are: the end of a query, and the column that names their owner.
fn place(kept: RetentionClass) -> Option<(String, &'static str)> {
    match kept {
        RetentionClass::WaitingListStatus => Some((RECORDS.replace("DATASET", Dataset::WaitingList.as_str()), "organisation")),
        RetentionClass::EhcpStatus => Some((RECORDS.replace("DATASET", Dataset::Ehcp.as_str()), "organisation")),
        RetentionClass::HealthAdvice => Some((ADVICE.to_owned(), "addressed_to")),
        RetentionClass::AdviceRequest => Some((REQUESTS.to_owned(), "requested_by")),
        RetentionClass::SubmissionReports | RetentionClass::IdempotencyAnswers => None,
    }
}

fn is_held(owner: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM legal_hold h WHERE h.child_id = r.child_id AND h.organisation = r.{owner}
            AND h.released_at IS NULL AND (h.ends IS NULL OR h.ends >= $2))"
    )
}

/// Runs a statement whose first value is a day or, for advice and requests, the instant at which that day begins.
macro_rules! since {
    ($tx:expr, $kept:expr, $query:expr, $cutoff:expr, $today:expr $(, $owner:expr)?; $method:ident) => {
        if matches!($kept, RetentionClass::HealthAdvice | RetentionClass::AdviceRequest) {
            on!($tx, c => diesel::sql_query($query)
                .bind::<Timestamp, _>($cutoff.and_time(NaiveTime::MIN))
                .bind::<Date, _>($today)
                $(.bind::<Text, _>($owner))?
                .$method(*c))
        } else {
            on!($tx, c => diesel::sql_query($query).bind::<Date, _>($cutoff).bind::<Date, _>($today)$(.bind::<Text, _>($owner))?.$method(*c))
        }
    };
}

impl Tx<'_> {
    /// What is past its retention, by organisation and class, and how much of that a legal hold keeps.
    pub fn past_retention(&mut self, periods: &RetentionPeriods, today: NaiveDate) -> Result<Vec<RetentionLine>, StoreError> {
        let mut lines = Vec::new();
        for kept in RetentionClass::ALL {
            let Some((place, owner)) = place(*kept) else { continue };
            let cutoff = periods.cutoff(*kept, today);
            let query = format!(
                "SELECT q.organisation, CAST(SUM(CASE WHEN q.holds > 0 THEN 0 ELSE 1 END) AS BIGINT) AS expired,
                    CAST(SUM(CASE WHEN q.holds > 0 THEN 1 ELSE 0 END) AS BIGINT) AS held
                 FROM (WITH r AS (SELECT r.{owner} AS {owner}, r.child_id {place})
                    SELECT r.{owner} AS organisation, CASE WHEN {held} THEN 1 ELSE 0 END AS holds FROM r) q
                 GROUP BY q.organisation ORDER BY q.organisation",
                held = is_held(owner)
            );
            let rows: Vec<Counted> = since!(self, kept, &query, cutoff, today; load)?;
            for Counted { organisation, expired, held } in rows {
                let natural = |number: i64| u64::try_from(number).unwrap_or(0);
                let organisation = Some(read(&organisation, "whose rows are past their retention")?);
                lines.push(RetentionLine { organisation, kept: *kept, expired: natural(expired), held: natural(held) });
            }
        }
        Ok(lines)
    }

    /// Deletes a batch of what is past its retention, and writes an audit entry. Answers how many rows: none while the
    /// organisation is publishing.
    pub fn expire(
        &mut self,
        permit: &Permit,
        kept: RetentionClass,
        (cutoff, today): (NaiveDate, NaiveDate),
        by: &Attribution,
    ) -> Result<u64, StoreError> {
        let data = kept.data().ok_or(StoreError::WrongPermit)?;
        let organisation = Terms::of(Act::Erase, data).own().of_nobody(permit)?.holder;
        if !self.try_hold_publications(organisation)? {
            return Ok(0);
        }
        let Some((place, owner)) = place(kept) else { return Ok(0) };
        let query = format!("SELECT r.id {place} AND NOT {held} AND r.{owner} = $3 LIMIT {BATCH}", held = is_held(owner));
        let removed = if matches!(kept, RetentionClass::WaitingListStatus | RetentionClass::EhcpStatus) {
            let keys: Vec<RecordKey> = since!(self, kept, &query, cutoff, today, organisation.as_str(); load)?;
            self.expire_records(organisation, &keys.into_iter().map(|key| key.id).collect::<Vec<_>>(), cutoff, today)?
        } else {
            let keys: Vec<RequestKey> = since!(self, kept, &query, cutoff, today, organisation.as_str(); load)?;
            let mut removed = 0;
            for key in keys {
                let id: AdviceRequestId = read(&key.id, "an advice request's id")?;
                removed += if kept == RetentionClass::HealthAdvice { self.blank_advice(id)? } else { self.blank_advice_request(id)? };
            }
            removed
        };
        if removed > 0 {
            let actor = Actor { id: "gateway".into(), role: "system".into(), reason: format!("past retention: {removed}") };
            self.log_permitted(permit, &Attribution { actor: Some(actor), ..by.clone() })?;
        }
        Ok(removed)
    }

    fn expire_records(
        &mut self,
        organisation: OrganisationCode,
        ids: &[i64],
        cutoff: NaiveDate,
        today: NaiveDate,
    ) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        // Checked again: a row may have changed in the meantime.
        let past = record::id.eq_any(ids).and(record::retain_from.lt(cutoff));
        let gone: Vec<(Vec<u8>, bool, String)> = on!(self, c => diesel::delete(record::table.filter(past))
            .returning((record::digest, record::is_open, record::flow))
            .get_results(*c))?;
        // A record that was open and no longer flowed may come back, so its digest is not kept.
        let known: Vec<_> = gone
            .iter()
            .filter(|(_, is_open, flow)| !*is_open || flow != ReferralFlow::NotFlowed.as_str())
            .map(|(digest, ..)| {
                let organisation = expired_record::organisation.eq(organisation.as_str());
                (organisation, expired_record::digest.eq(digest), expired_record::expired_on.eq(today))
            })
            .collect();
        on!(self, c => diesel::insert_into(expired_record::table).values(&known).on_conflict_do_nothing().execute(*c))?;
        Ok(gone.len() as u64)
    }

    /// Removes a batch of the reports of submissions that were received before an instant.
    pub fn expire_reports(&mut self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let old: Vec<String> = on!(self, c => submission::table
            .filter(submission::received_at.lt(before.naive_utc()))
            .limit(BATCH / 10)
            .select(submission::id)
            .load(*c))?;
        on!(self, c => diesel::delete(issue::table.filter(issue::submission_id.eq_any(&old))).execute(*c))?;
        on!(self, c => diesel::delete(standing_issue::table.filter(standing_issue::submission_id.eq_any(&old))).execute(*c))?;
        Ok(on!(self, c => diesel::delete(submission::table.filter(submission::id.eq_any(&old))).execute(*c))? as u64)
    }

    /// How many reports were received before an instant.
    pub fn old_reports(&mut self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let old = submission::table.filter(submission::received_at.lt(before.naive_utc()));
        let number: i64 = on!(self, c => old.count().get_result(*c))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }

    /// Forgets the digests of what expired long ago.
    pub fn forget_expired(&mut self, today: NaiveDate) -> Result<(), StoreError> {
        let before = today.checked_sub_days(chrono::Days::new(KNOWN_DAYS)).unwrap_or(NaiveDate::MIN);
        on!(self, c => diesel::delete(expired_record::table.filter(expired_record::expired_on.lt(before))).execute(*c))?;
        Ok(())
    }

    /// Those children after an id about whom nothing is held, and the id to go on after: `None` at the end.
    pub fn orphans(&mut self, after: i64) -> Result<(Vec<i64>, Option<i64>), StoreError> {
        let range: Vec<i64> = on!(self, c => child_identifier::table.filter(child_identifier::id.gt(after)).order(child_identifier::id).limit(RANGE).select(child_identifier::id).load(*c))?;
        let (Some(first), Some(last)) = (range.first(), range.last()) else { return Ok((Vec::new(), None)) };
        let query = format!("SELECT c.id FROM child_identifier c WHERE c.id BETWEEN $1 AND $2 AND {NOTHING_HELD}");
        let found: Vec<RecordKey> = on!(self, c => diesel::sql_query(&query).bind::<BigInt, _>(first).bind::<BigInt, _>(last).load(*c))?;
        Ok((found.into_iter().map(|key| key.id).collect(), Some(*last)))
    }

    /// Deletes the identities of children about whom nothing is held. Their ids in the audit log then lead to nobody.
    pub fn forget_children(&mut self, orphans: &[i64]) -> Result<(), StoreError> {
        if !self.try_hold_children()? {
            return Ok(());
        }
        let query = format!("SELECT c.id FROM child_identifier c WHERE c.id = $1 AND {NOTHING_HELD}");
        for id in orphans {
            let still: Option<RecordKey> = on!(self, c => diesel::sql_query(&query).bind::<BigInt, _>(id).get_result(*c).optional())?;
            if still.is_some() {
                self.forget_matches(ChildId(*id))?;
                on!(self, c => diesel::delete(child_identifier::table.find(id)).execute(*c))?;
            }
        }
        Ok(())
    }
}

const NOTHING_HELD: &str = "
    NOT EXISTS (SELECT 1 FROM record r WHERE r.dataset IN ('waiting-list', 'ehcp') AND r.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM consent x WHERE x.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM restriction x WHERE x.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM caldicott_override x WHERE x.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM advice_request x WHERE x.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM legal_hold x WHERE x.child_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM child_match x WHERE x.first_id = c.id AND x.ended_at IS NULL AND x.source = 'crosswalk')
    AND NOT EXISTS (SELECT 1 FROM child_match x WHERE x.second_id = c.id AND x.ended_at IS NULL AND x.source IN ('crosswalk', 'merge'))
    AND NOT EXISTS (SELECT 1 FROM child_match x JOIN advice_request a ON a.id = x.cause WHERE x.first_id = c.id AND x.ended_at IS NULL)";

#[cfg(test)]
mod tests {
    use diesel::SqliteConnection;
    use diesel::sql_types::Text;
    use diesel_migrations::MigrationHarness;

    use super::*;

    /// Tables whose rows keep no child known: what was done, whose ids are to lead to nobody once the child is forgotten.
    const KEEP_NOBODY: [&str; 4] = ["audit_leaf", "dispute", "erasure", "rectification"];

    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        name: String,
    }

    #[test]
    fn whatever_refers_to_a_child_keeps_it_from_being_forgotten() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(crate::migrations::Migrations).unwrap();
        let tables = "SELECT DISTINCT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name IN ('child_id', 'first_id', 'second_id') ORDER BY m.name";
        let tables: Vec<Named> = diesel::sql_query(tables).load(&mut connection).unwrap();
        assert!(tables.len() > 6);
        for table in tables.iter().filter(|table| !KEEP_NOBODY.contains(&table.name.as_str())) {
            assert!(NOTHING_HELD.contains(&format!("FROM {} ", table.name)), "{}: add its line to NOTHING_HELD", table.name);
        }
    }
}
