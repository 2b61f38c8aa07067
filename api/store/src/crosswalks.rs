//! A council's crosswalk: its matches are replaced whole, at one instant.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use diesel::prelude::*;
use domain::{
    Act, Attribution, ChildId, ChildReference, Crosswalk, CrosswalkRow, DataClass, Dataset, Issue, IssueCode, IssueCount, Match, MatchId,
    MatchSource, MatchStatus, OrganisationCode, Permit, Refusal, RefusalReason, Severity, Stated, Submission, SubmissionCounts, restate,
};

use crate::StoreError;
use crate::children::BATCH;
use crate::matches::MatchRow;
use crate::schema::{child_match, issue, list};
use crate::staging::Published;
use crate::submissions::ListedIssue;
use crate::terms::Terms;
use crate::tombstones::Mark;
use crate::transactions::{Tx, on};

/// A crosswalk, and when it is refused whole.
#[derive(Debug)]
pub struct CrosswalkDelivery {
    /// The submission, with no counts yet.
    pub submission: Submission,
    pub crosswalk: Crosswalk,
    /// If more than this share of the rows is rejected, nothing is kept.
    pub rejected_percent: u8,
    /// A list that would end more than this share of the matches is not taken.
    pub shrink_percent: u8,
    pub confirm_shrink: bool,
}

/// The matches of a list by their identifiers, each with the number of the row that states it.
type StatedPairs = BTreeMap<(ChildId, ChildId), (u64, Stated)>;

