//! Merges of two identities within a submission, in the order of its rows.
//!
//! Records held under a retired identity, and earlier rows that name it, go to the surviving one. A later row that
//! still names the retired one is taken for the survivor, with a warning. A merge that makes no sense changes nothing,
//! with a warning.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use domain::operations::Operation;
use domain::{
    Act, Ask, Attribution, CallContext, ChildId, ChildIdentifier, ChildReference, DataClass, Dataset, IdentifierMerge, IssueCode, Refusal,
    Severity, Submission,
};

use super::{BATCH, Identity, Staging, staged, staged_issue, staged_merge};
use crate::StoreError;
use crate::permitted::judge;
use crate::records::record_row;
use crate::rows::{from_json, to_json_bytes};
use crate::tombstones::Mark;
use crate::transactions::{Tx, on};
use crate::vault::{Column, LookUp, Vault};

/// The position of a row's issue about a merge: after its own, those of what may not come back, and `open-twice`.
const MERGED: i32 = 1_004;

/// The context in which what a submission says of identities is decided and audited: it is an act of the submission's
/// organisation, and of no person.
pub(super) fn acting_within(call: &CallContext, submission: &Submission, operation: Operation) -> CallContext {
    let by =
        Attribution { organisation: submission.organisation, actor: None, operation, resource: Some(submission.id.0), ..call.by.clone() };
    CallContext { by, ..call.clone() }
}

/// An organisation may merge what it sent about a child, unless a legal hold keeps its records as they are.
fn merge_of(submission: &Submission, child: ChildId) -> Ask {
    Ask::own(Act::Rectify, submission.organisation, DataClass::WaitingListStatus).about(submission.id.0).of(child)
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = staged_merge, treat_none_as_default_value = false)]
pub(super) struct StagedMerge {
    row_number: i64,
    position: i32,
    look_up: Vec<u8>,
    sealed_reference: Vec<u8>,
    survivor_look_up: Vec<u8>,
    sealed_survivor: Vec<u8>,
}

impl StagedMerge {
    fn seal(
        vault: &Vault,
        (row_number, position): (i64, i32),
        retired: &ChildReference,
        survivor: &ChildReference,
    ) -> Result<Self, StoreError> {
        let seal = |reference: &ChildReference| {
            let look_up = vault.look_up(reference);
            let sealed = vault.seal(Column::ChildReference, &look_up, &to_json_bytes(reference)?)?;
            Ok::<_, StoreError>((look_up.to_vec(), sealed))
        };
        let ((look_up, sealed_reference), (survivor_look_up, sealed_survivor)) = (seal(retired)?, seal(survivor)?);
        Ok(Self { row_number, position, look_up, sealed_reference, survivor_look_up, sealed_survivor })
    }

    /// The retired identity and its survivor.
    fn open(&self, vault: &Vault) -> Result<(ChildReference, ChildReference), StoreError> {
        let open = |look_up: &[u8], sealed: &[u8]| from_json(&vault.open(Column::ChildReference, look_up, sealed)?, "a child's reference");
        Ok((open(&self.look_up, &self.sealed_reference)?, open(&self.survivor_look_up, &self.sealed_survivor)?))
    }
}

impl Staging {
    /// Takes a merge. The message has one date of birth, which counts for all identities in it.
    pub(super) fn merge(&mut self, row: i64, survivor: &ChildReference, merge: &IdentifierMerge) -> Result<(), StoreError> {
        for (position, identifier) in (0_i32..).zip(&merge.retired) {
            let retired = ChildReference { identifier: identifier.clone(), date_of_birth: survivor.date_of_birth };
            self.merges.push(StagedMerge::seal(&self.vault, (row, position), &retired, survivor)?);
            if self.merges.len() >= BATCH {
                self.write_merges()?;
            }
        }
        Ok(())
    }

    pub(super) fn write_merges(&mut self) -> Result<(), StoreError> {
        let merges = std::mem::take(&mut self.merges);
        let mut tx = self.tx()?;
        for chunk in merges.chunks(BATCH) {
            on!(tx, c => diesel::insert_into(staged_merge::table).values(chunk).execute(*c))?;
        }
        Ok(())
    }

