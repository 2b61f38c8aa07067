//! Rows that may not come back: what was erased, moved to another child, or is past its retention. They are rejected,
//! and only their sender is told.

use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::{IssueCode, Submission};

use super::{staged, staged_issue, staged_rejected};
use crate::StoreError;
use crate::schema::expired_record;
use crate::tombstones::{Mark, case_indexes};
use crate::transactions::{Tx, on};
use crate::vault::LookUp;

/// Keys that are named in one statement.
const BATCH: usize = 500;
/// Positions after a row's own issues; 1000 is for a row that repeats another.
const MARKED: i32 = 1_001;
const EXPIRED: i32 = 1_002;

/// A row, by its number, its key and its child.
type Hit = (i64, String, Vec<u8>);

impl Tx<'_> {
    /// Rejects the staged rows that may not come back, and answers how many. From here until the transaction ends, the
    /// organisation can make no erasure.
    pub(super) fn reject_marked(&mut self, submission: &Submission) -> Result<u64, StoreError> {
        self.hold_erasures(submission.organisation)?;
        self.hold_children()?;
        let rejected = self.reject_tombstoned(submission)?;
        Ok(rejected + self.reject_expired(submission)?)
    }

    fn reject_tombstoned(&mut self, submission: &Submission) -> Result<u64, StoreError> {
        let marks = self.marks(submission.organisation, submission.dataset)?;
        // Rows were staged under the key in force or, a moment ago, under the one before it.
        let (mut keys, mut cases, mut children): (Vec<&String>, Vec<LookUp>, Vec<LookUp>) = Default::default();
        let mut moved: Vec<(&String, [LookUp; 2])> = Vec::new();
        for mark in &marks {
            match mark {
                Mark::Referral { id } => keys.push(id),
                Mark::Case { child, received_on } => cases.extend(case_indexes(self.vault, child, *received_on)?),
                Mark::Child { child, .. } => children.extend(self.vault.look_ups(child)),
                Mark::Moved { id, from, .. } => moved.push((id, self.vault.look_ups(from))),
                Mark::Merged { .. } | Mark::AdviceRequest { .. } | Mark::Advice { .. } | Mark::Decision { .. } => {}
            }
        }
        let field = submission.dataset.key_field();
        let mut rejected = 0;
        for keys in keys.chunks(BATCH) {
            let hits: Vec<Hit> = on!(self, c => staged::table
                .filter(staged::record_key.eq_any(keys.iter().copied()))
                .select((staged::row_number, staged::record_key, staged::look_up))
                .load(*c))?;
            rejected += self.reject(&hits, field, IssueCode::Erased)?;
        }
        for cases in cases.chunks(BATCH) {
            let hits: Vec<Hit> = on!(self, c => staged::table
                .filter(staged::case_index.eq_any(cases.iter().map(LookUp::as_slice)))
                .select((staged::row_number, staged::record_key, staged::look_up))
                .load(*c))?;
            rejected += self.reject(&hits, field, IssueCode::Erased)?;
        }
        for children in children.chunks(BATCH) {
            let hits: Vec<Hit> = on!(self, c => staged::table
                .filter(staged::look_up.eq_any(children.iter().map(LookUp::as_slice)))
                .select((staged::row_number, staged::record_key, staged::look_up))
                .load(*c))?;
            rejected += self.reject(&hits, field, IssueCode::Erased)?;
        }
        for moved in moved.chunks(BATCH) {
            let hits: Vec<Hit> = on!(self, c => staged::table
                .filter(staged::record_key.eq_any(moved.iter().map(|(id, _)| *id)))
                .select((staged::row_number, staged::record_key, staged::look_up))
                .load(*c))?;
            let hits: Vec<Hit> = hits
                .into_iter()
                .filter(|(_, key, look_up)| {
                    moved.iter().any(|(id, former)| *id == key && former.iter().any(|index| index.as_slice() == look_up))
                })
                .collect();
            rejected += self.reject(&hits, "nhs_number", IssueCode::IdentityCorrected)?;
        }
        Ok(rejected)
    }

    fn reject(&mut self, hits: &[Hit], field: &'static str, code: IssueCode) -> Result<u64, StoreError> {
        for hits in hits.chunks(BATCH) {
            let numbers: Vec<i64> = hits.iter().map(|(row, ..)| *row).collect();
            let issues: Vec<_> = hits
                .iter()
                .map(|(row, key, _)| {
                    (
                        staged_issue::row_number.eq(*row),
                        staged_issue::position.eq(MARKED),
                        staged_issue::record_key.eq(key),
                        staged_issue::field.eq(field),
                        staged_issue::code.eq(code.as_str()),
                        staged_issue::is_error.eq(true),
                    )
                })
                .collect();
            // The list did name this row, so the record held under its id does not count as missing from the list.
            let rejected: Vec<_> = hits.iter().map(|(_, key, _)| staged_rejected::record_key.eq(key)).collect();
            on!(self, c => diesel::insert_into(staged_issue::table).values(&issues).execute(*c))?;
            on!(self, c => diesel::insert_into(staged_rejected::table).values(&rejected).execute(*c))?;
            on!(self, c => diesel::delete(staged::table.filter(staged::row_number.eq_any(&numbers))).execute(*c))?;
        }
        Ok(hits.len() as u64)
    }

    fn reject_expired(&mut self, submission: &Submission) -> Result<u64, StoreError> {
        let own = expired_record::table.filter(expired_record::organisation.eq(submission.organisation.as_str()));
        let any: Option<String> = on!(self, c => own.select(expired_record::organisation).first(*c).optional())?;
        if any.is_none() {
            return Ok(0);
        }
        let rejected = on!(self, c => diesel::sql_query(REJECT_EXPIRED)
            .bind::<Text, _>(submission.dataset.as_str())
            .bind::<Text, _>(submission.organisation.as_str())
            .execute(*c))?;
        if rejected > 0 {
            let gone = staged_issue::table.filter(staged_issue::position.eq(EXPIRED)).select(staged_issue::row_number);
            on!(self, c => diesel::delete(staged::table.filter(staged::row_number.eq_any(gone))).execute(*c))?;
        }
        Ok(rejected as u64)
    }
}

/// Rejects expired rows, unless the record is still held, or its child waits again on one of its pathways: then it may
/// be a journey's start.
const REJECT_EXPIRED: &str = "
    INSERT INTO staged_issue (row_number, position, record_key, field, code, is_error)
    SELECT s.row_number, 1002, s.record_key, 'status', 'past-retention', TRUE
    FROM (SELECT $1 AS dataset, $2 AS organisation) scope CROSS JOIN staged s
    JOIN expired_record e ON e.organisation = scope.organisation AND e.digest IN (s.digest, s.other_digest)
    WHERE NOT EXISTS (SELECT 1 FROM record r
            WHERE r.dataset = scope.dataset AND r.organisation = scope.organisation AND r.record_key = s.record_key)
        AND NOT EXISTS (SELECT 1 FROM child_identifier c JOIN record o ON o.dataset = scope.dataset AND o.child_id = c.id
            WHERE c.look_up IN (s.look_up, s.other_look_up) AND o.is_open AND o.flow <> 'not-flowed' AND (o.pathways & s.pathways) <> 0)";