impl Tx<'_> {
    /// Replaces what a council states about its children's identifiers by a new list, with one audit entry. What it answers
    /// follows from the list and from what the council itself stated, erased or moved before.
    pub fn replace_crosswalk(&mut self, permit: &Permit, delivery: &CrosswalkDelivery, by: &Attribution) -> Result<Published, StoreError> {
        let CrosswalkDelivery { submission, crosswalk, .. } = delivery;
        let council = submission.organisation;
        Terms::of(Act::Join, DataClass::ChildMatching).own().held_by(council).of_nobody(permit)?;
        self.hold_children()?;
        if let Some(last) = self.hold_list(submission, false)?.filter(|last| submission.is_older_than(*last)) {
            self.log_refused(&Refusal::of_record(permit, RefusalReason::OlderAsOf), by, permit.at())?;
            return Ok(Published::OlderAsOf { last });
        }
        let erased = self.erased_rows(council, &crosswalk.rows)?;
        let is_taken = |row: &&CrosswalkRow| !erased.contains(&row.number);
        let again = erased.iter().map(|row| Issue { row: *row, referral_id: None, field: "row", code: IssueCode::Erased });
        let mut issues: Vec<Issue> = crosswalk.issues.iter().cloned().chain(again).collect();
        let counts = SubmissionCounts {
            received: crosswalk.received,
            rejected: crosswalk.rejected() + erased.len() as u64,
            accepted: crosswalk.rows.len() as u64 - erased.len() as u64,
            ..SubmissionCounts::default()
        };
        let mut submission = Submission { counts, ..submission.clone() };
        if counts.rejects_too_many(delivery.rejected_percent) {
            return self.refuse_crosswalk(submission.refuse()?, issues);
        }
        let stated = self.stated_by(crosswalk.rows.iter().filter(is_taken))?;
        let doubted = self.known_among(crosswalk.refused.iter().flat_map(CrosswalkRow::references))?;
        // Whoever is named now or was before. What they are is read again behind their gates.
        let mut everybody: BTreeSet<ChildId> = stated.keys().flat_map(|(first, second)| [*first, *second]).collect();
        everybody.extend(self.crosswalk_of(council)?.iter().flat_map(|one| [one.first, one.second]));
        self.hold_many(everybody)?;
        let before = self.crosswalk_of(council)?;
        issues.extend(replaced(&before, &stated));
        let open = before.len() as u64;
        let as_of = submission.as_of.to_string();
        let listed: Vec<Stated> = stated.values().map(|(_, stated)| *stated).collect();
        let restated = restate(council, before, &listed, &doubted, permit.at(), |first, second| {
            let parts = [council.as_str().as_bytes(), as_of.as_bytes(), &first.0.to_be_bytes(), &second.0.to_be_bytes()];
            self.vault.derived_id(b"match\0", &parts).map(MatchId)
        })?;
        submission.counts = SubmissionCounts {
            opened: restated.opened,
            unchanged: restated.unchanged,
            not_flowed: restated.ended,
            stale: restated.kept,
            ..submission.counts
        };
        if !delivery.confirm_shrink && submission.counts.shrinks_too_much(open, delivery.shrink_percent) {
            return Ok(Published::Shrinks { open, dropped: restated.ended });
        }
        let changed: Vec<MatchRow> = restated.changed.iter().map(|one| MatchRow::of(one, Some(submission.id.0), permit.at())).collect();
        self.save_matches(&changed)?;
        let key = (submission.dataset.as_str(), council.as_str(), &submission.list);
        on!(self, c => diesel::update(list::table.find(key)).set(list::as_of.eq(submission.as_of)).execute(*c))?;
        let submission = submission.accept(issues.len() as u64)?;
        let submission = self.keep_crosswalk_report(submission, issues)?;
        self.log_permitted(permit, by)?;
        Ok(Published::Done(submission))
    }

    /// The matches that rows state, each with the first row that does. Their identifiers are known from now on.
    fn stated_by<'a>(&mut self, rows: impl Iterator<Item = &'a CrosswalkRow>) -> Result<StatedPairs, StoreError> {
        let pairs: Vec<(ChildReference, ChildReference, &CrosswalkRow)> =
            rows.flat_map(|row| row.pairs().map(move |(first, second)| (first, second, row))).collect();
        let known = self.make_known(pairs.iter().flat_map(|(first, second, _)| [first, second]))?;
        let id_of = |reference| known.get(reference).copied().ok_or(StoreError::Corrupt("an identifier just made known"));
        let mut stated = StatedPairs::new();
        for (first, second, row) in &pairs {
            let (first, second) = (id_of(first)?, id_of(second)?);
            stated.entry((first, second)).or_insert((row.number, Stated { first, second, standing: row.standing }));
        }
        Ok(stated)
    }

    /// Keeps the report of a list of which nothing else is kept.
    fn refuse_crosswalk(&mut self, submission: Submission, issues: Vec<Issue>) -> Result<Published, StoreError> {
        let listed = |(position, issue): (i32, &Issue)| ListedIssue {
            row: i64::try_from(issue.row).unwrap_or(i64::MAX),
            position,
            referral_id: None,
            field: issue.field.to_owned(),
            code: issue.code,
            state: None,
        };
        let errors = issues.iter().filter(|issue| issue.code.severity() == Severity::Error);
        let first = (0..).zip(errors).take(BATCH).map(listed).collect();
        Ok(Published::NotKept(self.keep_crosswalk_report(submission, issues)?, first))
    }

    fn keep_crosswalk_report(&mut self, submission: Submission, mut issues: Vec<Issue>) -> Result<Submission, StoreError> {
        let mut found: BTreeMap<IssueCode, u64> = BTreeMap::new();
        for issue in &issues {
            *found.entry(issue.code).or_default() += 1;
        }
        let issue_counts = found.into_iter().map(|(code, count)| IssueCount { code, count, new: 0, persisting: 0, fixed: 0 }).collect();
        let submission = Submission { issue_counts, ..submission };
        self.insert_submission(&submission)?;
        issues.sort_by_key(|issue| issue.row);
        let mut position = 0;
        let mut row = None;
        let rows: Vec<_> = issues
            .iter()
            .map(|found| {
                position = if row == Some(found.row) { position + 1 } else { 0 };
                row = Some(found.row);
                (
                    issue::submission_id.eq(submission.id.to_string()),
                    issue::row_number.eq(i64::try_from(found.row).unwrap_or(i64::MAX)),
                    issue::position.eq(position),
                    issue::field.eq(found.field),
                    issue::code.eq(found.code.as_str()),
                )
            })
            .collect();
        for rows in rows.chunks(BATCH) {
            on!(self, c => diesel::insert_into(issue::table).values(rows).execute(*c))?;
        }
        Ok(submission)
    }

    /// The rows that name a child about whom the council erased what it held: it is not to come back.
    fn erased_rows(&mut self, council: OrganisationCode, rows: &[CrosswalkRow]) -> Result<BTreeSet<u64>, StoreError> {
        let mut barred = HashSet::new();
        for mark in self.marks(council, Dataset::Ehcp)? {
            if let Mark::Child { child, .. } = mark {
                barred.insert(child);
            }
        }
        if barred.is_empty() {
            return Ok(BTreeSet::new());
        }
        let names_one = |row: &&CrosswalkRow| row.references().any(|reference| barred.contains(&reference));
        Ok(rows.iter().filter(names_one).map(|row| row.number).collect())
    }

    /// What a council's lists state and have not ended.
    fn crosswalk_of(&mut self, council: OrganisationCode) -> Result<Vec<Match>, StoreError> {
        let stated = child_match::table
            .filter(child_match::claimed_by.eq(council.as_str()).and(child_match::source.eq(MatchSource::Crosswalk.as_str())))
            .filter(child_match::status.ne(MatchStatus::Undone.as_str()));
        let rows: Vec<MatchRow> = on!(self, c => stated.select(MatchRow::as_select()).load(*c))?;
        rows.into_iter().map(Match::try_from).collect()
    }
}

/// The rows whose first identifier was stated with another before and is stated with a new one now.
fn replaced(before: &[Match], stated: &StatedPairs) -> Vec<Issue> {
    let held: BTreeSet<(ChildId, ChildId)> = before.iter().map(|one| (one.first, one.second)).collect();
    let ended: BTreeSet<ChildId> = held.iter().filter(|pair| !stated.contains_key(pair)).map(|(first, _)| *first).collect();
    let new = stated.iter().filter(|(pair, _)| ended.contains(&pair.0) && !held.contains(pair));
    new.map(|(_, (row, _))| Issue { row: *row, referral_id: None, field: "row", code: IssueCode::IdentifierReplaced }).collect()
}