    /// Re-seals the merges under the keys in force. See [`Staging::renew`].
    pub(super) fn renew_merges(&mut self, before: &Vault) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let vault = Arc::clone(&self.vault);
            let mut tx = self.tx()?;
            let merges = tx.staged_merges(after)?;
            let Some(last) = merges.last() else { return Ok(()) };
            after = Some((last.row_number, last.position));
            for merge in &merges {
                let (retired, survivor) = merge.open(before)?;
                let place = (merge.row_number, merge.position);
                let renewed = StagedMerge::seal(&vault, place, &retired, &survivor)?;
                on!(tx, c => diesel::delete(staged_merge::table.find(place)).execute(*c))?;
                on!(tx, c => diesel::insert_into(staged_merge::table).values(&renewed).execute(*c))?;
            }
        }
    }
}

/// The retired identities, each with the one that replaced it and the row that said so: 0 for an earlier submission.
#[derive(Default)]
struct Retired(HashMap<LookUp, (ChildReference, i64)>);

impl Retired {
    fn retire(&mut self, vault: &Vault, from: &ChildReference, to: &ChildReference, row: i64) {
        for look_up in vault.look_ups(from) {
            self.0.insert(look_up, (to.clone(), row));
        }
    }

    fn get(&self, vault: &Vault, reference: &ChildReference) -> Option<&(ChildReference, i64)> {
        vault.look_ups(reference).iter().find_map(|look_up| self.0.get(look_up))
    }

    /// The identity that replaced another, directly or through others; the same one where it is not retired.
    fn survivor(&self, vault: &Vault, reference: &ChildReference) -> ChildReference {
        let mut found = reference;
        // A circle is never made, but a restored database cannot be trusted on that.
        for _ in 0..self.0.len() {
            let Some((next, _)) = self.get(vault, found) else { break };
            found = next;
        }
        found.clone()
    }
}

/// What the merges of a submission will do.
#[derive(Default)]
pub(super) struct Plan {
    /// Each retired identity and its survivor, in the order of the rows.
    moves: Vec<(ChildReference, ChildReference)>,
    refusals: Vec<Refusal>,
    /// Rows that merged something.
    pub(super) merged: u64,
    /// Rows that changed nothing.
    pub(super) idle: u64,
    pub(super) rejected: u64,
    pub(super) issues: u64,
    /// Staged rows that were taken for another identity.
    pub(super) repointed: u64,
}

/// What happens to one retired identity of one row.
enum Fate {
    Moves,
    /// An earlier merge already said so.
    Already,
    Warned(IssueCode),
    /// Nothing may be sent about the survivor.
    Rejected,
}

/// The state while one submission's merges are worked through.
struct Course {
    retired: Retired,
    /// Children about whom nothing may be sent.
    barred: HashSet<LookUp>,
    /// Identities that gained records by an earlier merge.
    gained: HashSet<LookUp>,
    plan: Plan,
}

impl Tx<'_> {
    /// Works out what each merge will do, and moves staged rows to the surviving identities. Nothing that others see is
    /// changed yet.
    pub(super) fn plan_merges(&mut self, submission: &Submission, cx: &CallContext) -> Result<Plan, StoreError> {
        let mut course = Course { retired: Retired::default(), barred: HashSet::new(), gained: HashSet::new(), plan: Plan::default() };
        if submission.dataset != Dataset::WaitingList {
            return Ok(course.plan);
        }
        for mark in self.marks(submission.organisation, submission.dataset)? {
            match mark {
                Mark::Merged { from, to } => course.retired.retire(self.vault, &from, &to, 0),
                Mark::Child { child, .. } => course.barred.extend(self.vault.look_ups(&child)),
                _ => {}
            }
        }
        let (mut after, mut row) = (None, None);
        loop {
            let merges = self.staged_merges(after)?;
            let Some(last) = merges.last() else { break };
            after = Some((last.row_number, last.position));
            for merge in &merges {
                let fate = self.fate_of(submission, cx, merge, &mut course)?;
                // A row may retire several identities. It counts once, by its strongest result.
                let rank = match fate {
                    Fate::Rejected => 2_u8,
                    Fate::Moves => 1,
                    Fate::Already | Fate::Warned(_) => 0,
                };
                row = match row {
                    Some((number, before)) if number == merge.row_number => Some((number, rank.max(before))),
                    before => {
                        course.plan.count(before);
                        Some((merge.row_number, rank))
                    }
                };
                match fate {
                    Fate::Warned(code) => self.note_merge(merge.row_number, merge.position, code, &mut course.plan)?,
                    Fate::Rejected => self.note_merge(merge.row_number, merge.position, IssueCode::Erased, &mut course.plan)?,
                    Fate::Moves | Fate::Already => {}
                }
            }
        }
        course.plan.count(row);
        self.repoint(submission, &course.retired, &mut course.plan)?;
        Ok(course.plan)
    }

    fn fate_of(&mut self, submission: &Submission, cx: &CallContext, merge: &StagedMerge, course: &mut Course) -> Result<Fate, StoreError> {
        let (from, named) = merge.open(self.vault)?;
        let to = course.retired.survivor(self.vault, &named);
        if self.vault.look_ups(&to).iter().any(|look_up| course.barred.contains(look_up)) {
            return Ok(Fate::Rejected);
        }
        // With another provider, the same local number belongs to another child.
        let is_own = match &from.identifier {
            ChildIdentifier::LocalPatient { provider, .. } => *provider == submission.organisation,
            _ => true,
        };
        if from == named || !is_own {
            return Ok(Fate::Warned(IssueCode::MergeUnknown));
        }
        if course.retired.get(self.vault, &from).is_some() {
            let is_the_same = course.retired.survivor(self.vault, &from) == to;
            return Ok(if is_the_same { Fate::Already } else { Fate::Warned(IssueCode::MergeUnknown) });
        }
        if from == to {
            return Ok(Fate::Warned(IssueCode::MergeContrary));
        }
        let held = self.child_for_erasure(&from)?;
        if !self.has_records_of(submission, held, &from, merge.row_number, course)? {
            return Ok(Fate::Warned(IssueCode::MergeUnknown));
        }
        for child in [held, self.child_for_erasure(&to)?].into_iter().flatten() {
            let facts = self.holds_on(child, submission.organisation)?;
            if let Err(refusal) = judge(merge_of(submission, child), cx, &facts) {
                course.plan.refusals.push(refusal);
                return Ok(Fate::Warned(IssueCode::MergeHeld));
            }
        }
        course.retired.retire(self.vault, &from, &to, merge.row_number);
        course.gained.extend(self.vault.look_ups(&to));
        course.plan.moves.push((from, to));
        Ok(Fate::Moves)
    }

    /// Whether the organisation has anything about an identity: held, in an earlier row, or by an earlier merge.
    fn has_records_of(
        &mut self,
        submission: &Submission,
        held: Option<ChildId>,
        reference: &ChildReference,
        row: i64,
        course: &Course,
    ) -> Result<bool, StoreError> {
        let look_ups = self.vault.look_ups(reference);
        if look_ups.iter().any(|look_up| course.gained.contains(look_up)) {
            return Ok(true);
        }
        if let Some(child) = held
            && !self.held_referrals(submission.organisation, child)?.is_empty()
        {
            return Ok(true);
        }
        let earlier = staged::table
            .filter(staged::look_up.eq_any(look_ups.map(|look_up| look_up.to_vec())).and(staged::row_number.lt(row)))
            .select(staged::row_number);
        let earlier: Option<i64> = on!(self, c => earlier.first(*c).optional())?;
        Ok(earlier.is_some())
    }

    /// Moves the staged rows that name a retired identity to its survivor.
    fn repoint(&mut self, submission: &Submission, retired: &Retired, plan: &mut Plan) -> Result<(), StoreError> {
        let look_ups: Vec<&[u8]> = retired.0.keys().map(LookUp::as_slice).collect();
        for look_ups in look_ups.chunks(BATCH) {
            let hits: Vec<(i64, String, Vec<u8>, Vec<u8>)> = on!(self, c => staged::table
                .filter(staged::look_up.eq_any(look_ups))
                .select((staged::row_number, staged::record_key, staged::look_up, staged::sealed_record))
                .load(*c))?;
            for (row, key, look_up, sealed) in hits {
                let Some((next, since)) = LookUp::try_from(look_up.as_slice()).ok().and_then(|key| retired.0.get(&key)) else { continue };
                let plain = self.vault.open(Column::Record, &record_row(submission.organisation.as_str(), &key), &sealed)?;
                let identity = Identity::of(self.vault, &retired.survivor(self.vault, next), &plain)?;
                on!(self, c => diesel::update(staged::table.filter(staged::row_number.eq(row))).set(&identity).execute(*c))?;
                if row > *since {
                    self.note(row, MERGED, Some(&key), IssueCode::ChildMerged)?;
                    plan.issues += 1;
                }
                plan.repointed += 1;
            }
        }
        Ok(())
    }

    /// Makes the planned merges, with an audit entry for each of the two children.
    pub(super) fn make_merges(&mut self, submission: &Submission, plan: &Plan, cx: &CallContext) -> Result<(), StoreError> {
        let (organisation, at) = (submission.organisation, submission.received_at);
        for refusal in &plan.refusals {
            self.log_refused(refusal, &cx.by, at)?;
        }
        let mut marks = Vec::with_capacity(plan.moves.len());
        for (from, to) in &plan.moves {
            let (retired, survivor) = (self.child_for_decision(from)?, self.child_for_decision(to)?);
            for child in [retired, survivor] {
                let facts = self.holds_on(child, organisation)?;
                let permit = judge(merge_of(submission, child), cx, &facts);
                let permit = permit.map_err(|_| StoreError::Corrupt("a merge that was permitted"))?;
                self.log_permitted(&permit, &cx.by)?;
            }
            self.merge_referrals(submission.id.0, organisation, retired, (survivor, to), at)?;
            marks.push(Mark::Merged { from: from.clone(), to: to.clone() });
        }
        if marks.is_empty() { Ok(()) } else { self.mark(submission.id.0, organisation, &marks, at) }
    }

    /// A batch of the staged merges, in the order of the rows.
    fn staged_merges(&mut self, after: Option<(i64, i32)>) -> Result<Vec<StagedMerge>, StoreError> {
        let (row, position) = after.unwrap_or((i64::MIN, i32::MIN));
        let later = staged_merge::row_number.gt(row).or(staged_merge::row_number.eq(row).and(staged_merge::position.gt(position)));
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let page = staged_merge::table.filter(later).order((staged_merge::row_number, staged_merge::position)).limit(limit);
        Ok(on!(self, c => page.select(StagedMerge::as_select()).load(*c))?)
    }

    fn note_merge(&mut self, row: i64, position: i32, code: IssueCode, plan: &mut Plan) -> Result<(), StoreError> {
        plan.issues += 1;
        self.note(row, MERGED.saturating_add(position), None, code)
    }

    fn note(&mut self, row: i64, position: i32, key: Option<&str>, code: IssueCode) -> Result<(), StoreError> {
        let issue = (
            staged_issue::row_number.eq(row),
            staged_issue::position.eq(position),
            staged_issue::record_key.eq(key),
            staged_issue::field.eq("nhs_number"),
            staged_issue::code.eq(code.as_str()),
            staged_issue::is_error.eq(code.severity() == Severity::Error),
        );
        on!(self, c => diesel::insert_into(staged_issue::table).values(issue).execute(*c))?;
        Ok(())
    }
}

impl Plan {
    fn count(&mut self, row: Option<(i64, u8)>) {
        match row {
            None => {}
            Some((_, 0)) => self.idle += 1,
            Some((_, 1)) => self.merged += 1,
            Some(_) => self.rejected += 1,
        }
    }
}
